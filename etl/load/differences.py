"""What differs, over several readings of a source? The first that tells of an image wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.load.rows import ID, STATUS
from etl.load.seen import Seen
from etl.model import DELETED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from etl.load.sighting import Sighting
    from etl.load.stage import Changed, New, Rejected, Touched
    from etl.model import Decision


class Differences:
    """The staged differences of `sightings`, without those of images that `decision` takes away."""

    def __init__(self, sightings: Sequence[Sighting], decision: Decision) -> None:
        self._sightings = sightings
        leaving = (*(each.candidate for each in decision.removals), *decision.out_of_scope)
        self._gone = {candidate.image_key for candidate in leaving}

    def new(self, *, is_certified: bool) -> Iterator[New]:
        """Images never seen before, page by page; of a walk that is not certified, none that are
        listed as DELETED."""
        for sighting, earlier in self._in_order():
            told = earlier.others.get
            for page in sighting.new:
                yield page.picked(
                    [
                        place
                        for place, row in enumerate(page.rows)
                        if told(row[ID]) is None and (is_certified or row[STATUS] != DELETED)
                    ]
                )

    def changed(self, *, is_certified: bool) -> Iterator[Changed]:
        """Next versions of images that the database has; of a walk that is not certified, none
        that are listed as DELETED."""
        for sighting, earlier in self._in_order():
            for frame in sighting.changed:
                is_told = earlier.has_told(frame.image_key) or earlier.has_told_other(
                    frame.image.image_id
                )
                is_proven = is_certified or frame.image.status != DELETED
                if is_proven and not is_told and frame.image_key not in self._gone:
                    yield frame

    def touched(self) -> Iterator[Touched]:
        """Images that are as they were, but whose row says that they were not seen."""
        for sighting, earlier in self._in_order():
            for frame in sighting.touched:
                if not earlier.has_told(frame.image_key) and frame.image_key not in self._gone:
                    yield frame

    def rejected(self) -> Iterator[Rejected]:
        """Each record that could not be understood, once for each reason."""
        met: set[tuple[str, str]] = set()
        for sighting in self._sightings:
            for frame in sighting.rejected:
                mark = (frame.digest, frame.reject.reason)
                if mark not in met:
                    met.add(mark)
                    yield frame

    def unknown_fields(self) -> list[str]:
        """Names of the unknown fields, sorted."""
        return sorted(set[str]().union(*(each.unknown_fields for each in self._sightings)))

    def _in_order(self) -> Iterator[tuple[Sighting, Seen]]:
        """Each reading with what the readings before it show."""
        earlier = Seen()
        for place, sighting in enumerate(self._sightings):
            if place:
                earlier.add(self._sightings[place - 1].seen)
            yield sighting, earlier
