"""Does the ledger add up? Everything that data can show of the record's promises, recomputed.

    runs.py      each source's chain of runs: digests, counts, what each run wrote
    versions.py  each image's history: numbers, periods, changes, removals, state
    strays.py    rows that belong to no run or no image

Where the beginning was pruned, what was kept of it is held against its seal, as a whole; how its
runs ended is not.

It reads the tables alone. Outside the proof, since no source's row says them: the end of a run in
`sync_runs` (only its status is held against its sources'), `current_images.record_digest`, and
numbers that
only name a row (`image_key`, `reject_id`). What release 0.1 wrote it did not seal as far; its
`resolved_at` is held to instants of the source's runs. Components are recomputed where the last
run read them by the rules of this program; after an upgrade, that is from the next sync on. A
ledger that was cut off at its end, or written anew as a whole, is consistent in itself: a digest
noted elsewhere (`--head`) shows that.
"""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError

from etl.audit.verify.findings import UNREADABLE, Finding, counted, is_unreadable, of_row
from etl.audit.verify.orphans import check_rejects, check_strays, check_sync_runs
from etl.audit.verify.runs import (
    Head,
    Ledger,
    check_kept,
    check_runs,
    check_sights,
    read_ledger,
)
from etl.audit.verify.versions import check_versions
from etl.database.snapshot import snapshot
from etl.errors import LedgerBroken, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

MOST_TOLD: Final = 10
SHORTEST_HEAD: Final = 12

__all__ = ["Head", "verify"]


def verify(
    connection: Connection,
    *,
    since: datetime | int | None = None,
    head: str = "",
    sources: Sequence[str] = (),
) -> list[Head]:
    """The head of each source's chain, when all is well; else raises `LedgerBroken`.

    `since`: only what runs from that one (or from that instant) on wrote. `head`: a digest noted
    elsewhere, or at least its first digits, that must be in the chain.
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
            "what runs wrote": check_runs(connection, ledger, first),
            "how images were met": check_sights(connection, ledger),
            "what was kept of pruned runs": () if first else check_kept(connection, ledger),
        }
        found = counted(_findings(checks))
        told = nsmallest(MOST_TOLD, found)
    if told:
        raise LedgerBroken("\n".join(_spelled(told, found.count)))
    _require_head(ledger, head)
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


def _require_head(ledger: Ledger, head: str) -> None:
    if not head:
        return
    if len(head) < SHORTEST_HEAD:
        raise UsageError(f"--head: at least {SHORTEST_HEAD} digits of a digest")
    if not any(digest.startswith(head.lower()) for digest in ledger.digests()):
        raise LedgerBroken(f"no run of this ledger has the digest {head}")
