"""Evidence about one image: everything that the log contains about it, with proofs."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, select, text

from etl.database.engine import snapshot
from etl.database.schema import current_images, log_entries, prune_checkpoints
from etl.errors import RecordInconsistent, UsageError
from etl.load.attribution import read_actor
from etl.load.events import Event, of_image, read_events, stored_hashes
from etl.load.log import kept_run, prune_data, read_checkpoints, read_state, read_tree, run_data
from etl.proof import check
from etl.proof.check import Files, Invalid, leaf_hash
from etl.proof.checkpoint import Signer, make_note
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
    `UsageError`, or `RecordInconsistent` if the tables do not match the log.
    """
    with snapshot(connection):
        source = _source_of(connection, image_id, source)
        events = [*read_events(connection, of_image(source, image_id), kinds=_KINDS)]
        if removal_run is not None:
            events = _of_removal(events, removal_run)
        try:
            return _Collector(connection, source).collect(events, signer_of)
        except (Invalid, LookupError, ValueError) as error:
            raise RecordInconsistent(
                f"the tables do not match the log: {error}",
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
        known = (
            f"it was removed by run {', '.join(map(str, runs))}"
            if runs
            else "no run has removed it"
        )
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
    files: dict[str, bytes] = field(default_factory=dict)
    trees: dict[int, tuple[list[bytes], Tree]] = field(default_factory=dict)
    """Entry → leaf hashes of its events, and their tree."""

    def collect(
        self, events: Sequence[Event], signer_of: Callable[[str], Signer | None]
    ) -> dict[str, bytes]:
        """All files of the evidence file."""
        numbers = self._entries_of({each.run_id for each in events})
        pruned_by, through = self._pruned()
        wanted = {*self._before_removals(events, numbers)}
        for each in events:
            number = numbers[each.run_id]
            is_pruned = number <= through
            wanted.add(pruned_by if is_pruned else number)
            self._prove(pruned_by if is_pruned else number, each.data, self._actor(each))
            run = kept_run(self.connection, self.source, each.run_id, number) if is_pruned else None
            if run is not None:
                self._prove(pruned_by, run)
        note, timestamp, size = self._checkpoint(max(wanted), signer_of)
        log = read_tree(self.connection, size)
        for number in wanted:
            add_entry(self.files, number, self._data(number), log, note)
        return complete_files(self.files, note, timestamp)

    def _entries_of(self, run_ids: set[int]) -> dict[int, int]:
        """Run → number of its entry."""
        found = self.connection.execute(
            select(log_entries.c.run_id, log_entries.c.entry).where(
                log_entries.c.source == self.source, log_entries.c.run_id.in_(run_ids)
            )
        )
        return {run_id: entry for run_id, entry in found}  # noqa: C416  # rows are not pairs

    def _pruned(self) -> tuple[int, int]:
        """Number of the entry that seals what was pruned, and of the last pruned one; or -1."""
        row = self.connection.execute(
            select(prune_checkpoints.c.entry, prune_checkpoints.c.through_entry).where(
                prune_checkpoints.c.source == self.source
            )
        ).one_or_none()
        return (-1, -1) if row is None else (row.entry, row.through_entry)

    def _tree(self, number: int) -> tuple[list[bytes], Tree]:
        if number not in self.trees:
            hashes = stored_hashes(self.connection, number)
            self.trees[number] = hashes, Tree(hashes)
        return self.trees[number]

    def _prove(self, number: int, data: bytes, actor: bytes | None = None) -> None:
        """Add an event of an entry. Raises `ValueError` if the entry does not contain it."""
        hashes, tree = self._tree(number)
        add_event(self.files, (number, hashes.index(leaf_hash(data))), data, tree, actor)

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
        hashes, _ = self._tree(number)
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
        if covering:
            stamped = [each for each in covering if each.timestamp is not None]
            best = (stamped or covering)[-1]
            return best.note, best.timestamp, best.size
        state = read_state(self.connection)
        assert state is not None  # noqa: S101  # there are entries
        signer = signer_of(state.origin)
        origin = signer.name if signer else state.origin
        return make_note(origin, state.size, state.frontier.root(), signer), None, state.size


def add_event(
    files: Files, place: tuple[int, int], data: bytes, tree: Tree, actor: bytes | None
) -> None:
    """Add an event (entry, index) with its proof; `actor` is what its `actor_digest` is of."""
    number, index = place
    lines = [f"index {index}", f"size {len(tree)}", *_base64(tree.inclusion_proof(index)), ""]
    files[f"entries/{number}/{index}.json"] = data
    files[f"entries/{number}/{index}.proof"] = "\n".join(lines).encode()
    if actor is not None:
        files[f"entries/{number}/{index}.actor.json"] = actor


def add_entry(files: Files, number: int, data: bytes, log: Tree, note: str) -> None:
    """Add an entry with the proof that the checkpoint covers it."""
    proof = _base64(log.inclusion_proof(number))
    lines = ["c2sp.org/tlog-proof@v1", f"index {number}", *proof, "", note]
    files[f"entries/{number}.json"] = data
    files[f"entries/{number}.tlog-proof"] = "\n".join(lines).encode()


def complete_files(files: Files, note: str, timestamp: bytes | None) -> Files:
    """Add what follows from the entries and events. Raises `Invalid` if they do not fit."""
    files |= {"checkpoint.txt": note.encode(), "check.py": Path(check.__file__).read_bytes()}
    if timestamp is not None:
        files["checkpoint.tsr"] = timestamp
    evidence, _ = check.derive(files)
    files["evidence.json"] = check.statements_text(evidence)
    files["README.txt"] = check.readme(evidence, files["checkpoint.txt"])
    return files


def to_zip(files: Files) -> bytes:
    """ZIP file of these files; the same content is the same file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            item = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            item.external_attr = 0o644 << 16
            item.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(item, files[name])
    return buffer.getvalue()


def _base64(hashes: Sequence[bytes]) -> list[str]:
    return [b64encode(each).decode() for each in hashes]


_BEFORE = """
    select max(l.entry) from log_entries as l
    where l.source = :source and l.kind = 'run' and l.entry < :entry
        and l.entry > coalesce(
            (select through_entry from prune_checkpoints where source = :source), -1
        )
"""
