"""All readings of one listing, until it is certified or another reading cannot help.

    reading 1   forward; `exact` if the pages add up
    reading 2   backward if the endpoint sorts by creation time: `ordered`;
                otherwise forward in the other direction: `agreed` if both readings are equal
    …           until `max_walks`

The logic is sequential: a generator that yields the requests it wants, first the one whose reply it
needs next, and receives that reply. Requests that it no longer yields are dropped. So it needs
neither threads nor locks, although the requests of all listings share one pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from etl.errors import SourceBroken
from etl.extract.backward import ProofBroken, read_backward
from etl.extract.pages import (
    CREATION_TIME,
    Order,
    PageFetcher,
    Pager,
    PageReply,
    PageRequest,
    Paging,
    Steps,
    UnsortableError,
)
from etl.extract.reading import Reading
from etl.model import Certificate, Listing, Page

if TYPE_CHECKING:
    from etl.config import WalkSettings

_PROBE_HINT: Final = "`image-sync probe` shows how the endpoint pages; see walk.offset_unit"


class ListingReader:
    """Reads one listing: `steps` yields its requests, `take_pages` the pages received so far."""

    def __init__(
        self, fetcher: PageFetcher, paging: Paging, settings: WalkSettings, *, lookahead: int
    ) -> None:
        """`lookahead`: how many pages may be requested ahead."""
        self.fetcher = fetcher
        self.settings = settings
        self._paging = paging
        self._pager = Pager(fetcher, paging)
        self.walks = 0
        self.pages = 0
        self.restarts = 0
        self.readings: list[Reading] = []  # that came to their end
        self.backward = ""  # why the backward reading proves nothing; "done" if it does
        self._lookahead = lookahead
        self._ends: set[int] = set()  # numbers of rows after which there was nothing more
        self._rejected_end = 0  # a record offset after a short first page that was rejected
        self._reading_number = 0
        self._received: list[Page] = []

    @property
    def listing(self) -> Listing:
        return self.fetcher.listing

    @property
    def size(self) -> int:
        """Rows of a page."""
        return self._pager.size

    @property
    def certificate(self) -> Certificate:
        """The last reading's."""
        return self.readings[-1].certificate if self.readings else "none"

    def take_pages(self) -> list[Page]:
        """The pages received since the last call."""
        pages, self._received = self._received, []
        return pages

    def steps(self) -> Steps[None]:
        """Read the listing as often as it takes. Raises `SourceError`."""
        while order := self._next_order(self.readings):
            self.walks += 1
            if order.is_backward:
                if (yield from self._read_backward(order)):
                    continue
                order = self._forward_order(len(self.readings))
            yield from self._read_forward(order)

    # The sequence of readings

    def _next_order(self, readings: Sequence[Reading]) -> Order | None:
        """The order of the reading after these; None if none can help."""
        if not readings:
            return self._forward_order(0)
        last = readings[-1]
        has_stalled = len(readings) > 1 and last.agrees_with(readings[-2])
        is_hopeless = last.hidden_cap or has_stalled or self.walks >= self.settings.max_walks
        if last.certificate != "none" or is_hopeless:
            return None
        is_provable = not (self.backward or last.untimed or self._is_unit_unknown(last))
        if is_provable and self._paging.sorts_by_creation:
            return Order(CREATION_TIME, "ASC", is_backward=True)
        return self._forward_order(len(readings))

    def _forward_order(self, readings: int) -> Order:
        """Readings alternate their direction, if the endpoint can sort."""
        key = self._paging.sort_key
        return Order(key, "DESC" if readings % 2 else "ASC") if key else Order()

    def _is_unit_unknown(self, reading: Reading) -> bool:
        """Whether several pages came without anything that shows what `offset` counts."""
        is_more_announced = not reading.is_sized and reading.total_last > reading.rows
        is_several = reading.page_count(self.size) > 1 or reading.pages > 1 or is_more_announced
        return self.settings.offset_unit == "auto" and is_several and not reading.is_numbered

    def _read_forward(self, order: Order) -> Steps[None]:
        reading = Reading(order)
        try:
            yield from self._forward(reading)
        except UnsortableError:
            self._paging.sort_key = ""
            self.restarts += 1
            self._end_attempt(reading)
            reading = Reading(Order())
            yield from self._forward(reading)
        reading.finish()
        if not reading.objections():
            reading.certificate = "exact"
        elif self._may_agree(reading):
            # A page size that hides rows would show other images in the opposite direction.
            is_reversed = reading.first_id_hash != self.readings[-1].first_id_hash
            if is_reversed or (yield from self._is_end_confirmed(reading)):
                reading.certificate = "agreed"
        self._end_attempt(reading)
        self.readings.append(reading)

    def _may_agree(self, reading: Reading) -> bool:
        return (
            bool(self.readings)
            and reading.agrees_with(self.readings[-1])
            and not (reading.hidden_cap or self._is_unit_unknown(reading))
        )

    def _read_backward(self, order: Order) -> Steps[bool]:
        """Whether the backward reading came to its end, so that no forward reading is needed."""
        reading = Reading(order)
        try:
            yield from read_backward(self, reading, start=self._last_page(self.readings[-1]))
        except UnsortableError:
            self._paging.sorts_by_creation = False
            self.backward = "the endpoint cannot sort by creation time"
        except ProofBroken as error:
            self._paging.sorts_by_creation = self._paging.sorts_by_creation and error.is_sorted
            self.backward = str(error)
        else:
            reading.finish()
            if (yield from self._is_end_confirmed(reading)):
                reading.certificate = "ordered"
            self.backward = "done"
            self.readings.append(reading)
        self._end_attempt(reading)
        return self.backward == "done"

    def _last_page(self, reading: Reading) -> int:
        """The last page that is announced, or that a forward reading found before the end."""
        return max(min(reading.page_count(self.size), reading.pages) - 1, 0)

    def _is_end_confirmed(self, reading: Reading) -> Steps[bool]:
        """Whether the list really ended after a short first page.

        If the record offset after it was rejected, and nothing has shown that `offset` counts
        records, it may have been page 20 instead of row 20. Then page 1 decides.
        """
        paging = self._paging
        if not self._rejected_end or paging.unit == "record" or paging.first_page is None:
            return True
        request = self._pager.request(reading.order, 1, size=self._rejected_end)
        reply = yield from self._pager.page_by_number(request)
        if reply and reply.records:
            reading.hidden_cap = self._rejected_end
        return not reading.hidden_cap

    def _end_attempt(self, reading: Reading) -> None:
        """The pages of the next attempt belong to another reading."""
        self._reading_number += bool(reading.pages)

    # A forward reading, with several pages in flight

    def _forward(self, reading: Reading) -> Steps[None]:
        """Read from the first page to the last.

        Rows that move between two requests are missed or seen twice; `Reading.objections` shows
        whether the pages add up nevertheless. Pages may be requested ahead but are processed in
        order.
        """
        number, page = 0, (yield from self._pager.first_page(reading.order))
        while True:
            self._deliver(reading, number, page)
            number += 1
            if not self._continues(reading, number, page):
                is_last = number >= reading.page_count(self.size)
                reading.short_pages += len(page.records) < self.size and not is_last
                return
            following = yield from self._following_page(reading, number, page)
            if following is None or not following.records:
                reading.past_the_end += 1
                self._ends.add(reading.rows)
                return
            reading.short_pages += len(page.records) < self.size
            page = following

    def _continues(self, reading: Reading, number: int, last: PageReply) -> bool:
        """Whether page `number` is requested: it is announced, or the pages contradict the total.

        Nothing that an earlier reading has shown to be the end is requested again.
        """
        is_announced = number < reading.page_count(self.size)
        is_full = len(last.records) >= self.size
        if reading.rows >= reading.total_last:
            return reading.rows > reading.total_last and is_full and not is_announced
        if is_announced and not self._is_short_first(number, last):
            return True
        has_ended = bool(last.records) and reading.rows in self._ends
        reading.past_the_end += has_ended
        return bool(last.records) and not has_ended

    def _is_short_first(self, number: int, last: PageReply) -> bool:
        """Whether `last` is the first page and has fewer rows than requested and announced."""
        return number == 1 and 0 < len(last.records) < self.size

    def _following_page(
        self, reading: Reading, number: int, last: PageReply
    ) -> Steps[PageReply | None]:
        """Page `number`, which comes after the page `last`; None if it is past the end."""
        if self._is_short_first(number, last):
            return (yield from self._page_after_short_first(reading))
        most = self.settings.max_pages
        if number >= most:
            raise SourceBroken(
                f"more than {most} pages and no end: {self.fetcher}",
                hint=f"raise walk.max_pages if there are more; {_PROBE_HINT}",
            )
        announced = reading.page_count(self.size)
        ahead = [
            self._pager.request(reading.order, each)
            for each in range(number + 1, min(announced, number + self._lookahead))
        ]
        if number >= announced and reading.rows < reading.total_last:
            ahead = self._next_reading(reading)
        request = self._pager.request(reading.order, number)
        reply = yield from self._pager.page(request, ahead)
        if reply is None or not reply.has_same_rows(last):
            return reply
        return (yield from self._repeated_page(request, last))

    def _page_after_short_first(self, reading: Reading) -> Steps[PageReply | None]:
        """The page after a first page that is short although `total` announces more rows.

        Either the total is wrong and the list ended, or the server caps the page size without
        showing it in `size`. One request based on the number of rows received shows which.
        """
        size = reading.rows
        request = self._pager.request(reading.order, 1, size=size)
        reply = yield from self._pager.page(request, self._next_reading(reading), is_trial=True)
        if reply is not None and reply.records:
            reading.hidden_cap = self._pager.size = size
        else:
            self._rejected_end = size if reply is None and self._paging.unit != "page" else 0
        return reply

    def _next_reading(self, reading: Reading) -> list[PageRequest]:
        """The first request of the reading after this one, which cannot become `exact`.

        It is sent together with the last request of this reading.
        """
        order = self._next_order([*self.readings, reading])
        if order is None:
            return []
        return [self._pager.request(order, self._last_page(reading) if order.is_backward else 0)]

    def _repeated_page(self, request: PageRequest, before: PageReply) -> Steps[PageReply | None]:
        """A page that repeated the one before, requested again.

        It is an error, unless the list moved by a page: then the page before, requested again, is a
        different one now. Both pages count as received, and the images that came twice leave the
        reading uncertified.
        """
        if self._paging.unit == "page" and self._paging.first_page is None:  # `current` is hidden
            self._paging.first_page = 1
        order, number = request.order, request.number
        again = yield from self._pager.page(self._pager.request(order, number))
        if again is None or not again.has_same_rows(before):
            return again
        before_now = yield from self._pager.page(self._pager.request(order, number - 1))
        if before_now is not None and again.has_same_rows(before_now):
            raise SourceBroken(
                f"page {number} repeats page {number - 1}, the paging never ends: {self.fetcher}",
                hint=_PROBE_HINT,
            )
        return again

    def read_page(self, reading: Reading, number: int) -> Steps[PageReply | None]:
        """Read one page and keep it for the consumer; None if it is past the end."""
        reply = yield from self._pager.page(self._pager.request(reading.order, number))
        if reply is not None:
            self._deliver(reading, number, reply)
        return reply

    def _deliver(self, reading: Reading, number: int, reply: PageReply) -> None:
        """Count a page and keep it for the consumer."""
        reading.add(reply)
        self.pages += 1
        self._received.append(
            Page(
                self.listing,
                self.fetcher.order,
                self._reading_number,
                number,
                reply.records,
                reply.total,
            )
        )

    # The result

    def _reasons(self) -> list[str]:
        """Why the listing is not certified."""
        last = self.readings[-1]
        if last.certificate != "none":
            return []
        reasons = last.objections()
        if self._is_unit_unknown(last):
            reasons.append("the responses have no `current`: set walk.offset_unit")
        return reasons

    def detail(self) -> dict[str, Any]:
        """The listing's part of `walk_detail`."""
        return {
            "listing": str(self.listing),
            "certificate": self.certificate,
            "readings": len(self.readings),
            **self.readings[-1].detail(),
            "restarts": self.restarts,
            **({"reasons": reasons} if (reasons := self._reasons()) else {}),
            **({"backward": self.backward} if self.backward else {}),
        }
