"""Entries of the log, recomputed from the tables: data, events and the tree over all entries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from etl.audit.verify.findings import Finding
from etl.database.schema import event_hashes, log_entries, prune_checkpoints, source_runs
from etl.load.log_entries import (
    SOURCE_RUN_COLUMNS,
    prune_data,
    read_kept,
    read_rows,
    read_state,
)
from etl.load.log_events import hashes_by_run, of_run, read_events, stored_hashes
from etl.proof.check import leaf_hash
from etl.proof.entries import END_COLUMNS, RUN_COLUMNS, run_entry
from etl.proof.merkle import Frontier, Tree, split_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

    _Entry = Row[*tuple[Any, ...]]

RUNS_AT_ONCE: Final = 200
_Key = tuple[str, int]


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
    pruned_sources: dict[str, int] = field(default_factory=dict)  # source → last pruned entry

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
    report.pruned_sources = {source: through for source, (_, through) in prunes.items()}
    live: dict[_Key, _Entry] = {}
    for each in entries:
        sealing, through = prunes.get(each.source, (None, -1))
        if each.kind == "run" and each.entry > through:
            live[each.source, each.run_id] = each
        elif each.kind == "run" or (sealing is not None and each.entry < sealing):
            report.pruned += 1
        elif each.entry != sealing:
            yield _of(each, "prune_checkpoints", "the row that this entry seals is missing")
    first = _first_entry(connection, selection)
    yield from _check_runs(connection, live, selection, first, report)
    for source, (sealing, through) in prunes.items():
        if selection.contains(source):
            yield from _check_kept(connection, source, sealing, through)


_COLUMNS: Final = (
    *(log_entries.c.entry, log_entries.c.kind, log_entries.c.run_id, log_entries.c.source),
    *(log_entries.c.events, log_entries.c.leaf_hash, log_entries.c.root),
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
    rows = connection.execute(
        select(
            prune_checkpoints.c.source,
            prune_checkpoints.c.entry,
            prune_checkpoints.c.through_entry,
        )
    )
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
    connection: Connection,
    live: dict[_Key, _Entry],
    selection: Selection,
    first: int,
    report: EntryReport,
) -> Iterator[Finding]:
    """Recompute the entries of runs, some runs at a time."""
    chosen = {
        key: each
        for key, each in live.items()
        if selection.contains(each.source) and each.entry >= first
    }
    run_ids = sorted({run_id for _, run_id in chosen})
    for start in range(0, len(run_ids), RUNS_AT_ONCE):
        block = run_ids[start : start + RUNS_AT_ONCE]
        rows = _Rows.of(connection, block[0], block[-1])
        members = [each for each in chosen.values() if block[0] <= each.run_id <= block[-1]]
        for each in sorted(members, key=lambda each: each.entry):
            report.recomputed += 1
            yield from _check_run(connection, each, rows)


@dataclass(slots=True)
class _Rows:
    """What the entries of a range of runs consist of."""

    hashes: dict[_Key, list[bytes]]
    stored: dict[int, list[bytes]]
    source_runs: dict[_Key, dict[str, Any]]
    sync_runs: dict[int, dict[str, Any]]
    ended: dict[int, list[dict[str, Any]]]

    @classmethod
    def of(cls, connection: Connection, first: int, last: int) -> _Rows:
        """Read them all with a few statements."""
        runs = {"first": first, "last": last}
        source_rows = read_rows(
            connection, "source_runs", (*SOURCE_RUN_COLUMNS, "entry"), _BETWEEN, **runs
        )
        sync_rows = read_rows(connection, "sync_runs", ("run_id", *RUN_COLUMNS), _BETWEEN, **runs)
        ended: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in read_rows(
            connection, "sync_runs", (*END_COLUMNS, "ended_entry"), _ENDED, **runs
        ):
            ended[row.pop("ended_entry")].append(row)
        in_range = log_entries.c.run_id.between(first, last)
        stored = connection.execute(
            select(event_hashes.c.entry, event_hashes.c.hashes)
            .join(log_entries, log_entries.c.entry == event_hashes.c.entry)
            .where(in_range)
        )
        return cls(
            hashes_by_run(connection, first, last),
            {entry: split_hashes(bytes(data)) for entry, data in stored},
            {(row["source"], row["run_id"]): row for row in source_rows},
            {row.pop("run_id"): row for row in sync_rows},
            ended,
        )


_BETWEEN: Final = "run_id between :first and :last"
_ENDED: Final = """
    ended_entry in (select entry from log_entries where run_id between :first and :last)
    order by run_id
