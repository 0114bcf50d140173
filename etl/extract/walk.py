"""Reads a source: all its listings, as often as it takes to show that nothing was missed.

    walk 1   every listing forward; those that are `exact` are done
    walk 2   the others backward, where the endpoint sorts by creation time: `ordered`
             else forward again, in the other direction: `agreed` when both saw the same
    walk …   and so on, to `max_walks`; what is not shown by then is `none`

It knows nothing of databases: whoever is shown the pages (`Observer`) tells how many images they
held, and whether two readings held the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, Self, TypeVar

from etl.extract.backward import ProofBroken, read_backward
from etl.extract.forward import (
    ListingFacts,
    Observer,
    OnPage,
    doubts,
    page_count,
    read_forward,
)
from etl.extract.paging import CREATION, Order, Pager, Style, UnsortableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from etl.config import SourceSettings, WalkSettings
    from etl.extract.client import Client
    from etl.model import Certificate, Listing

_SUMMED: Final = (
    *("total_first", "total_last", "total_lowest", "total_highest"),
    *("rows", "short_pages", "past_the_end", "restarts"),
)
STRENGTH: Final[tuple[Certificate, ...]] = ("none", "agreed", "ordered", "exact")


class Comparable(Observer, Protocol):
    """An observer that can be held against another reading's, and closed when it does not count."""

    def saw_same_as(self, other: Self) -> bool: ...
    def close(self) -> None: ...


Seer = TypeVar("Seer", bound=Comparable)


@dataclass(slots=True)
class Reading(Generic[Seer]):
    """One reading of a listing that came to its end."""

    observer: Seer
    facts: ListingFacts
    certificate: Certificate = "none"
    doubts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ListingWalk(Generic[Seer]):
    """All readings of one listing, oldest first."""

    listing: Listing
    readings: list[Reading[Seer]] = field(default_factory=list)
    backward: str = ""  # "" as long as not tried; "done"; else why it can't be read so

    @property
    def last(self) -> Reading[Seer]:
        """The latest reading that came to its end; its word counts."""
        return self.readings[-1]

    @property
    def certificate(self) -> Certificate:
        """The last reading's."""
        return self.last.certificate if self.readings else "none"


@dataclass(slots=True)
class Walk(Generic[Seer]):
    """What the walks of a source came to."""

    listings: list[ListingWalk[Seer]]
    walks: int

    @property
    def certificate(self) -> Certificate:
        """The weakest of the listings'."""
        return min((each.certificate for each in self.listings), key=STRENGTH.index)

    @property
    def pages(self) -> int:
        """Pages of all readings that came to their end."""
        return sum(reading.facts.pages for each in self.listings for reading in each.readings)

    @property
    def reported_total(self) -> int:
        """What the last pages say of how many images there are."""
        return sum(each.last.facts.total_last for each in self.listings)

    @property
    def empty_listings(self) -> set[str]:
        """The listings that came back without a row, as `TYPE/WORKSPACE`."""
        return {str(each.listing) for each in self.listings if not each.last.observer.rows}

    def observers(self) -> list[Seer]:
        """Who saw the images, in order of precedence.

        A certified walk is its listings' last readings. Otherwise all readings count, since each
        saw images that another may have missed: the newest first, a walk's listings in order.
        """
        if self.certificate != "none":
            return [each.last.observer for each in self.listings]
        depth = max(len(each.readings) for each in self.listings)
        return [
            each.readings[-age].observer
            for age in range(1, depth + 1)
            for each in self.listings
            if age <= len(each.readings)
        ]

    def detail(self) -> dict[str, Any]:
        """For `walk_detail`: the sums of the last readings, and each listing by itself."""
        facts = [each.last.facts for each in self.listings]
        sums = {name: sum(getattr(each, name) for each in facts) for name in _SUMMED}
        observers = [each.last.observer for each in self.listings]
        return {
            **sums,
            "distinct": sum(each.distinct for each in observers),
            "doubles": sum(each.doubles for each in observers),
            "listings": [_listing_detail(each) for each in self.listings],
        }


