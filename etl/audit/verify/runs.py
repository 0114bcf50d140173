"""Do a source's runs follow from one another? Digests, counts and the catalogue after each.

`Ledger` holds every row of `source_runs` (small: one a run and source), and gathers what the
versions say of each run while `versions.py` reads them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from etl.audit.verify.findings import Finding, of_run
from etl.database.schema import source_runs
from etl.decide.ledger import FactSet, run_digest
from etl.load.chain import read_events
from etl.load.rows import bound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

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
    digest: str


@dataclass(slots=True)
class Told:
    """What the versions say of one run: facts in and out, and how many of each kind."""

    facts: FactSet = field(default_factory=FactSet)
    kinds: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Ledger:
    """Each source's runs in order, and what the versions tell of them."""

    runs: dict[str, list[Row]]
    instants: dict[tuple[str, int], Any]  # (source, run) → observed_at, as a row holds it
    sources: Sequence[str] = ()  # those to look at; empty: all
    told: defaultdict[tuple[str, int], Told] = field(
        default_factory=lambda: defaultdict(Told), init=False
    )
    _observed: set[tuple[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self._observed = {(source, at) for (source, _), at in self.instants.items()}

    def has(self, source: str) -> bool:
        """Whether a source is to be looked at; one without any run is, too."""
        return not self.sources or source in self.sources

    def is_observed(self, source: str, instant: Any) -> bool:
        """Whether an instant, as rows hold it, is the `observed_at` of a run of the source."""
        return (source, instant) in self._observed

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
            Head(source, rows[-1]["run_id"], len(rows), rows[-1]["present"], rows[-1]["digest"])
            for source, rows in self.runs.items()
        ]

    def digests(self) -> Iterator[str]:
        """Every digest of every chain."""
        return (row["digest"] for rows in self.runs.values() for row in rows)


def read_ledger(connection: Connection, *, sources: Sequence[str]) -> Ledger:
    """All rows of `source_runs`, by source, in the order of their instants."""
    statement = select(source_runs).order_by(source_runs.c.source, source_runs.c.observed_at)
    if sources:
        statement = statement.where(source_runs.c.source.in_(sources))
    runs: dict[str, list[Row]] = {}
    for row in connection.execute(statement).mappings():
        runs.setdefault(row["source"], []).append(dict(row))
    instants = {
        (source, row["run_id"]): bound(connection, row["observed_at"])
        for source, rows in runs.items()
        for row in rows
    }
    return Ledger(runs, instants, sources)


def check_runs(connection: Connection, ledger: Ledger, first: int) -> Iterator[Finding]:
    """Each run from `first` on against the one before, its own rows and the versions."""
    for source, rows in ledger.runs.items():
        before: Row | None = None
        catalogue = FactSet()
        for row in rows:
            if row["run_id"] >= first:
                told = ledger.told[source, row["run_id"]]
                yield from _check_order(source, before, row)
                yield from _check_counts(source, before, row, told)
                catalogue.add(bytes.fromhex(told.facts.digest))  # a sum of hashes is added like one
                if catalogue.digest != row["catalogue_digest"]:
                    told_of = "catalogue_digest is not that of the versions valid after the run"
                    yield of_run(row["run_id"], source, told_of)
                events = read_events(connection, row["run_id"], source)
                if run_digest(row, events) != row["digest"]:
                    yield of_run(row["run_id"], source, _DIGEST)
            # Each run is judged by the one before it as recorded: the first wrong one stands out.
            catalogue = FactSet(row["catalogue_digest"])
            before = row


_DIGEST: Final = (
    "digest is not that of its row, field changes, removals, held removals, rejects and new fields"
)


def _check_order(source: str, before: Row | None, row: Row) -> Iterator[Finding]:
    if row["previous_digest"] != (before["digest"] if before else None):
        last = f"of run {before['run_id']}" if before else "null: it is the source's first run"
        yield of_run(row["run_id"], source, f"previous_digest is not the digest {last}")
    if before and row["run_id"] <= before["run_id"]:
        yield of_run(row["run_id"], source, f"observed after run {before['run_id']}")


def _check_counts(source: str, before: Row | None, row: Row, told: Told) -> Iterator[Finding]:
    for name in COUNTED:
        if row[name] != told.kinds[name]:
            words = f"{name} is {row[name]}, the versions say {told.kinds[name]}"
            yield of_run(row["run_id"], source, words)
    came = row["added"] + row["restored"] + row["in_scope"] - row["removed"] - row["out_of_scope"]
    present = (before["present"] if before else 0) + came
    if row["present"] != present:
        yield of_run(row["run_id"], source, f"present is {row['present']}, should be {present}")
