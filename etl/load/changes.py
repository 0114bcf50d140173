"""Comparison of a walk's pages with the recorded state, while they arrive.

A record whose bytes are on record is only marked as seen. Of the others, what differs is kept in a
spool until the commit.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from etl.decide.diff import field_changes
from etl.load.rejects import reject_of, storable
from etl.load.spool import Change, Kind, Reject, Spool
from etl.model import (  # msgspec needs the types
    DELETED,
    AbsentImage,
    ImageBatch,
    Listing,
    Page,
)
from etl.transform import normalise_all, record_digest

if TYPE_CHECKING:
    from etl.load.baseline import Baseline, StoredImage

MAX_UNKNOWN_FIELDS: Final = 1000  # a hostile source could name a new field in every record
_READINGS: Final = 10_000  # more than any listing is read in one walk
_KINDS: Final[dict[str, Kind]] = {
    "present": "changed",
    "removed": "restored",
    "out_of_scope": "in_scope",
}


class ChangeDetector:
    """The differences between the pages of one walk and the recorded state of its source.

    Every image has a position: the present ones that of the baseline, all others the next free
    one. Several readings may show an image. The first listing in the source's order decides, and
    within a listing its newest reading. This order is a number, the *claim* of a reading: the
    smallest claim on a position wins, and 0 means that the image was not seen.
    """

    def __init__(self, baseline: Baseline) -> None:
        self.baseline = baseline
        self.unknown_fields: set[str] = set()
        self._spool = Spool(Change)
        self._rejects = Spool(Reject)
        self._present = len(baseline.keys)
        self._claims = array("I", bytes(4 * self._present))
        self._others: dict[str, int] = {}  # id → position of images that are not present
        # What the values are that differ from those on record, as 64 bits of the fingerprint:
        self._different: dict[int, int] = {}  # by position, of present images
        self._other_values = array("Q")  # of the others, in the order of their positions
        self._deleted: set[int] = set()  # positions of present images with status DELETED
        self._rejected: set[int] = set()  # positions shown by records that cannot be parsed
        self._conflicts: set[int] = set()
        self._listings: dict[int, Listing] = {}  # by their place in the source's order

    def add(self, page: Page) -> None:
        """Compare a page."""
        self._listings.setdefault(page.order, page.listing)
        claim = (page.order + 1) * _READINGS - page.reading
        digests = [*map(record_digest, page.records)]
        unmatched = self._claim_unchanged(digests, claim)
        if unmatched:
            self._compare(page, unmatched, [digests[place] for place in unmatched], claim)

    @property
    def seen_count(self) -> int:
        """Number of distinct images that were seen, including those of rejected records."""
        present = range(self._present)
        unparsed = sum(1 for each in self._rejected if each in present and not self._claims[each])
        return self.parsed_count + unparsed + len(self._others)

    @property
    def parsed_count(self) -> int:
        """Number of present images that at least one readable record showed."""
        return self._present - self._claims[: self._present].count(0)

    @property
    def deleted_keys(self) -> list[int]:
        """Keys of the present images that are listed with status DELETED."""
        return sorted(self.baseline.keys[position] for position in self._deleted)

    @property
    def conflict_count(self) -> int:
        """Number of images that two listings showed with different values."""
        return len(self._conflicts)

    def was_seen(self, image_key: int) -> bool:
        """Whether any record showed this image, which was present before the run."""
        position = self.baseline.position_of(image_key)
        return bool(self._claim_on(position)) or position in self._rejected

    def was_parsed(self, image_id: str | None, image_key: int | None) -> bool:
        """Whether a readable record showed this image; the key if it is on record."""
        position = self._others.get(image_id or "")
        if position is None and image_key is not None:
            position = self.baseline.position_of(image_key)
        return bool(self._claim_on(position))

    def listing_of(self, image_key: int) -> Listing | None:
        """Return the listing whose values count for this present image; None if not seen."""
        claim = self._claim_on(self.baseline.position_of(image_key))
        return self._listings[(claim - 1) // _READINGS] if claim else None

    def absent(self) -> list[AbsentImage]:
        """Read the present images that no reading showed, in key order."""
        claims = enumerate(self._claims[: self._present])
        unclaimed = [position for position, claim in claims if not claim]
        keys = [self.baseline.keys[each] for each in unclaimed if each not in self._rejected]
        return [*self.baseline.absent_images(keys)]

    def listed_deleted(self) -> list[AbsentImage]:
        """Read the present images that are listed with status DELETED."""
        return [*self.baseline.absent_images(self.deleted_keys)]

    def reseen(self) -> list[int]:
        """Return the keys of images that are seen again, unchanged, after walks without them."""
        return [
            self.baseline.keys[position]
            for position in sorted(self.baseline.missed)
            if (self._claims[position] or position in self._rejected)
            and position not in self._different
        ]

    def changes(self, *, is_certified: bool) -> Iterator[Change]:
        """Iterate over the changes to apply: of each image the one with the smallest claim.

        A walk that is not certified adds and changes no image that is listed as DELETED.
        """
        claims = self._claims
        for change in self._spool:
            if claims[change.position] == change.claim and (
                is_certified or change.image.status != DELETED
            ):
                yield change

    def rejects(self) -> Iterator[Reject]:
        """Iterate over the records that cannot be parsed, once for each reason."""
        known: set[tuple[str, str]] = set()
        for each in self._rejects:
            if (each.record_digest, each.reason) not in known:
                known.add((each.record_digest, each.reason))
                yield each

    def _claim_unchanged(self, digests: Sequence[bytes], claim: int) -> list[int]:
        """Mark the records that are on record as seen; return the places of all others."""
        positions = [*map(self.baseline.positions.get, digests)]
        claims, unmatched = self._claims, []
        for place, position in enumerate(positions):
            if position is None:
                unmatched.append(place)
            elif claims[position]:
                self._claim(position, claim, None)
            else:
                claims[position] = claim
        return unmatched

    def _claim(self, position: int, claim: int, fingerprint: bytes | None) -> bool:
        """Whether this reading decides about an image so far; None: it is as on record."""
        earlier = self._claims[position]
        values = 0 if fingerprint is None else int.from_bytes(fingerprint[:8])
        is_same = self._values_of(position) == values
        if earlier:
            is_other_listing = (earlier - 1) // _READINGS != (claim - 1) // _READINGS
            if is_other_listing and not is_same:
                self._conflicts.add(position)
            # The same values again, by a newer reading, need not be kept again.
            if earlier <= claim or (is_same and not is_other_listing):
                return False
        self._claims[position] = claim
        self._deleted.discard(position)
        if position >= self._present:
            self._other_values[position - self._present] = values
        elif values:
            self._different[position] = values
        else:
            self._different.pop(position, None)
        return True

    def _values_of(self, position: int) -> int:
        """64 bits of the fingerprint of the values shown so far; 0: none, or as on record."""
        if position < self._present:
            return self._different.get(position, 0)
        return self._other_values[position - self._present]

    def _claim_on(self, position: int | None) -> int:
        return 0 if position is None else self._claims[position]

    def _compare(
        self, page: Page, places: Sequence[int], digests: Sequence[bytes], claim: int
    ) -> None:
        batch, unreadable = normalise_all([page.records[place] for place in places])
        self._gather_unknown_fields(batch)
        rejects = [reject_of(page, places[i], each) for i, each in unreadable.items()]
        rejected_ids = {each.image_id for each in rejects if each.image_id is not None}
        stored = self.baseline.stored_images({*batch.ids, *rejected_ids})
        self._rejected |= {self._position(each, stored.get(each)) for each in rejected_ids}
        readable = (digest for i, digest in enumerate(digests) if i not in unreadable)
        changes = []
        for image, digest, fingerprint in zip(
            batch.images(), readable, batch.fingerprints, strict=True
        ):
            before = stored.get(image.image_id)
            position = self._position(image.image_id, before)
            shown = Change(
                position=position,
                claim=claim,
                kind="added",
                image_key=0,
                version=1,
                image=image,
                record_digest=digest,
                fingerprint=fingerprint,
                listing=str(page.listing),
            )
            if change := self._change(shown, before):
                changes.append(change)
        self._spool.write(changes)
        self._rejects.write(rejects)

    def _gather_unknown_fields(self, batch: ImageBatch) -> None:
        for names in dict.fromkeys(batch.unknown_fields):
            for name in names:
                if len(self.unknown_fields) < MAX_UNKNOWN_FIELDS:
                    self.unknown_fields.add(storable(name))

    def _position(self, image_id: str, stored: StoredImage | None) -> int:
        known = None if stored is None else self.baseline.position_of(stored.image_key)
        if known is not None:
            return known
        position = self._others.setdefault(image_id, len(self._claims))
        if position == len(self._claims):
            self._claims.append(0)
            self._other_values.append(0)
        return position

    def _change(self, shown: Change, before: StoredImage | None) -> Change | None:
        """Return the change that an image as shown results in, if its reading decides so far."""
        position, claim, fingerprint = shown.position, shown.claim, shown.fingerprint
        if before is None:
            return shown if self._claim(position, claim, fingerprint) else None
        is_present, is_deleted = before.state == "present", shown.image.status == DELETED
        has_same_values = fingerprint == before.fingerprint
        fields = () if has_same_values else field_changes(before.image, shown.image)
        is_same = is_present and not fields
        if not self._claim(position, claim, None if is_same else fingerprint):
            return None
        has_same_rules = shown.record_digest[:1] == before.record_digest[:1]
        if is_same and has_same_values and has_same_rules:
            return None
        if is_deleted and before.state != "out_of_scope":
            if is_present:
                self._deleted.add(position)
            return None
        kind: Kind = "rehashed" if is_same else _KINDS[before.state]
        return replace(
            shown, kind=kind, image_key=before.image_key, version=before.version + 1, fields=fields
        )
