"""Do a source's runs follow from one another? Digests, counts and the catalogue after each.

`Ledger` holds every row of `source_runs` (small: one a run and source), and gathers what the
versions say of each run while `versions.py` reads them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from etl.audit.verify.findings import UNREADABLE, Finding, of_run
from etl.database.schema import source_runs
from etl.decide.ledger import FactSet, run_digest
from etl.load.chain import read_events
from etl.load.checkpoint import Checkpoint, Pruning, kept_facts, read_prunings
from etl.load.rows import bound
from etl.load.sights import read_sights
from etl.load.turn import NEVER
from etl.transform import COMPONENT_RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
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


@dataclass
class Ledger:
    """Each source's runs in order, and what the versions tell of them."""

    runs: dict[str, list[Row]]
    instants: dict[tuple[str, int], Any]  # (source, run) → observed_at, as a row holds it
    sources: Sequence[str] = ()  # those to look at; empty: all
    prune_checkpoints: Mapping[str, Pruning] = field(default_factory=dict)
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

    def seals(self, source: str, instant: Any) -> bool:
        """Whether an instant is that of a run that seals what it resolves: none of release 0.1."""
        return any(
            self.instants[source, row["run_id"]] == instant and row["sight_digest"] is not None
            for row in self.runs.get(source, ())
        )

    def has_our_rules(self, source: str) -> bool:
        """Whether the last run read the components by the rules of this very program."""
        rows = self.runs.get(source)
        return bool(rows and rows[-1]["component_rules"] == COMPONENT_RULES)

    def is_pruned(self, source: str, instant: Any) -> bool:
        """Whether the history of an instant, as rows hold it, was dropped; what was kept of it is
        sealed as a whole.
        """
        pruning = self.prune_checkpoints.get(source)
        return bool(pruning and instant <= self.instants[source, pruning.checkpoint.run_id])

    @property
    def pruned_until(self) -> datetime:
        """The instant up to which a run may have lost rows of `source_runs`."""
        return max(
            (each.checkpoint.observed_at for each in self.prune_checkpoints.values()), default=NEVER
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
            Head(source, rows[-1]["run_id"], len(rows), rows[-1]["present"], rows[-1]["digest"])
            for source, rows in self.runs.items()
        ]

    def digests(self) -> Iterator[str]:
        """Every digest of every chain."""
        yield from (pruning.checkpoint.digest for pruning in self.prune_checkpoints.values())
        yield from (row["digest"] for rows in self.runs.values() for row in rows)


def read_ledger(connection: Connection, *, sources: Sequence[str]) -> Ledger:
    """All rows of `source_runs`, by source, in the order of their instants.

    Where history was pruned the chain begins behind it; runs before that are sealed rows.
    """
    statement = select(source_runs).order_by(source_runs.c.source, source_runs.c.observed_at)
    if sources:
        statement = statement.where(source_runs.c.source.in_(sources))
    prune_checkpoints = read_prunings(connection)
    instants = {
        (source, pruning.checkpoint.run_id): bound(connection, pruning.checkpoint.observed_at)
        for source, pruning in prune_checkpoints.items()
    }
    ledger = Ledger({}, instants, sources, prune_checkpoints)
    for row in connection.execute(statement).mappings():
        source, run_id = row["source"], row["run_id"]
        instants[source, run_id] = bound(connection, row["observed_at"])
        if not ledger.is_pruned(source, instants[source, run_id]):
            ledger.runs.setdefault(source, []).append(dict(row))
    return ledger


def check_kept(connection: Connection, ledger: Ledger) -> Iterator[Finding]:
    """What was kept of pruned runs, against its seal."""
    for source, pruning in ledger.prune_checkpoints.items():
        run_id = pruning.checkpoint.run_id
        if ledger.has(source):
            if source not in ledger.runs:
                yield of_run(run_id, source, "pruned, and no later run is there")
            if _kept_digest(connection, pruning.checkpoint) != pruning.kept_digest:
                yield of_run(run_id, source, "what was kept of the runs up to it is not as sealed")


def _kept_digest(connection: Connection, checkpoint: Checkpoint) -> str:
    try:
        return kept_facts(connection, checkpoint).digest
    except UNREADABLE as error:
        return f"can't be read: {error}"


def check_runs(connection: Connection, ledger: Ledger, first: int) -> Iterator[Finding]:
    """Each run from `first` on against the one before, its own rows and the versions."""
    for source, rows in ledger.runs.items():
        pruning = ledger.prune_checkpoints.get(source)
        before = asdict(pruning.checkpoint) if pruning else None
        catalogue = _as_recorded(before["catalogue_digest"]) if before else FactSet()
        for row in rows:
            if row["run_id"] >= first:
                told = ledger.told[source, row["run_id"]]
                yield from _check_order(source, before, row)
                yield from _check_counts(source, before, row, told)
                catalogue.add(bytes.fromhex(told.facts.digest))  # a sum of hashes is added like one
                if catalogue.digest != row["catalogue_digest"]:
                    told_of = "catalogue_digest is not that of the versions valid after the run"
                    yield of_run(row["run_id"], source, told_of)
                is_older = row["sight_digest"] is None
                events = read_events(connection, row["run_id"], source, is_of_release_0_1=is_older)
                if run_digest(row, events) != row["digest"]:
                    yield of_run(row["run_id"], source, _DIGEST)
            # Each run is judged by the one before it as recorded: the first wrong one stands out.
            catalogue = _as_recorded(row["catalogue_digest"])
            before = row


def check_sights(connection: Connection, ledger: Ledger) -> Iterator[Finding]:
    """How the images of each source were met, against what its last run says."""
    for source, rows in ledger.runs.items():
        recorded = rows[-1]["sight_digest"]
        if recorded is not None and read_sights(connection, source).digest != recorded:
            told = (
                "sight_digest is not that of listing, last_seen_at and missing_since in catalogue"
            )
            yield of_run(rows[-1]["run_id"], source, told)


def _as_recorded(digest: str) -> FactSet:
    """The set of a digest on record; one that is none is an empty set, and so told as wrong."""
    try:
        return FactSet(digest)
    except ValueError:
        return FactSet()


_DIGEST: Final = (
    "digest is not that of its row, its run in sync_runs, field changes, removals, held removals,"
    " rejects and new fields"
)


def _check_order(source: str, before: Row | None, row: Row) -> Iterator[Finding]:
    if row["previous_digest"] != (before["digest"] if before else None):
        last = f"of run {before['run_id']}" if before else "null: it is the source's first run"
        yield of_run(row["run_id"], source, f"previous_digest is not the digest {last}")


def _check_counts(source: str, before: Row | None, row: Row, told: Told) -> Iterator[Finding]:
    for name in COUNTED:
        if row[name] != told.kinds[name]:
            words = f"{name} is {row[name]}, the versions say {told.kinds[name]}"
            yield of_run(row["run_id"], source, words)
    came = row["added"] + row["restored"] + row["in_scope"] - row["removed"] - row["out_of_scope"]
    present = (before["present"] if before else 0) + came
    if row["present"] != present:
        yield of_run(row["run_id"], source, f"present is {row['present']}, should be {present}")
