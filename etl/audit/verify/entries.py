"""Entries of the log, recomputed from the tables: data, events and the tree over all entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from etl.database.schema import event_hashes, log_entries, prune_checkpoints, source_runs
from etl.load.events import hashes_by_run, of_run, read_events, stored_hashes
from etl.load.log import (
    SOURCE_RUN_COLUMNS,
    prune_data,
    read_kept,
    read_state,
    read_values,
)
from etl.proof.check import leaf_hash
from etl.proof.entries import END_COLUMNS, RUN_COLUMNS, run_entry
from etl.proof.merkle import Frontier, Tree, split_hashes
from etl.text import printable

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    _Entry = Row[*tuple[Any, ...]]

RUNS_AT_ONCE: Final = 200
_BEHIND_ALL: Final = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that does not match."""

    entry: int | None = None
    event: int | None = None
    run_id: int | None = None
    source: str | None = None
    row: str | None = None
    problem: str = ""

    def sort_key(self) -> tuple[int, int, str, str]:
        """Findings are ordered by entry, then event, then row."""
        entry = _BEHIND_ALL if self.entry is None else self.entry
        event = _BEHIND_ALL if self.event is None else self.event
        return entry, event, self.row or "", self.problem

    def __str__(self) -> str:
        named = {"entry": self.entry, "event": self.event, "run": self.run_id}
        parts = [f"{name} {number}" for name, number in named.items() if number is not None]
        parts += [f"source {self.source}"] if self.source else []
        where = [each for each in (", ".join(parts), self.row) if each]
        return printable(": ".join([*where, self.problem]))


@dataclass(frozen=True, slots=True)
class Selection:
    """Whose entries are recomputed: of these sources (none: all), since a time (None: always)."""

    sources: frozenset[str] = frozenset()
    since: datetime | None = None

    def contains(self, source: str) -> bool:
        """Whether a source is selected."""
        return not self.sources or source in self.sources


@dataclass(slots=True)
class EntryReport:
    """What the check of the entries found, besides findings."""

    origin: str = ""
    tree: Tree = field(default_factory=lambda: Tree([]))
    recomputed: int = 0
    pruned: int = 0

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self.tree)

    @property
    def root(self) -> str:
        """Root of the log, in hex."""
        return self.tree.root().hex()


def check_entries(
    connection: Connection, selection: Selection, report: EntryReport
) -> Iterator[Finding]:
    """Recompute the log. The report gets the tree of the stored hashes."""
    entries = connection.execute(select(*_COLUMNS).order_by(log_entries.c.entry)).all()
    yield from _check_tree(connection, entries, report)
    prunes = _prunes(connection)
    first = _first_entry(connection, selection)
    live: list[_Entry] = []
    for each in entries:
        sealing, through = prunes.get(each.source, (None, -1))
        if each.kind == "run" and each.entry > through:
            if selection.contains(each.source) and each.entry >= first:
                live.append(each)
        elif each.kind == "run" or (sealing is not None and each.entry < sealing):
            report.pruned += 1
        elif each.entry != sealing:
            yield _of(each, "prune_checkpoints", "the row that this entry seals is missing")
    report.recomputed = len(live)
    run_ids = sorted({each.run_id for each in live})
    for start in range(0, len(run_ids), RUNS_AT_ONCE):
        first_run, last_run = run_ids[start], run_ids[start : start + RUNS_AT_ONCE][-1]
        block = [each for each in live if first_run <= each.run_id <= last_run]
        yield from _check_runs(connection, block, {"first": first_run, "last": last_run})
    seals = {each.entry: each for each in entries if each.kind == "prune"}
    for source, (sealing, through) in prunes.items():
        if selection.contains(source):
            yield from _check_kept(connection, source, through, sealing, seals.get(sealing))


_COLUMNS: Final = (
    log_entries.c.entry,
    log_entries.c.kind,
    log_entries.c.run_id,
    log_entries.c.source,
    log_entries.c.events,
    log_entries.c.leaf_hash,
    log_entries.c.root,
)


def _of(entry: _Entry, row: str, problem: str, *, event: int | None = None) -> Finding:
    return Finding(
        entry=entry.entry,
        event=event,
        run_id=entry.run_id,
        source=entry.source,
        row=row,
        problem=problem,
    )


def _check_tree(
    connection: Connection, entries: Sequence[_Entry], report: EntryReport
) -> Iterator[Finding]:
    """The entries' numbers, the root after each, and the state that appending continues from."""
    frontier, leaves = Frontier(), []
    for number, each in enumerate(entries):
        if each.entry != number:
            yield _of(each, "log_entries", f"entry {number} is missing")
            break
        leaves.append(bytes.fromhex(each.leaf_hash))
        frontier.append(leaves[-1])
        if frontier.root().hex() != each.root:
            yield _of(each, "log_entries", "root does not follow from the hashes of the entries")
    report.tree = Tree(leaves)
    state = read_state(connection)
    if state is not None:
        report.origin = state.origin
        if (state.size, state.frontier.data) != (frontier.size, frontier.data):
            yield Finding(row="log_state", problem="size and frontier do not fit the entries")
    elif entries:
        yield Finding(row="log_state", problem="the row is missing")


