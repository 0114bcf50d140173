"""Do a source's runs follow from one another? Digests, counts and the catalogue after each.

`Ledger` holds every row of `source_runs` (small: one a run and source), and gathers what the
versions say of each run while `versions.py` reads them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from etl.audit.verify.findings import Finding, of_run
from etl.database.schema import source_runs
from etl.load.codec import bound
from etl.load.prune import Checkpoint, read_prunings
from etl.transform import COMPONENT_RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

Row = dict[str, Any]
COUNTED: Final = ("added", "changed", "restored", "in_scope", "removed", "out_of_scope")


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a source's chain: what to note elsewhere."""

    source: str
    run_id: int
    runs: int
    present: int


@dataclass(slots=True)
class Told:
    """What the versions say of one run: how many of each kind."""

    kinds: Counter[str] = field(default_factory=Counter)


@dataclass
class Ledger:
    """Each source's runs in order, and what the versions tell of them."""

    runs: dict[str, list[Row]]
    instants: dict[tuple[str, int], Any]  # (source, run) → observed_at, as a row holds it
    sources: Sequence[str] = ()  # those to look at; empty: all
    prune_checkpoints: Mapping[str, Checkpoint] = field(default_factory=dict)
    told: defaultdict[tuple[str, int], Told] = field(
        default_factory=lambda: defaultdict(Told), init=False
    )

    @cached_property
    def _observed(self) -> set[tuple[str, Any]]:
        return {(source, at) for (source, _), at in self.instants.items()}

    def has(self, source: str) -> bool:
        """Whether a source is to be looked at; one without any run is, too."""
        return not self.sources or source in self.sources

    def is_observed(self, source: str, instant: Any) -> bool:
        """Whether an instant, as rows hold it, is that of a run of the source, or was pruned."""
        return (source, instant) in self._observed or self.is_pruned(source, instant)

    def has_our_rules(self, source: str) -> bool:
        """Whether the last run read the components by the rules of this very program."""
        rows = self.runs.get(source)
        return bool(rows and rows[-1]["component_rules"] == COMPONENT_RULES)

    def is_pruned(self, source: str, instant: Any) -> bool:
        """Whether the history of an instant, as rows hold it, was dropped; what was kept of it is
        sealed as a whole.
        """
        pruning = self.prune_checkpoints.get(source)
        return bool(pruning and instant <= self.instants[source, pruning.run_id])

    @property
    def pruned_until(self) -> datetime:
        """The instant up to which a run may have lost rows of `source_runs`."""
        return max(
            (each.observed_at for each in self.prune_checkpoints.values()),
            default=datetime(1970, 1, 1, tzinfo=UTC),
        )

    def first_run_since(self, since: datetime | int | None) -> int:
        """The number of the first run to look at."""
        if since is None or isinstance(since, int):
            return since or 0
        later = [
            row["run_id"]
            for rows in self.runs.values()
            for row in rows
            if row["observed_at"] >= since
        ]
        return min(later, default=2**62)

    def heads(self) -> list[Head]:
        """The last run of each source."""
        return [
            Head(source, rows[-1]["run_id"], len(rows), rows[-1]["present"])
            for source, rows in self.runs.items()
        ]


def read_ledger(connection: Connection, *, sources: Sequence[str]) -> Ledger:
    """All rows of `source_runs`, by source, in the order of their instants.

    Where history was pruned the chain begins behind it; runs before that are sealed rows.
    """
    statement = select(source_runs).order_by(source_runs.c.source, source_runs.c.observed_at)
    if sources:
        statement = statement.where(source_runs.c.source.in_(sources))
    prune_checkpoints = read_prunings(connection)
    instants = {
        (source, pruning.run_id): bound(connection, pruning.observed_at)
        for source, pruning in prune_checkpoints.items()
    }
    ledger = Ledger({}, instants, sources, prune_checkpoints)
    for row in connection.execute(statement).mappings():
        source, run_id = row["source"], row["run_id"]
        instants[source, run_id] = bound(connection, row["observed_at"])
        if not ledger.is_pruned(source, instants[source, run_id]):
            ledger.runs.setdefault(source, []).append(dict(row))
    return ledger


def check_runs(ledger: Ledger, first: int) -> Iterator[Finding]:
    """Each run from `first` on against the one before, its own rows and the versions."""
    for source, rows in ledger.runs.items():
        is_pruned = source in ledger.prune_checkpoints
        before: Row | None = None
        for row in rows:
            if row["run_id"] >= first and not (is_pruned and before is None):
                yield from _check_counts(source, before, row, ledger.told[source, row["run_id"]])
            before = row


def _check_counts(source: str, before: Row | None, row: Row, told: Told) -> Iterator[Finding]:
    for name in COUNTED:
        if row[name] != told.kinds[name]:
            words = f"{name} is {row[name]}, the versions say {told.kinds[name]}"
            yield of_run(row["run_id"], source, words)
    came = row["added"] + row["restored"] + row["in_scope"] - row["removed"] - row["out_of_scope"]
    present = (before["present"] if before else 0) + came
    if row["present"] != present:
        yield of_run(row["run_id"], source, f"present is {row['present']}, should be {present}")