def _listing_detail(walked: ListingWalk[Any]) -> dict[str, Any]:
    last = walked.last
    return {
        "listing": str(walked.listing),
        "certificate": last.certificate,
        "readings": len(walked.readings),
        **last.facts.as_detail(),
        "distinct": last.observer.distinct,
        "doubles": last.observer.doubles,
        "nameless": last.observer.nameless,
        "doubts": last.doubts,
        **({"backward": walked.backward} if walked.backward else {}),
    }


class Walker(Generic[Seer]):
    """Walks the listings of one source; `on_page` is told pages, rows and total so far."""

    def __init__(
        self,
        client: Client,
        source: SourceSettings,
        settings: WalkSettings,
        *,
        observer_for: Callable[[Listing], Seer],
        on_page: OnPage,
    ) -> None:
        self._client = client
        self._source = source
        self._settings = settings
        self._observer_for = observer_for
        self._on_page = on_page
        self._style = Style(size=source.http.page_size)
        self._sort_key = settings.sort_key

    def walk(self, listings: Iterable[Listing]) -> Walk[Seer]:
        """Reads until every listing is certified, or `max_walks` are done. Raises `SourceError`.

        A listing is read as soon as it comes: the later ones may not be known yet.
        """
        walked: list[ListingWalk[Seer]] = []
        for listing in listings:
            walked.append(ListingWalk(listing))
            self._read_again(walked[-1])
        walks = 1
        while walks < self._settings.max_walks:
            doubtful = [each for each in walked if each.certificate == "none"]
            if not doubtful:
                break
            walks += 1
            for each in doubtful:
                self._read_again(each)
        return Walk(walked, walks)

    def _read_again(self, walked: ListingWalk[Seer]) -> None:
        if walked.readings and not walked.backward and self._read_ordered(walked):
            return
        direction = "DESC" if len(walked.readings) % 2 else "ASC"
        reading = self._read_forward(walked.listing, direction)
        reading.doubts = doubts(reading.facts, reading.observer)
        if not reading.doubts:
            reading.certificate = "exact"
        elif walked.readings and _agree(walked.last, reading):
            reading.certificate = "agreed"
        walked.readings.append(reading)

    def _read_forward(self, listing: Listing, direction: str) -> Reading[Seer]:
        observer = self._observer_for(listing)
        facts = self._in_order(listing, direction, observer)
        return Reading(observer, facts)

    def _in_order(self, listing: Listing, direction: str, observer: Seer) -> ListingFacts:
        """Reads forward by the sort key, or without it where the endpoint can't sort by it."""
        pager = self._pager(listing, Order(self._sort_key, direction))
        try:
            return self._forward(pager, observer)
        except UnsortableError:
            self._sort_key = ""
        facts = self._forward(self._pager(listing, Order()), observer)
        facts.restarts += 1
        return facts

    def _forward(self, pager: Pager, observer: Seer) -> ListingFacts:
        return read_forward(
            pager,
            observer,
            concurrency=self._source.http.concurrency,
            max_pages=self._settings.max_pages,
            on_page=self._on_page,
        )

    def _read_ordered(self, walked: ListingWalk[Seer]) -> bool:
        """Tries the backward reading; whether it proved the listing whole."""
        pager = self._pager(walked.listing, Order(CREATION, "ASC"))
        observer = self._observer_for(walked.listing)
        start = max(page_count(walked.last.facts, pager) - 1, 0)
        try:
            facts = read_backward(
                pager,
                observer,
                start=start,
                max_pages=self._settings.max_pages,
                on_page=self._on_page,
            )
        except UnsortableError:
            walked.backward = "the endpoint can't sort by creation time"
        except ProofBroken as broken:
            walked.backward = str(broken)
        else:
            walked.backward = "done"
            walked.readings.append(Reading(observer, facts, "ordered"))
            return True
        observer.close()
        return False

    def _pager(self, listing: Listing, order: Order) -> Pager:
        return Pager(self._client, self._source, listing, style=self._style, order=order)


def _agree(before: Reading[Seer], after: Reading[Seer]) -> bool:
    """Whether two readings in a row saw the same images and the same, constant total."""
    return (
        before.facts.held_still
        and after.facts.held_still
        and before.facts.total_last == after.facts.total_last
        and before.observer.saw_same_as(after.observer)
    )
