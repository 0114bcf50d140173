"""`evidence`, `checkpoint` and `key`: what the log proves to others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl.cli.commands import Group
from etl.cli.context import CliContext, pass_cli
from etl.cli.options import NUMBER, as_text, output_option
from etl.errors import UsageError

if TYPE_CHECKING:
    from etl.cli.results import CheckpointResult
    from etl.load.checkpoints import StoredCheckpoint


@click.command(short_help="Write or check the evidence file of one image.")
@click.argument("image_id", metavar="IMAGE_ID|check", callback=as_text)
@click.argument("file", metavar="FILE.zip", type=click.Path(dir_okay=False))
@click.option("--removal", "removal_run", type=NUMBER, metavar="RUN", help="One removal only.")
@click.option("--source", callback=as_text, metavar="NAME", help="Source of the image.")
@click.option(
    "--key", "verifier_key", callback=as_text, metavar="VERIFIER_KEY", help="With `check`."
)
@click.option(
    "--checkpoint",
    "checkpoint_file",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="With `check`: a checkpoint of the same size that was kept elsewhere.",
)
@pass_cli
def evidence(
    cli: CliContext,
    image_id: str,
    file: str,
    *,
    removal_run: int | None,
    source: str | None,
    verifier_key: str | None,
    checkpoint_file: str | None,
) -> int:
    """Write the evidence file of one image, or check an evidence file without a database.

    The ZIP file contains everything that the record says about the image, with proofs, a README in
    plain English and a checker that needs only Python. Exit code 1 of `evidence check`: the file
    does not verify.

    \b
    image-sync evidence 1c4f…e9 evidence.zip
    image-sync evidence 1c4f…e9 evidence.zip --removal 17
    image-sync evidence check evidence.zip --key VERIFIER_KEY
    """
    if image_id == "check":
        if removal_run is not None or source is not None:
            raise UsageError("`evidence check` takes only --key and --checkpoint")
        return _check_file(file, verifier_key or "", checkpoint_file)
    if verifier_key is not None or checkpoint_file is not None:
        raise UsageError("--key and --checkpoint are options of `evidence check`")
    _write_file(cli, image_id, Path(file), source=source or "", removal_run=removal_run)
    return 0


def _write_file(
    cli: CliContext, image_id: str, path: Path, *, source: str, removal_run: int | None
) -> None:
    from etl.atomic_file import written_whole
    from etl.audit.evidence import collect_evidence, to_zip
    from etl.publish import signer_of

    if path.suffix.lower() != ".zip":
        raise UsageError(f"{path}: the file name must end in .zip")
    proof = cli.proof_settings.proof
    with cli.reader() as connection:
        files = collect_evidence(
            connection,
            image_id,
            source=source,
            removal_run=removal_run,
            signer_of=lambda origin: signer_of(proof, proof.origin or origin),
        )
    data = to_zip(files)
    with written_whole(path) as opened:
        opened.write(data)
    if not cli.is_quiet:
        click.echo(f"{path}: {len(files)} files, {len(data):,} bytes")


def _check_file(name: str, verifier_key: str, checkpoint_file: str | None) -> int:
    from etl.cli.record import read_notes
    from etl.proof.check import Invalid, check, parse_checkpoint, read_files, report

    try:
        files = read_files(Path(name))
        proved, unproved = check(files, verifier_key)
        if checkpoint_file:
            ours = parse_checkpoint(files["checkpoint.txt"])
            theirs = [parse_checkpoint(note.encode()) for note in read_notes(checkpoint_file)]
            same = [each for each in theirs if each.size == ours.size]
            if not same:
                raise Invalid(f"{checkpoint_file} contains no checkpoint of {ours.size} entries")
            if any(each.text != ours.text for each in same):
                raise Invalid("the checkpoint that was kept elsewhere is another one")
            proved.append("the checkpoint is the one that was kept elsewhere")
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from None
    except Invalid as error:
        click.echo(f"INVALID: {error}")
        return 1
    click.echo(report(proved, unproved), nl=False)
    return 0


@click.command(short_help="Print the latest checkpoint of the log as a signed note.")
@output_option
@pass_cli
def checkpoint(cli: CliContext, *, output: str) -> None:
    """Print the latest checkpoint of the log as a signed note.

    Keep it outside the database: `verify --checkpoint FILE` then detects every later change of what
    it covers.

    \b
    image-sync checkpoint >> checkpoints.txt
    """
    from etl.cli.output import print_json
    from etl.load.checkpoints import read_checkpoints

    with cli.reader() as connection, connection.begin():
        latest = read_checkpoints(connection, limit=1)
    if not latest:
        raise UsageError("there is no checkpoint yet", hint="run `image-sync sync` first")
    if output == "json":
        print_json(_result(latest[0]))
    else:
        click.echo(latest[0].note, nl=False)


def _result(latest: StoredCheckpoint) -> CheckpointResult:
    from base64 import b64encode

    from etl.cli.results import CheckpointResult
    from etl.clock import instant_text

    return CheckpointResult(
        size=latest.size,
        root=latest.root,
        note=latest.note,
        created_at=instant_text(latest.created_at),
        timestamp_token=b64encode(latest.timestamp).decode() if latest.timestamp else None,
        cosignatures=[*latest.cosignatures],
    )


@click.group(cls=Group, short_help="Create and show the key that signs checkpoints.")
def key() -> None:
    """Create and show the key that signs checkpoints (Ed25519)."""


@key.command("init", short_help="Create a key and print its verifier key.")
@click.argument("file", type=click.Path())
@pass_cli
def key_init(cli: CliContext, file: str) -> None:
    """Create an Ed25519 key, readable by you alone, and print its verifier key.

    Set `proof.signing_key` to FILE, and give the verifier key to those who are to check. It
    contains the name of the log: set `proof.origin` first, or run `sync` once.

    \b
    image-sync key init log-key.pem
    """
    from etl.proof.checkpoint import make_key

    name, pem = _log_name(cli), make_key()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{file} exists", hint="keys are never overwritten") from None
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(pem)
    click.echo(_verifier_key(file, pem, name))


@key.command("show", short_help="Print the verifier key of a key.")
@click.argument("file", type=click.Path())
@pass_cli
def key_show(cli: CliContext, file: str) -> None:
    """Print the verifier key that belongs to a private key.

    \b
    image-sync key show log-key.pem
    """
    try:
        pem = Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    click.echo(_verifier_key(file, pem, _log_name(cli)))


def _verifier_key(file: str, pem: bytes, name: str) -> str:
    from etl.proof.checkpoint import read_key

    return read_key(pem, name, place=file).verifier_key


def _log_name(cli: CliContext) -> str:
    """Name of the log: configured, stored, or generated and stored now.

    The configuration may name the key that is about to be created, so `[proof]` is not checked.
    """
    from etl.database.engine import open_engine
    from etl.database.migrate import ensure_head
    from etl.load.log_entries import ensure_origin

    settings = cli.record_settings
    if settings.proof.origin:
        return settings.proof.origin
    with cli.engine(open_engine) as engine:
        ensure_head(engine, auto_upgrade=settings.database.auto_upgrade)
        with engine.connect() as connection:
            return ensure_origin(connection)
