"""`evidence`, `checkpoint` and `key`: what the log proves to others."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.main import Group
from etl.cli.options import NUMBER, gathered, output_option, require_text
from etl.errors import UsageError

if TYPE_CHECKING:
    from etl.cli.results import CheckpointResult
    from etl.load.log import StoredCheckpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOptions:
    """The options of `evidence`, and of `evidence check`."""

    removal_run: int | None
    source: str | None
    verifier_key: str | None
    checkpoint_file: str | None


_EVIDENCE_OPTIONS: Final = (
    click.option(
        "--removal", "removal_run", type=NUMBER, metavar="RUN", help="Only the removal by run RUN."
    ),
    click.option("--source", callback=require_text, metavar="NAME", help="Source of the image."),
    click.option(
        "--key",
        "verifier_key",
        callback=require_text,
        metavar="VERIFIER_KEY",
        help="With `check`: the verifier key of the log.",
    ),
    click.option(
        "--checkpoint",
        "checkpoint_file",
        type=click.Path(exists=True, dir_okay=False),
        metavar="FILE",
        help="With `check`: a checkpoint of the same size that was kept elsewhere.",
    ),
)


@click.command(short_help="Write or check the evidence file of one image.")
@click.argument("image_id", metavar="IMAGE_ID|check", callback=require_text)
@click.argument("file", metavar="FILE.zip", type=click.Path(dir_okay=False))
@gathered(EvidenceOptions, _EVIDENCE_OPTIONS)
@output_option
@pass_cli
def evidence(
    cli: CliContext, image_id: str, file: str, *, given: EvidenceOptions, output: str
) -> int:
    """Write the evidence file of one image, or check an evidence file without a database.

    The ZIP file contains everything that the record says about the image, with proofs, a README in
    plain English and a checker that needs only Python. `evidence check` exits
    with 1 if the file does not verify.

    \b
    image-sync evidence 1c4f…e9 evidence.zip
    image-sync evidence 1c4f…e9 evidence.zip --removal 17
    image-sync evidence check evidence.zip --key VERIFIER_KEY
    """
    if image_id == "check":
        if given.removal_run is not None or given.source is not None:
            raise UsageError("`evidence check` takes only --key and --checkpoint")
        return _check_file(file, given, output)
    if given.verifier_key is not None or given.checkpoint_file is not None:
        raise UsageError("--key and --checkpoint are options of `evidence check`")
    _write_file(cli, image_id, Path(file), given=given, output=output)
    return 0


def _write_file(
    cli: CliContext, image_id: str, path: Path, *, given: EvidenceOptions, output: str
) -> None:
    from etl.atomic_file import atomic_write
    from etl.audit.evidence import collect_evidence, to_zip
    from etl.cli.output import print_result
    from etl.cli.results import EvidenceFile
    from etl.publish import signer_of

    if path.suffix.lower() != ".zip":
        raise UsageError(f"{path}: the file name must end in .zip")
    proof = cli.proof_settings.proof
    with cli.reader() as connection:
        files = collect_evidence(
            connection,
            image_id,
            source=given.source or "",
            removal_run=given.removal_run,
            signer_of=lambda origin: signer_of(proof, proof.origin or origin),
        )
    data = to_zip(files)
    with atomic_write(path) as opened:
        opened.write(data)
    result = EvidenceFile(file=str(path), files=len(files), bytes=len(data))
    text = f"{path}: {len(files)} files, {len(data):,} bytes"
    print_result(cli, result, text, output=output)


def _check_file(name: str, given: EvidenceOptions, output: str) -> int:
    from etl.cli.output import print_json
    from etl.cli.results import EvidenceCheck
    from etl.proof.check import Invalid, check, read_files, report

    proved: list[str] = []
    unproved: list[str] = []
    problem = None
    try:
        files = read_files(Path(name))
        proved, unproved = check(files, given.verifier_key or "")
        if given.checkpoint_file:
            _require_same(files["checkpoint.txt"], given.checkpoint_file)
            proved.append("the checkpoint is the one that was kept elsewhere")
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}") from None
    except Invalid as error:
        proved, unproved, problem = [], [], str(error)
    if output == "json":
        is_valid = problem is None
        print_json(EvidenceCheck(valid=is_valid, proved=proved, unproved=unproved, problem=problem))
    else:
        click.echo(f"INVALID: {problem}\n" if problem else report(proved, unproved), nl=False)
    return 1 if problem else 0


def _require_same(note: bytes, checkpoint_file: str) -> None:
    """Raises `Invalid` unless the file contains the checkpoint, and no other of its size."""
    from etl.cli.maintain import read_notes
    from etl.proof.check import Invalid, parse_checkpoint

    ours = parse_checkpoint(note)
    theirs = [parse_checkpoint(each.encode()) for each in read_notes(checkpoint_file)]
    same = [each for each in theirs if each.size == ours.size]
    if not same:
        raise Invalid(f"{checkpoint_file} contains no checkpoint of {ours.size} entries")
    if any(each.text != ours.text for each in same):
        raise Invalid("the checkpoint that was kept elsewhere differs from the one in this file")


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
    from etl.load.log import read_checkpoints

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
@output_option
@pass_cli
def key_init(cli: CliContext, file: str, *, output: str) -> None:
    """Create an Ed25519 key, readable by you alone, and print its verifier key.

    Set `proof.signing_key` to FILE, and give the verifier key to everyone who will verify the
    record. It contains the name of the log: set `proof.origin` first, or run `sync` once.

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
    _print_key(file, pem, name, output)


@key.command("show", short_help="Print the verifier key of a key.")
@click.argument("file", type=click.Path())
@output_option
@pass_cli
def key_show(cli: CliContext, file: str, *, output: str) -> None:
    """Print the verifier key that belongs to a private key.

    \b
    image-sync key show log-key.pem
    """
    try:
        pem = Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    _print_key(file, pem, _log_name(cli), output)


def _print_key(file: str, pem: bytes, name: str, output: str) -> None:
    from etl.cli.output import print_json
    from etl.cli.results import VerifierKey
    from etl.proof.checkpoint import read_key

    verifier_key = read_key(pem, name, location=file).verifier_key
    if output == "json":
        print_json(VerifierKey(file=file, verifier_key=verifier_key))
    else:
        click.echo(verifier_key)


def _log_name(cli: CliContext) -> str:
    """Name of the log: configured, stored, or generated and stored now.

    The configuration may name the key that is about to be created, so `[proof]` is not checked.
    """
    from etl.database.engine import open_engine
    from etl.database.migrate import ensure_head
    from etl.load.log import ensure_origin

    settings = cli.record_settings
    if settings.proof.origin:
        return settings.proof.origin
    with cli.engine(open_engine) as engine:
        ensure_head(engine, auto_upgrade=settings.database.auto_upgrade)
        with engine.connect() as connection:
            return ensure_origin(connection)
