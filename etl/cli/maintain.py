"""`verify` and `prune`: the record as a whole is recomputed, or its old history is dropped."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.options import Time, gathered, output_option, require_text, source_option, wait_option
from etl.errors import RecordInconsistent, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from etl.audit.verify import Keys, Verified
    from etl.cli.results import PrunedSource, PruneResult, VerifyResult
    from etl.config import ProofSettings
    from etl.load.prune import Cut


@click.command(short_help="Recompute the log, its checkpoints and all invariants.")
@click.option(
    "--since",
    type=Time("since"),
    metavar="TIME",
    help="Recompute entries from this time on only.",
)
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
    callback=require_text,
    metavar="VERIFIER_KEY",
    help="Require signatures by this key. Default: the configured key, if any.",
)
@source_option
@output_option
@pass_cli
def verify(
    cli: CliContext,
    sources: tuple[str, ...],
    *,
    since: datetime | None,
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
    from etl.audit.arguments import require_sources
    from etl.audit.verify import Selection
    from etl.audit.verify import verify as run_verify
    from etl.cli.output import print_json
    from etl.load.log import read_origin

    settings = cli.proof_settings
    notes = [note for name in checkpoint_files for note in read_notes(name)]
    with cli.reader() as connection:
        with connection.begin():
            require_sources(connection, sources, configured=settings.source_names)
            origin = settings.proof.origin or read_origin(connection)
        result = run_verify(
            connection,
            selection=Selection(frozenset(sources), since),
            keys=_keys(settings.proof, origin, verifier_keys),
            notes=notes,
            component_rules=cli.component_tables.compiled(),
        )
    cli.exit_code = 0 if result.is_consistent else RecordInconsistent.exit_code
    if output == "json":
        print_json(_result(result))
    elif result.is_consistent and not cli.is_quiet:
        for line in _lines(result):
            click.echo(line)
    if not result.is_consistent:
        _report(result, limit=1 if output == "json" else 10)
    return cli.exit_code


def _report(result: Verified, *, limit: int) -> None:
    """The first findings, on standard error."""
    first, *others = result.findings[:limit]
    click.echo(f"image-sync: the record is inconsistent, first at {first}", err=True)
    for each in others:
        click.echo(f"  {each}", err=True)
    if result.finding_count > limit > 1:
        click.echo(f"  and {result.finding_count - limit:,} more", err=True)


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
    signer = signer_of(proof, origin) if not verifier_keys and origin else None
    return Keys(
        verifiers=verifier_keys or ((signer.verifier_key,) if signer else ()),
        is_complete=bool(verifier_keys),
        witnesses=tuple(each.split()[0] for each in proof.witnesses),
        authorities=Path(proof.timestamp_ca).read_bytes() if proof.timestamp_ca else b"",
        origin=proof.origin,
    )


def _lines(result: Verified) -> Iterator[str]:
    """What was checked, for people."""
    from etl.text import count_text

    log, checkpoints = result.entries, result.checkpoints
    if not log.size:
        yield "the log is empty: no run has been recorded yet"
        return
    yield f"log {log.origin}: {count_text(log.size, 'entry')}, root {log.root}"
    pruned = f", {log.pruned:,} pruned" if log.pruned else ""
    yield f"{count_text(log.recomputed, 'entry')} recomputed from the tables{pruned}"
    yield (
        f"{count_text(checkpoints.stored, 'checkpoint')} match the log:"
        f" {checkpoints.signed} signed, {checkpoints.timestamps} timestamped,"
        f" {count_text(checkpoints.cosignatures, 'cosignature')}"
    )
    if checkpoints.external:
        yield f"{count_text(checkpoints.external, 'checkpoint')} kept elsewhere match, too"
    unchecked = {
        "signatures (no key)": checkpoints.signatures_unchecked,
        "timestamps (set proof.timestamp_ca)": checkpoints.timestamps_unchecked,
        "cosignatures (not in proof.witnesses)": checkpoints.cosignatures_unchecked,
    }
    for what, count in unchecked.items():
        if count:
            yield f"not checked: {count} {what}"


def _result(result: Verified) -> VerifyResult:
    """The result for programs."""
    from msgspec import convert

    from etl.cli.results import CheckpointCounts, VerifyFinding, VerifyResult

    log = result.entries
    return VerifyResult(
        consistent=result.is_consistent,
        origin=log.origin or None,
        entries=log.size,
        root=log.root,
        recomputed=log.recomputed,
        pruned=log.pruned,
        checkpoints=convert(result.checkpoints, CheckpointCounts, from_attributes=True),
        finding_count=result.finding_count,
        findings=convert(result.findings, list[VerifyFinding], from_attributes=True),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneOptions:
    """The options of `prune`."""

    keep: str | None
    is_dry_run: bool
    is_confirmed: bool
    forgets_actors: bool
    wait_seconds: float


_PRUNE_OPTIONS: Final = (
    click.option(
        "--keep",
        metavar="DURATION",
        help="Length of the history to keep, for example 400d or 52w; at least 1d.",
    ),
    click.option("--dry-run", "is_dry_run", is_flag=True, help="Show what would be dropped."),
    click.option("--yes", "is_confirmed", is_flag=True, help="Do not ask, even on a terminal."),
    click.option(
        "--forget-actors",
        "forgets_actors",
        is_flag=True,
        help="Erase who removed images (names, addresses and trace ids).",
    ),
)


@click.command(short_help="Drop old history, sealed by an entry of the log.")
@gathered(PruneOptions, (*_PRUNE_OPTIONS, wait_option))
@source_option
@output_option
@pass_cli
def prune(cli: CliContext, sources: tuple[str, ...], *, given: PruneOptions, output: str) -> None:
    """Drop what ended longer ago than DURATION, source by source.

    Dropped: versions that were replaced, the changes that led to them, rows of runs, released
    holds, resolved rejects. Kept forever: every image with its last known values, every removal
    with its evidence and its run, every version that was valid then or later, and the hash of every
    log entry. The record is verified first: if it is inconsistent, nothing is dropped (exit code
    41). What is kept is sealed by a new entry of the log.

    \b
    image-sync prune --keep 400d --dry-run     what would be dropped
    image-sync prune --keep 400d
    image-sync prune --forget-actors
    """
    from etl.cli.output import print_result
    from etl.text import count_text

    keep = given.keep
    if (keep is None) != given.forgets_actors:
        raise UsageError("give either --keep DURATION or --forget-actors")
    kept = _duration(keep) if keep else None
    if not given.is_dry_run and not given.is_confirmed and sys.stdin.isatty():
        what = f"history older than {keep}" if keep else "who removed images"
        click.confirm(f"Delete {what} permanently?", abort=True, err=True)
    result = _pruned(cli, sources, kept, given)
    lines = [*map(_line, result.pruned)]
    if given.forgets_actors:
        lines.append(f"erased the actor of {count_text(result.forgotten, 'removal')}")
    if given.is_dry_run:
        lines.append("Nothing was written.")
    print_result(cli, result, "\n".join(lines or ["no run has been recorded yet"]), output=output)


def _pruned(
    cli: CliContext, sources: tuple[str, ...], kept: timedelta | None, given: PruneOptions
) -> PruneResult:
    """Prune history (`kept`: how much stays), or erase who removed images (None)."""
    from etl.cli.results import PruneResult
    from etl.database.engine import open_existing
    from etl.database.migrate import ensure_head
    from etl.maintenance.decisions import erase_actors, prune
    from etl.publish import publish_checkpoint

    is_dry_run, now, settings = given.is_dry_run, cli.clock(), cli.proof_settings
    with cli.engine(open_existing) as engine:
        ensure_head(engine, auto_upgrade=settings.database.auto_upgrade)
        if kept is None:
            forgotten = 0 if is_dry_run else erase_actors(engine)
            return PruneResult(dry_run=is_dry_run, pruned=[], forgotten=forgotten)
        pruned = prune(
            engine,
            before=now - kept,
            now=now,
            sources=sources,
            is_dry_run=is_dry_run,
            wait_seconds=given.wait_seconds,
        )
        dropped = [_pruned_source(*each) for each in pruned]
        if not is_dry_run and any(each.observed_at for each in dropped):
            publish_checkpoint(engine, settings.proof, http=settings.http, now=now)
    return PruneResult(dry_run=is_dry_run, pruned=dropped, forgotten=0)


def _duration(keep: str) -> timedelta:
    """At least a day, so that a slip of the unit cannot drop nearly everything."""
    from datetime import timedelta

    from etl.audit.arguments import duration

    kept = duration(keep)
    if kept < timedelta(days=1):
        raise UsageError(f"--keep {keep}: expected at least one day, for example 400d or 52w")
    return kept


def _pruned_source(source: str, cut: Cut | None, counts: dict[str, int]) -> PrunedSource:
    from etl.cli.results import PrunedSource
    from etl.clock import instant_text

    return PrunedSource(
        source=source,
        run_id=cut.run_id if cut else None,
        observed_at=instant_text(cut.observed_at) if cut else None,
        rows=counts,
    )


def _line(pruned: PrunedSource) -> str:
    from etl.text import printable

    source = printable(pruned.source)
    if pruned.run_id is None or pruned.observed_at is None:
        return f"{source}: nothing is that old"
    counts = ", ".join(f"{table} {rows:,}" for table, rows in pruned.rows.items() if rows)
    last = f"run {pruned.run_id}, {pruned.observed_at[:16].replace('T', ' ')}Z"
    return f"{source}: up to {last}: {counts or 'no rows'}"
