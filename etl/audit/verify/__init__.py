"""Verification of the record: the log, its checkpoints and all invariants, from the tables alone.

    entries.py      every entry, its events and the tree are recomputed
    checkpoints.py  every checkpoint is a prefix of the log; signatures, timestamps, cosignatures
    rows.py         conditions between rows (invariants.sql); columns computed from others
    (schema)        views, triggers and rules, by etl.database.integrity

Outside the proof: how the latest runs ended (the next entry contains it), `created_at` of
checkpoints and whether one was deleted (a run that is killed after its commit leaves none, too),
`record_digest`, `discovered_sources`, and personal data that was erased. A record that was cut off
or rebuilt as a whole is consistent in itself: a checkpoint kept elsewhere shows that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from etl.audit.verify.checkpoints import CheckpointReport, Keys, check_checkpoints
from etl.audit.verify.entries import EntryReport, Selection, check_entries
from etl.audit.verify.findings import UNREADABLE, Finding, is_unreadable
from etl.audit.verify.rows import check_rows
from etl.database.engine import snapshot
from etl.database.integrity import schema_faults
from etl.errors import RecordInconsistent
from etl.transform import ComponentRules

MAX_FINDINGS: Final = 100

__all__ = ["Finding", "Keys", "Selection", "Verified", "require_consistent", "verify"]


@dataclass(slots=True)
class Verified:
    """Result of a verification: what was checked, and the first things that do not match."""

    entries: EntryReport = field(default_factory=EntryReport)
    checkpoints: CheckpointReport = field(default_factory=CheckpointReport)
    findings: list[Finding] = field(default_factory=list)
    finding_count: int = 0

    @property
    def is_consistent(self) -> bool:
        """Whether everything matches."""
        return self.finding_count == 0


def verify(
    connection: Connection,
    *,
    selection: Selection = Selection(),  # noqa: B008  # immutable
    keys: Keys = Keys(),  # noqa: B008  # immutable
    notes: Sequence[str] = (),
    component_rules: ComponentRules | None = None,
) -> Verified:
    """Verify the record in one snapshot, or in the transaction that is open.

    `selection`: whose entries are recomputed (the tree and the checkpoints always are). `notes`:
    checkpoints kept elsewhere. `component_rules`: those that `components` are recomputed with.
    """
    result = Verified()
    steps: dict[str, Callable[[], Iterator[Finding]]] = {
        "log_entries": lambda: check_entries(connection, selection, result.entries),
        "checkpoints": lambda: check_checkpoints(
            connection, result.entries, keys, notes, result.checkpoints
        ),
        "schema": lambda: _check_schema(connection),
        "rows": lambda: check_rows(connection, component_rules),
    }
    with nullcontext() if connection.in_transaction() else snapshot(connection):
        found = [each for table, step in steps.items() for each in _findings(table, step)]
    result.finding_count = len(found)
    result.findings = nsmallest(MAX_FINDINGS, found, key=Finding.sort_key)
    return result


def require_consistent(engine: Engine) -> None:
    """Require that the record is consistent. Raises `RecordInconsistent`."""
    with engine.connect() as connection:
        result = verify(connection)
    if not result.is_consistent:
        raise RecordInconsistent(
            f"the record is inconsistent: {result.findings[0]}",
            hint="`image-sync verify` shows everything that does not match",
        )


def _check_schema(connection: Connection) -> Iterator[Finding]:
    """Views that are not the program's; triggers and rules that change what is written."""
    for fault in schema_faults(connection):
        yield Finding(row=f"{fault.kind} {fault.name}", problem=fault.message)


def _findings(table: str, step: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of a step; a value that the program never writes is one more."""
    try:
        yield from step()
    except UNREADABLE as error:
        yield Finding(row=table, problem=f"cannot be read: {error}")
    except DBAPIError as error:
        if not is_unreadable(error):
            raise
        yield Finding(row=table, problem=f"cannot be read: {error.orig}")
