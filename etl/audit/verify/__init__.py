"""Verification of the record: its invariants, recomputed from the tables.

runs.py      counts of each run
versions.py  each image's history: numbers, periods, changes, removals, state
orphans.py   rows that belong to no run or no image
"""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError

from etl.audit.verify.findings import UNREADABLE, Finding, counted, is_unreadable, of_row
from etl.audit.verify.orphans import check_rejects, check_strays, check_sync_runs
from etl.audit.verify.runs import Head, check_runs, read_ledger
from etl.audit.verify.versions import check_versions
from etl.database.snapshot import snapshot
from etl.errors import LedgerBroken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

MOST_TOLD: Final = 10

__all__ = ["Head", "verify"]


def verify(
    connection: Connection,
    *,
    since: datetime | int | None = None,
    sources: Sequence[str] = (),
) -> list[Head]:
    """Return the last run of each source. Raises `LedgerBroken` if anything is inconsistent.

    `since` limits the check to what runs from that one (or from that time) on wrote.
    """
    with snapshot(connection):
        try:
            ledger = read_ledger(connection, sources=sources)
            first = ledger.first_run_since(since)
        except UNREADABLE as error:
            raise LedgerBroken(f"the runs of the ledger can't be read: {error}") from error
        checks = {
            "rows of no run or image": check_strays(connection),
            "sync_runs": check_sync_runs(connection, ledger, first),
            "the images' versions": check_versions(connection, ledger, first),
            "rejects": check_rejects(connection, ledger),
            "what runs wrote": check_runs(ledger, first),
        }
        found = counted(_findings(checks))
        told = nsmallest(MOST_TOLD, found)
    if told:
        raise LedgerBroken("\n".join(_spelled(told, found.count)))
    return ledger.heads()


def _findings(checks: Mapping[str, Iterable[Finding]]) -> Iterator[Finding]:
    """The findings of all checks; a value that no program of ours wrote is one more."""
    for what, findings in checks.items():
        try:
            yield from findings
        except UNREADABLE as error:
            yield of_row(None, "", what, f"can't be read: {error}")
        except DBAPIError as error:
            if not is_unreadable(error):
                raise
            yield of_row(None, "", what, f"can't be read: {error.orig}")
            return  # PostgreSQL answers nothing more in this transaction


def _spelled(told: list[Finding], count: int) -> Iterator[str]:
    yield f"the ledger does not add up, first in {told[0]}"
    yield from (f"  {finding}" for finding in told[1:])
    if count > len(told):
        yield f"  and {count - len(told):,} more"
