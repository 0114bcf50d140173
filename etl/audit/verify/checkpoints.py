"""Checkpoints: each must be a prefix of the log, and what is signed must be signed correctly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from etl.audit.verify.entries import EntryReport, Finding
from etl.load.log import StoredCheckpoint, read_checkpoints
from etl.proof.check import (
    Checkpoint,
    Invalid,
    check_signature,
    parse_checkpoint,
    parse_verifier_key,
)
from etl.proof.checkpoint import is_signature
from etl.proof.witnesses import (
    COSIGNATURE_KEY,
    is_cosigned,
    read_certificates,
    require_timestamp,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys and certificates that checkpoints are verified with.

    `verifiers`: keys of the log. `is_complete`: every signature must be of one of them. `origin`:
    the configured name of the log.
    """

    verifiers: tuple[str, ...] = ()
    is_complete: bool = False
    witnesses: tuple[str, ...] = ()
    authorities: bytes = b""
    origin: str = ""


@dataclass(slots=True)
class CheckpointReport:
    """Counts of what was checked, and of what could not be for lack of a key."""

    stored: int = 0
    external: int = 0
    signed: int = 0
    signatures_unchecked: int = 0
    timestamps: int = 0
    timestamps_unchecked: int = 0
    cosignatures: int = 0
    cosignatures_unchecked: int = 0
    origins: set[str] = field(default_factory=set)


def check_checkpoints(
    connection: Connection,
    log: EntryReport,
    keys: Keys,
    notes: Sequence[str],
    report: CheckpointReport,
) -> Iterator[Finding]:
    """Check the stored checkpoints, and those that were kept elsewhere."""
    report.origins |= {each for each in (log.origin, keys.origin) if each}
    log.origin = keys.origin or log.origin
    for each in read_checkpoints(connection):
        report.stored += 1
        row = f"checkpoints, size {each.size}"
        try:
            yield from _check_stored(each, log, keys, report, row)
        except Invalid as error:
            yield Finding(entry=each.size - 1, row=row, problem=str(error))
    for note in notes:
        report.external += 1
        yield from _check_external(note, log, keys, report)


def _check_stored(
    each: StoredCheckpoint, log: EntryReport, keys: Keys, report: CheckpointReport, row: str
) -> Iterator[Finding]:
    parsed = parse_checkpoint(each.note.encode())
    report.origins.add(parsed.origin)
    if (parsed.size, parsed.root.hex()) != (each.size, each.root):
        raise Invalid("the columns differ from the note")
    if problem := _prefix_problem(parsed, log):
        yield Finding(entry=each.size - 1, row=row, problem=problem)
    report.signed += bool(parsed.signatures)
    _check_signature(each.note, parsed, keys, report)
    if each.timestamp is not None:
        report.timestamps += 1
        report.timestamps_unchecked += not keys.authorities
        if keys.authorities:
            authorities = read_certificates(keys.authorities, location="proof.timestamp_ca")
            require_timestamp(each.timestamp, each.note, authorities)
    for line in each.cosignatures:
        report.cosignatures += 1
        signatures = parse_checkpoint(f"{parsed.text}\n{line}\n".encode()).signatures
        known = _keys_of(signatures, keys.witnesses, COSIGNATURE_KEY)
        report.cosignatures_unchecked += not known
        if known and not is_cosigned(parsed.text, line, known[0]):
            raise Invalid("a cosignature is invalid")


def _check_external(
    note: str, log: EntryReport, keys: Keys, report: CheckpointReport
) -> Iterator[Finding]:
    parsed = parse_checkpoint(note.encode())
    row = f"checkpoint of {parsed.size} entries kept elsewhere"
    if parsed.origin not in report.origins:
        problem = (
            f"it belongs to log {parsed.origin}; this is log {', '.join(sorted(report.origins))}"
        )
        yield Finding(row=row, problem=problem)
    if problem := _prefix_problem(parsed, log):
        yield Finding(entry=min(parsed.size, log.size), row=row, problem=problem)
    try:
        _check_signature(note, parsed, keys, report)
    except Invalid as error:
        yield Finding(row=row, problem=str(error))


def _prefix_problem(checkpoint: Checkpoint, log: EntryReport) -> str:
    if checkpoint.size > log.size:
        return f"it covers {checkpoint.size} entries, the log has {log.size}: entries were removed"
    if log.tree.root(checkpoint.size) != checkpoint.root:
        return f"the log's first {checkpoint.size} entries are not those that it covers"
    return ""


def _check_signature(note: str, parsed: Checkpoint, keys: Keys, report: CheckpointReport) -> None:
    known = _keys_of(parsed.signatures, keys.verifiers)
    if parsed.signatures and not known:
        if keys.is_complete:
            raise Invalid("it is not signed with one of the given keys")
        report.signatures_unchecked += 1
    for key in known:
        check_signature(note.encode(), key, is_signature)


def _keys_of(
    signatures: Sequence[tuple[str, bytes]], keys: Sequence[str], kind: int = 1
) -> list[str]:
    """The keys that signatures claim to be of."""
    ids = {(name, data[:4]) for name, data in signatures}
    return [key for key in keys if parse_verifier_key(key, kind)[:2] in ids]
