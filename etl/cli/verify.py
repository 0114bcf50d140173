"""`verify`: recompute the log, its checkpoints and all invariants."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.options import as_text, output_option, source_option
from etl.errors import RecordInconsistent, UsageError

if TYPE_CHECKING:
    from etl.audit.verify import Keys, Verified
    from etl.cli.results import VerifyResult
    from etl.config import ProofSettings


@click.command(short_help="Recompute the log, its checkpoints and all invariants.")
@click.option("--since", metavar="TIME", help="Recompute entries from this time on only.")
@click.option(
    "--checkpoint",
    "checkpoint_files",
    type=click.Path(exists=True, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Checkpoints that were kept outside the database.",
)
@click.option(
    "--key",
    "verifier_keys",
    multiple=True,
    callback=as_text,
    metavar="VERIFIER_KEY",
    help="Key that signatures must be of. Default: the configured key, if there is one.",
)
@source_option
@output_option
@pass_cli
def verify(
    cli: CliContext,
    sources: tuple[str, ...],
    *,
    since: str | None,
    checkpoint_files: tuple[str, ...],
    verifier_keys: tuple[str, ...],
    output: str,
) -> int:
    """Recompute the log, its checkpoints and all invariants from the tables alone.

    Exit code 41 means that the record is inconsistent. The first entry, event and row that do not
    match are named. Whoever can write the database could have rebuilt the whole record: only
    checkpoints that were kept elsewhere (--checkpoint) rule that out.

    \b
    image-sync verify
    image-sync verify --checkpoint checkpoints.txt
    image-sync verify --since 7d --source beijing
    """
    from etl.audit.names import require_sources
    from etl.audit.time_args import since as parse_since
    from etl.audit.verify import Selection
    from etl.audit.verify import verify as run_verify
    from etl.cli.output import print_json

    after = parse_since(since, now=cli.clock()) if since is not None else None
    settings = cli.proof_settings
    notes = [note for name in checkpoint_files for note in read_notes(name)]
    with cli.reader() as connection:
        with connection.begin():
            require_sources(connection, sources, configured=settings.source_names)
            origin = _origin(connection)
        result = run_verify(
            connection,
            selection=Selection(frozenset(sources), after),
            keys=_keys(settings.proof, origin, verifier_keys),
            notes=notes,
            component_rules=cli.component_tables.compiled(),
        )
    if output == "json":
        print_json(_result(result))
    elif result.is_consistent and not cli.is_quiet:
        for line in _lines(result):
            click.echo(line)
    if not result.is_consistent:
        _report(cli, result, output=output)
        return RecordInconsistent.exit_code
    return 0


def read_notes(name: str) -> list[str]:
    """Checkpoints of a file. Raises `UsageError`."""
    from etl.proof.check import Invalid, parse_checkpoint
    from etl.proof.checkpoint import split_notes

    try:
        notes = [*split_notes(Path(name).read_text("utf-8"))]
        for note in notes:
            parse_checkpoint(note.encode())
    except (Invalid, OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{name}: {error}") from None
    if not notes:
        raise UsageError(f"{name}: the file contains no checkpoint")
    return notes


def _origin(connection: Any) -> str:
    from etl.load.log_entries import read_state

    try:
        state = read_state(connection)
    except ValueError:  # `verify` reports it
        return ""
    return state.origin if state else ""


def _keys(proof: ProofSettings, origin: str, verifier_keys: tuple[str, ...]) -> Keys:
    """Keys to verify with: those given, otherwise the one that can be derived from the settings."""
    from etl.audit.verify import Keys
    from etl.proof.check import Invalid, parse_verifier_key
    from etl.publish import signer_of

    try:
        for key in verifier_keys:
            parse_verifier_key(key)
    except Invalid as error:
        raise UsageError(f"--key: {error}") from None
    name = proof.origin or origin
    signer = signer_of(proof, name) if not verifier_keys and name else None
    authorities = Path(proof.timestamp_ca).read_bytes() if proof.timestamp_ca else b""
    return Keys(
        verifiers=verifier_keys or ((signer.verifier_key,) if signer else ()),
        is_complete=bool(verifier_keys),
        witnesses=tuple(each.split()[0] for each in proof.witnesses),
        authorities=authorities,
        origin=proof.origin,
    )


def _lines(result: Verified) -> list[str]:
    """What was checked, for people."""
    from etl.text import count_text

    log, checkpoints = result.entries, result.checkpoints
    if not log.size:
        return ["the log is empty: no run has been recorded yet"]
    pruned = f", {log.pruned:,} pruned" if log.pruned else ""
    lines = [
        f"log {log.origin}: {_entries(log.size)}, root {log.root}",
        f"{_entries(log.recomputed)} recomputed from the tables{pruned}",
        f"{count_text(checkpoints.stored, 'checkpoint')} match the log:"
        f" {checkpoints.signed} signed, {checkpoints.timestamps} timestamped,"
        f" {count_text(checkpoints.cosignatures, 'cosignature')}",
    ]
    if checkpoints.external:
        lines.append(f"{count_text(checkpoints.external, 'checkpoint')} kept elsewhere match, too")
    unchecked = {
        "signatures (no key)": checkpoints.signatures_unchecked,
        "timestamps (set proof.timestamp_ca)": checkpoints.timestamps_unchecked,
        "cosignatures (not in proof.witnesses)": checkpoints.cosignatures_unchecked,
    }
    lines += [f"not checked: {count} {what}" for what, count in unchecked.items() if count]
    return lines


def _entries(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}"


def _result(result: Verified) -> VerifyResult:
    """The result for programs."""
    from etl.cli.results import CheckpointCounts, VerifyFinding, VerifyResult

    log, checkpoints = result.entries, result.checkpoints
    return VerifyResult(
        consistent=result.is_consistent,
        origin=log.origin or None,
        entries=log.size,
        root=log.root,
        recomputed=log.recomputed,
        pruned=log.pruned,
        checkpoints=CheckpointCounts(
            **{name: getattr(checkpoints, name) for name in CheckpointCounts.__struct_fields__}
        ),
        finding_count=result.finding_count,
        findings=[
            VerifyFinding(
                entry=each.entry,
                event=each.event,
                run_id=each.run_id,
                source=each.source or None,
                row=each.row or None,
                problem=each.problem,
            )
            for each in result.findings
        ],
    )


def _report(cli: CliContext, result: Verified, *, output: str) -> None:
    """The first findings, on standard error."""
    shown = result.findings[: 1 if output == "json" else 10]
    click.echo(f"image-sync: the record is inconsistent, first at {shown[0]}", err=True)
    for each in shown[1:]:
        click.echo(f"  {each}", err=True)
    if result.finding_count > len(shown) and output == "text":
        click.echo(f"  and {result.finding_count - len(shown):,} more", err=True)
    cli.exit_code = RecordInconsistent.exit_code