def _prunes(connection: Connection) -> dict[str, tuple[int, int]]:
    """Source → number of the sealing entry, and of the last pruned one."""
    p = prune_checkpoints.c
    rows = connection.execute(select(p.source, p.entry, p.through_entry))
    return {source: (entry, through) for source, entry, through in rows}


def _first_entry(connection: Connection, selection: Selection) -> int:
    """Number of the first entry that is selected by its time."""
    if selection.since is None:
        return 0
    late = source_runs.c.observed_at >= selection.since
    found = connection.scalar(
        select(source_runs.c.entry).where(late).order_by(source_runs.c.entry).limit(1)
    )
    return 1 << 62 if found is None else int(found)


def _check_runs(
    connection: Connection, entries: Sequence[_Entry], runs: dict[str, int]
) -> Iterator[Finding]:
    """Recompute the entries of a range of runs, whose rows are read with a few statements."""
    hashes = hashes_by_run(connection, **runs)
    stored = {
        entry: split_hashes(bytes(data))
        for entry, data in connection.execute(
            select(event_hashes.c.entry, event_hashes.c.hashes)
            .join(log_entries, log_entries.c.entry == event_hashes.c.entry)
            .where(log_entries.c.run_id.between(runs["first"], runs["last"]))
        )
    }
    source_columns = (*SOURCE_RUN_COLUMNS, "entry")
    source_rows = read_values(connection, "source_runs", source_columns, _BETWEEN, **runs)
    sync_rows = read_values(connection, "sync_runs", ("run_id", *RUN_COLUMNS), _BETWEEN, **runs)
    runs_at = {(row["source"], row["run_id"]): row for row in source_rows}
    sync_runs = {row.pop("run_id"): row for row in sync_rows}
    ends: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in read_values(connection, "sync_runs", (*END_COLUMNS, "ended_entry"), _ENDED, **runs):
        ends[row.pop("ended_entry")].append(row)
    for entry in entries:
        key = (entry.source, entry.run_id)
        if key not in runs_at:
            yield _of(entry, "source_runs", "the row is missing")
            continue
        number = runs_at[key].pop("entry")
        if number != entry.entry:
            yield _of(entry, "source_runs", f"column entry is {number}")
        ended = ends[entry.entry]
        run_hashes = hashes.get(key, [])
        data = run_entry(runs_at[key], sync_runs.get(entry.run_id, {}), ended, hashes=run_hashes)
        events = read_events(connection, of_run(*key))
        located = ((str(event), leaf_hash(event.data)) for event in events)
        recomputed = _Recomputed(data, run_hashes, located)
        names = ", ".join(f"of run {each['run_id']}" for each in ended)
        which = f"or the end {names}" if names else "or its row of log_entries"
        suspects = f"the row, the row of its run in sync_runs, {which}"
        otherwise = _of(entry, "source_runs", f"{suspects} is not what was logged")
        yield from _compare(entry, recomputed, stored.get(entry.entry, []), otherwise)


_BETWEEN: Final = "run_id between :first and :last"
_ENDED: Final = """
    ended_entry in (select entry from log_entries where run_id between :first and :last)
    order by run_id
"""


def _check_kept(
    connection: Connection, source: str, through: int, sealing: int, entry: _Entry | None
) -> Iterator[Finding]:
    """What was kept of pruned runs, against the entry that seals it."""
    if entry is None or entry.source != source:
        problem = f"entry {sealing} does not seal it"
        yield Finding(source=source, row="prune_checkpoints", problem=problem)
        return
    located = [(row, leaf_hash(data)) for row, data in read_kept(connection, source, through)]
    hashes = [each for _, each in located]
    data = prune_data(connection, source, hashes=hashes)
    otherwise = _of(entry, "prune_checkpoints", "the row is not what was logged")
    stored = stored_hashes(connection, sealing)
    yield from _compare(entry, _Recomputed(data, hashes, located), stored, otherwise)


@dataclass(frozen=True, slots=True)
class _Recomputed:
    """An entry's data and the hashes of its events, and where each event was read from."""

    data: bytes
    hashes: Sequence[bytes]
    located: Iterable[tuple[str, bytes]]


def _compare(
    entry: _Entry, recomputed: _Recomputed, stored: Sequence[bytes], otherwise: Finding
) -> Iterator[Finding]:
    """Compare with what was logged; `otherwise`: the finding if only the data differs."""
    if recomputed.hashes != stored:
        yield from _locate(entry, recomputed.located, stored)
    elif leaf_hash(recomputed.data).hex() != entry.leaf_hash:
        yield otherwise
    elif len(stored) != entry.events:
        yield _of(entry, "log_entries", "column events is not the number of events")


def _locate(
    entry: _Entry, located: Iterable[tuple[str, bytes]], stored: Sequence[bytes]
) -> Iterator[Finding]:
    """The rows whose events are not those that were logged, and the events that have no row."""
    missing = {each: index for index, each in enumerate(stored)}
    changed = []
    for index, (row, event) in enumerate(located):
        if missing.pop(event, None) is None:
            changed.append((index, row))
    for index, row in changed:
        table = row.partition(",")[0]
        yield _of(entry, row, f"the {table} row is not what was logged", event=index)
    if not changed and missing:
        index = min(missing.values())
        yield _of(entry, "events", f"no row for {len(missing)} logged events", event=index)
    if not changed and not missing:
        yield _of(entry, "events", "the rows are logged in another order")
