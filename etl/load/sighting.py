"""What does one reading of a listing show, against what the database has?

Fed page by page while the network is being waited for. A record that the database has byte for
byte is only marked as seen; of the others, only what differs is kept, in spools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from etl.decide.diff import field_changes
from etl.decide.ledger import version_fact, version_facts
from etl.load.rejects import RECORD_BYTES, record_digest
from etl.load.seen import Seen, together
from etl.load.stage import Changed, New, Rejected, Spool, Touched
from etl.model import DELETED, Image, Reject
from etl.profiler import Profiler
from etl.transform import normalise_all, received_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from etl.load.baseline import Baseline, Mark
    from etl.model import Candidate, Images, Known, Listing, Page

UNKNOWN_FIELDS: Final = 1000  # a hostile source could name a new one in every record


class _Told(Struct, frozen=True, gc=False):
    """An image that is not as the database has it, with the digest of its record."""

    image: Image
    fingerprint: bytes
    record_digest: bytes


class Sighting:
    """One reading of `listing`: what it saw, and the differences that it staged."""

    def __init__(
        self, baseline: Baseline, listing: Listing, *, watch: Profiler | None = None
    ) -> None:
        self.listing = listing
        self.rows = 0
        self.nameless = 0  # records without a usable id: nobody knows which image they are
        self.seen = Seen()
        self.deleted: list[Candidate] = []  # present images that are listed as DELETED
        self.unknown_fields: set[str] = set()
        self.new = Spool(New)
        self.changed = Spool(Changed)
        self.touched = Spool(Touched)
        self.rejected = Spool(Rejected)
        self._baseline = baseline
        self._label = str(listing)
        self._on = (watch or Profiler()).on

    @property
    def distinct(self) -> int:
        """Distinct images, those of rejected records with a usable id among them."""
        return self.seen.distinct

    @property
    def doubles(self) -> int:
        """Rows that showed an image again."""
        return self.rows - self.nameless - self.distinct

    def observe(self, page: Page) -> None:
        """Takes in a page."""
        count = len(page.records)
        self.rows += count
        with self._on("digest", count):
            digests = [received_digest(record) for record in page.records]
        with self._on("match", count):
            unknown = self.seen.tell_all(self._baseline.match(digests))
        if unknown:
            with self._on("compare", len(unknown)):
                self._look_closer(page, unknown, digests)

    def saw_same_as(self, other: Sighting) -> bool:
        """Whether both readings showed the same images."""
        return self.seen.shows_same_as(other.seen)

    def close(self) -> None:
        """Gives the spools' memory and files back."""
        for spool in (self.new, self.changed, self.touched, self.rejected):
            spool.close()

    def _look_closer(self, page: Page, places: Sequence[int], digests: Sequence[bytes]) -> None:
        with self._on("normalise", len(places)):
            images, unreadable = normalise_all([page.records[place] for place in places])
        received = [digests[place] for i, place in enumerate(places) if i not in unreadable]
        rejects = [
            _rejected(page, places[i], each.image_id, each.reason) for i, each in unreadable.items()
        ]
        shown = {each.reject.image_id for each in rejects if each.reject.image_id is not None}
        marks = self._baseline.marks({*images.ids, *shown})
        self._gather_fields(images)
        self._relocate(images, received, marks, len(page.records))
        self._stage_told(images, received, marks)
        self._stage_rejects(rejects, marks)

    def _gather_fields(self, images: Images) -> None:
        for names in dict.fromkeys(images.unknown_fields):
            for name in names:
                if len(self.unknown_fields) < UNKNOWN_FIELDS:
                    self.unknown_fields.add(storable(name))

    def _relocate(
        self, images: Images, received: Sequence[bytes], marks: dict[str, Mark], page_rows: int
    ) -> None:
        misplaced = [
            mark.image_key
            for image_id, digest in zip(images.ids, received, strict=True)
            if (mark := marks.get(image_id))
            and mark.record_digest == digest
            and mark.state == "present"
        ]
        if misplaced:
            self._baseline.relocate(misplaced, page_rows)

    def _stage_told(
        self, images: Images, received: Sequence[bytes], marks: dict[str, Mark]
    ) -> None:
        new: list[int] = []
        touched: list[Touched] = []
        closer: list[_Told] = []
        for place, image_id in enumerate(images.ids):
            fingerprint, mark = images.fingerprints[place], marks.get(image_id)
            if mark is None:
                if self.seen.tell_other(image_id, fingerprint):
                    new.append(place)
            elif mark.state == "present" and mark.fingerprint == fingerprint:
                if self.seen.tell(mark.image_key) and mark.is_unseen:
                    touched.append(Touched(mark.image_key, received[place], None))
            else:
                closer.append(_Told(images.image(place), fingerprint, received[place]))
        added = self._new(images.picked(new), [received[place] for place in new])
        changed = self._compare(closer, marks, touched)
        with self._on("stage", len(new) + len(changed) + len(touched)):
            self.new.write(added)
            self.changed.write(changed)
            self.touched.write(touched)

    def _new(self, images: Images, received: Sequence[bytes]) -> list[New]:
        if not images:
            return []
        rows = self._baseline.form.new_rows(images, received, self._label)
        return [New(rows, version_facts(self._baseline.source, 1, images.columns))]

    def _compare(
        self, closer: list[_Told], marks: dict[str, Mark], touched: list[Touched]
    ) -> list[Changed]:
        """Value by value: the next versions; what is the same after all goes to `touched`."""
        known = self._baseline.find(
            {each.image.image_id: marks[each.image.image_id] for each in closer}
        )
        changed: list[Changed] = []
        deleted: list[str] = []
        for each in closer:
            image, fingerprint = each.image, each.fingerprint
            before = known[image.image_id]
            if before.state != "present":
                is_gone = image.status == DELETED and before.state == "removed"
                if self.seen.tell_other(image.image_id, fingerprint) and not is_gone:
                    changed.append(self._changed(each, before))
                continue
            if not self.seen.tell(before.image_key):
                continue
            if image.status == DELETED:
                self.seen.changed[before.image_key] = fingerprint
                deleted.append(image.image_id)
                continue
            version = self._changed(each, before)
            if version.changes:
                self.seen.changed[before.image_key] = fingerprint
                changed.append(version)
            elif fingerprint[0] != before.fingerprint[0]:
                touched.append(Touched(before.image_key, each.record_digest, fingerprint))
            elif marks[image.image_id].is_unseen:
                touched.append(Touched(before.image_key, each.record_digest, None))
        self.deleted += self._baseline.candidates(deleted)
        return changed

    def _changed(self, told: _Told, before: Known) -> Changed:
        source, version = self._baseline.source, before.version
        return Changed(
            image_key=before.image_key,
            state=before.state,
            version=version + 1,
            image=told.image,
            record_digest=told.record_digest,
            fingerprint=told.fingerprint,
            listing=self._label,
            fact=version_fact(source, version + 1, told.image),
            fact_before=version_fact(source, version, before.image),
            changes=field_changes(before.image, told.image),
        )

    def _stage_rejects(self, rejects: list[Rejected], marks: dict[str, Mark]) -> None:
        touched: list[Touched] = []
        for each in rejects:
            image_id = each.reject.image_id
            mark = marks.get(image_id) if image_id is not None else None
            if image_id is None:
                self.nameless += 1
            elif mark is None or mark.state != "present":
                self.seen.show_other(image_id)
            else:
                if mark.is_unseen and not self.seen.has(mark.image_key):
                    touched.append(Touched(mark.image_key, mark.record_digest or b"", None))
                self.seen.show(mark.image_key)
        self.rejected.write(rejects)
        self.touched.write(touched)


def seen_by(sightings: Iterable[Sighting]) -> Seen:
    """What several readings show together; the earlier one's word stands."""
    return together(sighting.seen for sighting in sightings)


def deleted_by(sightings: Sequence[Sighting]) -> list[Candidate]:
    """The present images that are listed as DELETED, by the first reading that tells of them."""
    deleted: list[Candidate] = []
    if not any(sighting.deleted for sighting in sightings):
        return deleted
    earlier = Seen()
    for sighting in sightings:
        deleted += [each for each in sighting.deleted if not earlier.has_told(each.image_key)]
        earlier.add(sighting.seen)
    return deleted


def storable(text: str) -> str:
    """Text that PostgreSQL can hold: U+FFFD in place of NUL and of lone surrogates."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "�")


def _rejected(page: Page, place: int, image_id: str | None, reason: str) -> Rejected:
    record = bytes(page.records[place])
    kept = record[:RECORD_BYTES].decode(errors="replace").replace("\0", "�")
    return Rejected(
        reject=Reject(
            image_id=None if image_id is None else storable(image_id),
            page=page.number,
            position=place,
            reason=storable(reason),
            record=kept,
        ),
        listing=str(page.listing),
        digest=record_digest(record),
        length=len(record),
    )
