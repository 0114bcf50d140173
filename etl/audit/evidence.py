"""Evidence about one image: everything that the log contains about it, with proofs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select, text

from etl.database.engine import snapshot
from etl.database.schema import current_images, log_entries, prune_checkpoints
from etl.errors import RecordInconsistent, UsageError
from etl.load.actors import read_actor
from etl.load.checkpoints import read_checkpoints, read_tree
from etl.load.log_entries import (
    SOURCE_RUN_COLUMNS,
    prune_data,
    read_rows,
    read_state,
    run_data,
)
from etl.load.log_events import Event, of_image, read_events, stored_hashes
from etl.proof.check import Invalid, leaf_hash
from etl.proof.checkpoint import Signer, make_note
from etl.proof.events import run_event
from etl.proof.evidence import ProvenEntry, ProvenEvent, make_files
from etl.proof.log import RUN_COLUMNS
from etl.proof.merkle import Tree


def collect_evidence(
    connection: Connection,
    image_id: str,
    *,
    source: str = "",
    removal_run: int | None = None,
    signer_of: Callable[[str], Signer | None],
) -> dict[str, bytes]:
    """Files of the evidence about an image, or about one of its removals.

    `signer_of`: the signer for an origin, for a state of the log that has no checkpoint yet. Raises
    `UsageError`, or `RecordInconsistent` if the tables do not fit the log.
    """
    with snapshot(connection):
        source = _source_of(connection, image_id, source)
        events = [*read_events(connection, of_image(source, image_id), kinds=_KINDS)]
        if removal_run is not None:
            events = _of_removal(events, removal_run)
        try:
            return _Collector(connection, source).files(events, signer_of)
        except (Invalid, LookupError, ValueError) as error:
            raise RecordInconsistent(
                f"the tables do not fit the log: {error}",
                hint="`image-sync verify` shows what does not match",
            ) from error


_KINDS = (
    *("opened", "field", "closed", "presence", "removal", "restored", "held", "released"),
    *("reject", "resolved", "attribution"),
)


def _source_of(connection: Connection, image_id: str, source: str) -> str:
    of_image = current_images.c.image_id == image_id
    sources = [
        *connection.scalars(select(current_images.c.source).where(of_image).order_by("source"))
    ]
    if source:
        sources = [each for each in sources if each == source]
    if not sources:
        raise UsageError(f"no image {image_id!r} on record", hint="`image-sync images --state all`")
    if len(sources) > 1:
        raise UsageError(
            f"image {image_id!r} belongs to several sources",
            hint=f"name one with --source: {', '.join(sources)}",
        )
    return str(sources[0])


def _of_removal(events: Sequence[Event], run_id: int) -> list[Event]:
    """The events of the removed version: from its opening to the end of its removal."""
    removed = [each for each in events if each.kind.name == "removal" and each.run_id == run_id]
    if not removed:
        runs = [each.run_id for each in events if each.kind.name == "removal"]
        known = f"it was removed by run {', '.join(map(str, runs))}" if runs else "it never was"
        raise UsageError(f"run {run_id} did not remove this image", hint=known)
    version = removed[0].value["version"]
    opened = [
        each.run_id
        for each in events
        if each.kind.name == "opened" and each.value["version"] == version
    ]
    first = min(opened, default=0)
    return [
        each
        for each in events
        if each.value.get("version", version) == version
        and (first <= each.run_id <= run_id or each.kind.name in {"restored", "attribution"})
    ]


@dataclass(slots=True)
class _Collector:
    """Entries and events of one evidence file, while they are gathered."""

    connection: Connection
    source: str
    hashes: dict[int, list[bytes]] = field(default_factory=dict)
    trees: dict[int, Tree] = field(default_factory=dict)
    proven: dict[tuple[int, int], ProvenEvent] = field(default_factory=dict)

    def files(
        self, events: Sequence[Event], signer_of: Callable[[str], Signer | None]
    ) -> dict[str, bytes]:
        """All files of the evidence file."""
        numbers = self._entries_of({each.run_id for each in events})
        pruned = self._pruned()
        for each in events:
            number = numbers[each.run_id]
            actor = self._actor(each)
            if pruned and number <= pruned["through_entry"]:
                self._prove(pruned["entry"], each.data, actor)
                self._prove_run(pruned["entry"], number, each.run_id)
            else:
                self._prove(number, each.data, actor)
        wanted = {number for number, _ in self.proven} | {*self._before_removals(events, numbers)}
        note, timestamp, size = self._checkpoint(max(wanted), signer_of)
        log = read_tree(self.connection, size)
        entries = {
            number: ProvenEntry(self._data(number), log.inclusion_proof(number))
            for number in sorted(wanted)
        }
        return make_files(note, timestamp, entries, self.proven)

    def _entries_of(self, run_ids: set[int]) -> dict[int, int]:
        """Run → number of its entry."""
        found = self.connection.execute(
            select(log_entries.c.run_id, log_entries.c.entry).where(
                log_entries.c.source == self.source, log_entries.c.run_id.in_(run_ids)
            )
        )
        return {run_id: entry for run_id, entry in found}  # noqa: C416  # rows are not pairs

    def _pruned(self) -> dict[str, Any] | None:
        row = self.connection.execute(
            select(prune_checkpoints.c.entry, prune_checkpoints.c.through_entry).where(
                prune_checkpoints.c.source == self.source
            )
        ).mappings()
        found = row.one_or_none()
        return None if found is None else dict(found)

    def _hashes(self, number: int) -> list[bytes]:
        if number not in self.hashes:
            self.hashes[number] = stored_hashes(self.connection, number)
        return self.hashes[number]

    def _prove(self, number: int, data: bytes, actor: bytes | None = None) -> None:
        """Add an event of an entry. Raises `ValueError` if the entry does not contain it."""
        hashes = self._hashes(number)
        if number not in self.trees:
            self.trees[number] = Tree(hashes)
        index = hashes.index(leaf_hash(data))
        proof = self.trees[number].inclusion_proof(index)
        self.proven[number, index] = ProvenEvent(data, len(hashes), proof, actor)

    def _prove_run(self, prune_entry: int, number: int, run_id: int) -> None:
        """Add the row of a pruned run, if it was kept."""
        rows = read_rows(
            self.connection,
            "source_runs",
            SOURCE_RUN_COLUMNS,
            "source = :source and run_id = :run_id",
            source=self.source,
            run_id=run_id,
        )
        if rows:
            run = read_rows(
                self.connection, "sync_runs", RUN_COLUMNS, "run_id = :run_id", run_id=run_id
            )
            self._prove(prune_entry, run_event(number, rows[0], run[0]))

    def _actor(self, event: Event) -> bytes | None:
        """The text that an attribution's digest commits to, as long as it was not erased."""
        if event.kind.name != "attribution" or event.value["actor_digest"] is None:
            return None
        value = event.value
        return read_actor(self.connection, (self.source, value["image_id"], value["version"]))

    def _before_removals(self, events: Sequence[Event], numbers: dict[int, int]) -> Iterator[int]:
        """The entry of the last run before each removal, unless it was pruned."""
        statement = text(_BEFORE)
        for each in events:
            if each.kind.name == "removal":
                named = {"source": self.source, "entry": numbers[each.run_id]}
                before = self.connection.execute(statement, named).scalar()
                if before is not None:
                    yield before

    def _data(self, number: int) -> bytes:
        """Data of an entry, which must be what the log has its hash of."""
        row = self.connection.execute(
            select(log_entries).where(log_entries.c.entry == number)
        ).one()
        hashes = self._hashes(number)
        if row.kind == "prune":
            data = prune_data(self.connection, self.source, hashes=hashes)
        else:
            data = run_data(self.connection, self.source, row.run_id, entry=number, hashes=hashes)
        if leaf_hash(data).hex() != row.leaf_hash:
            raise Invalid(f"entry {number} has another hash")
        return data

    def _checkpoint(
        self, last: int, signer_of: Callable[[str], Signer | None]
    ) -> tuple[str, bytes | None, int]:
        """Note, timestamp and size of a checkpoint that covers these entries.

        A timestamped one is preferred; without any, the present state is signed.
        """
        covering = read_checkpoints(self.connection, after=last)
        stamped = [each for each in covering if each.timestamp is not None]
        if covering:
            best = (stamped or covering)[-1]
            return best.note, best.timestamp, best.size
        state = read_state(self.connection)
        assert state is not None  # noqa: S101  # there are entries
        signer = signer_of(state.origin)
        origin = signer.name if signer else state.origin
        return make_note(origin, state.size, state.frontier.root(), signer), None, state.size


_BEFORE = """
    select max(l.entry) from log_entries as l
    where l.source = :source and l.kind = 'run' and l.entry < :entry
        and l.entry > coalesce(
            (select through_entry from prune_checkpoints where source = :source), -1
        )
"""
