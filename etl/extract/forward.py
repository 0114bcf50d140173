"""Reads a listing from its first page to its last, several pages in flight, and says what was odd.

What it can't know is whether the list held still: rows that move between two requests are missed or
seen twice. `doubts` tells whether the pages add up all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from etl.errors import SourceBroken
from etl.extract.prefetch import Prefetch
from etl.model import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from etl.extract.paging import Pager
    from etl.transform import PageEnvelope


class Observer(Protocol):
    """Who is shown the pages of one reading, and counts.

    `rows`: records; `nameless`: those without a usable id; `distinct`: different ids among the
    others; `doubles`: records whose id had come before.
    """

    @property
    def rows(self) -> int: ...
    @property
    def nameless(self) -> int: ...
    @property
    def distinct(self) -> int: ...
    @property
    def doubles(self) -> int: ...
    def observe(self, page: Page) -> None: ...


OnPage = Callable[[int, int, int], None]
"""Told pages, rows and total after each page."""


@dataclass(slots=True)
class ListingFacts:
    """What the pages of one reading said and did."""

    total_first: int = 0
    total_last: int = 0
    total_lowest: int = 0
    total_highest: int = 0
    pages: int = 0
    rows: int = 0
    short_pages: int = 0
    past_the_end: int = 0
    restarts: int = 0
    sort: str = ""

    def take(self, envelope: PageEnvelope) -> None:
        """Takes in what a page says of the whole."""
        total = envelope.total
        if self.pages == 0:
            self.total_first = self.total_lowest = self.total_highest = total
        self.total_last = total
        self.total_lowest = min(self.total_lowest, total)
        self.total_highest = max(self.total_highest, total)
        self.pages += 1
        self.rows += len(envelope.data)

    @property
    def held_still(self) -> bool:
        """Whether `total` was the same on all pages."""
        return self.total_lowest == self.total_highest

    def as_detail(self) -> dict[str, Any]:
        """For `walk_detail`."""
        return {name: getattr(self, name) for name in self.__slots__}


def doubts(facts: ListingFacts, observer: Observer) -> list[str]:
    """Why a forward reading is not `exact`; none: nothing was missed and nothing seen twice.

    (A list that changed so that everything adds up all the same escapes any such check: this is
    why an absent image is still looked up before it counts as removed.)
    """
    distinct = observer.distinct + observer.nameless
    signs = {
        "the total changed": not facts.held_still,
        "an image came twice": observer.doubles > 0,
        "the pages hold another number of images than the total": distinct != facts.total_last,
        "a page was past the end": facts.past_the_end > 0,
        "a page was short": facts.short_pages > 0,
    }
    return [sign for sign, is_so in signs.items() if is_so]


def read_forward(
    pager: Pager, observer: Observer, *, concurrency: int, max_pages: int, on_page: OnPage
) -> ListingFacts:
    """Reads the listing; the first page alone, the others `concurrency` at a time, in order.

    While it is not known how offsets count they are taken for records, as the reference says; an
    answer that tells otherwise ends the window, and what was asked for ahead is thrown away.

    Raises `SourceError`: the listing could not be read.
    """
    facts = ListingFacts(sort=str(pager.order))
    for number, envelope in enumerate(_pages(pager, facts, concurrency=concurrency)):
        if number >= max_pages:
            raise SourceBroken(
                f"{pager.listing}: more than {max_pages} pages, and no end",
                hint="walk.max_pages is the bound",
            )
        facts.take(envelope)
        observer.observe(Page(pager.listing, number, envelope.data, envelope.total))
        if number < page_count(facts, pager) - 1 and len(envelope.data) < pager.style.size:
            facts.short_pages += 1
        on_page(facts.pages, facts.rows, facts.total_last)
    return facts


def page_count(facts: ListingFacts, pager: Pager) -> int:
    """How many pages there are by the latest total."""
    return -(-facts.total_last // pager.style.size)


def _pages(pager: Pager, facts: ListingFacts, *, concurrency: int) -> Iterator[PageEnvelope]:
    """The pages in order. `facts` are brought up to date by the reader between two of them."""
    envelope = pager.first()
    yield envelope
    number = 1
    while _goes_on(number, envelope, facts, pager):
        if concurrency == 1 or number + 1 >= page_count(facts, pager):
            following = _settled(pager, number, pager.alone(number), envelope)
            if following is None or not following.data:
                facts.past_the_end += 1
                return
            envelope = following
            yield envelope
            number += 1
            continue
        for following in _many(pager, facts, number, envelope, concurrency=concurrency):
            envelope = following
            yield envelope
            number += 1
        if facts.past_the_end:
            return


def _many(
    pager: Pager, facts: ListingFacts, number: int, before: PageEnvelope, *, concurrency: int
) -> Iterator[PageEnvelope]:
    """The pages from `number` to the end as it is known, in an ordered window."""
    with Prefetch(pager.fetch, threads=concurrency) as window:
        asked = number
        while True:
            most = 2 * concurrency if pager.style.is_certain else concurrency
            while asked < page_count(facts, pager) and len(window) < most:
                window.ask(asked)
                asked += 1
            if not len(window):
                return
            number, answer = window.take()
            if not _goes_on(number, before, facts, pager):
                return  # asked for before the list was known to be shorter
            asked_so = pager.style.by_number
            envelope = _settled(pager, number, pager.settled(number, answer), before)
            if envelope is None or not envelope.data:
                facts.past_the_end += 1
                return
            before = envelope
            yield envelope
            if pager.style.by_number != asked_so:
                return


def _goes_on(number: int, last: PageEnvelope, facts: ListingFacts, pager: Pager) -> bool:
    """Whether there is more: by the total, or because full pages exceed it."""
    if number < page_count(facts, pager):
        return facts.rows < facts.total_last or facts.pages * pager.style.size == facts.rows
    return facts.rows > facts.total_last and len(last.data) >= pager.style.size


def _settled(
    pager: Pager, number: int, envelope: PageEnvelope | None, before: PageEnvelope
) -> PageEnvelope | None:
    """The page; one that repeats the page before is an error, unless the list moved by a page.

    It moved when the page before, asked for anew, is another one now: then both are as they came,
    and the images that came twice leave the reading uncertified.
    """
    if envelope is None or not _repeats(envelope, before):
        return envelope
    again = pager.alone(number)
    if again is None or not _repeats(again, before):
        return again
    before_now = pager.alone(number - 1)
    if before_now is not None and _repeats(again, before_now):
        raise SourceBroken(
            f"{pager.listing}: page {number} repeats page {number - 1}: this paging never ends",
            hint="`image-sync probe` shows how the endpoint pages",
        )
    return again


def _repeats(envelope: PageEnvelope, before: PageEnvelope) -> bool:
    if not (envelope.data and before.data) or bytes(envelope.data[0]) != bytes(before.data[0]):
        return False  # the usual case, told by one record
    return [*map(bytes, envelope.data)] == [*map(bytes, before.data)]