"""


def _check_run(connection: Connection, entry: _Entry, rows: _Rows) -> Iterator[Finding]:
    key = (entry.source, entry.run_id)
    hashes, stored = rows.hashes.get(key, []), rows.stored.get(entry.entry, [])
    source_run = rows.source_runs.get(key)
    if source_run is None:
        yield _of(entry, "source_runs", "the row is missing")
        return
    number = source_run.pop("entry")
    if number != entry.entry:
        yield _of(entry, "source_runs", f"column entry is {number}")
    if hashes != stored:
        yield from _locate(connection, entry, stored)
    data = run_entry(
        source_run,
        rows.sync_runs.get(entry.run_id, {}),
        rows.ended[entry.entry],
        hashes=hashes,
    )
    if leaf_hash(data).hex() == entry.leaf_hash:
        if len(hashes) != entry.events:
            yield _of(entry, "log_entries", "column events is not the number of events")
    elif hashes == stored:
        ended = [f"of run {each['run_id']}" for each in rows.ended[entry.entry]]
        which = "or the end " + ", ".join(ended) if ended else "or its row of log_entries"
        yield _of(
            entry,
            "source_runs",
            f"the row, the row of its run in sync_runs, {which} is not what was logged",
        )


def _locate(connection: Connection, entry: _Entry, stored: Sequence[bytes]) -> Iterator[Finding]:
    """The rows whose events are not those that were logged, and the events that have no row."""
    missing = {each: index for index, each in enumerate(stored)}
    changed = []
    for index, event in enumerate(read_events(connection, of_run(entry.source, entry.run_id))):
        if missing.pop(leaf_hash(event.data), None) is None:
            changed.append((index, str(event)))
    for index, row in changed:
        yield _of(entry, row, f"the {_short(row)} row is not what was logged", event=index)
    if not changed and missing:
        index = min(missing.values())
        yield _of(entry, "events", f"no row for {len(missing)} logged events", event=index)
    if not changed and not missing:
        yield _of(entry, "events", "the rows are logged in another order")


def _short(row: str) -> str:
    return row.partition(",")[0]


def _check_kept(
    connection: Connection, source: str, sealing: int, through: int
) -> Iterator[Finding]:
    """What was kept of pruned runs, against the entry that seals it."""
    entry = connection.execute(
        select(*_COLUMNS).where(
            log_entries.c.entry == sealing,
            log_entries.c.kind == "prune",
            log_entries.c.source == source,
        )
    ).one_or_none()
    if entry is None:
        problem = f"entry {sealing} does not seal it"
        yield Finding(source=source, row="prune_checkpoints", problem=problem)
        return
    kept = [(row, leaf_hash(data)) for row, data in read_kept(connection, source, through)]
    hashes, stored = [each for _, each in kept], stored_hashes(connection, sealing)
    if hashes != stored:
        known = set(stored)
        changed = [(index, row) for index, (row, each) in enumerate(kept) if each not in known]
        for index, row in changed:
            yield _of(entry, row, "the row is not what was kept", event=index)
        if not changed:
            lost = [index for index, each in enumerate(stored) if each not in {*hashes}]
            event = min(lost, default=None)
            yield _of(entry, "events", "rows that were kept are missing", event=event)
    data = prune_data(connection, source, hashes=hashes)
    if leaf_hash(data).hex() != entry.leaf_hash and hashes == stored:
        yield _of(entry, "prune_checkpoints", "the row is not what was logged")
