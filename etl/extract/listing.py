"""All readings of one listing, until it is certified or another reading cannot help.

    reading 1   forward; `exact` if the pages add up
    reading 2   backward if the endpoint sorts by creation time: `ordered`;
                otherwise forward in the other direction: `agreed` if both readings are equal
    …           until `max_walks`

A reading is written as steps of a `RequestQueue`: sequential logic, although the requests of all
listings share one window.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from etl.errors import SourceBroken
from etl.extract.backward import ProofBroken, read_backward
from etl.extract.forward import read_forward
from etl.extract.pages import (
    CREATION_TIME,
    Order,
    PageFetcher,
    PageReply,
    PageRequest,
    Paging,
    UnsortableError,
    by_page_number,
)
from etl.extract.reading import Reading
from etl.extract.request_queue import RequestQueue, Steps
from etl.model import Certificate, Listing, Page

if TYPE_CHECKING:
    from concurrent.futures import Future

    from etl.config import WalkSettings


class ListingReader:
    """Reads one listing. Whoever drives it sends its requests and passes on the replies."""

    def __init__(
        self, fetcher: PageFetcher, paging: Paging, settings: WalkSettings, *, lookahead: int
    ) -> None:
        """`lookahead`: how many pages may be requested ahead."""
        self.fetcher = fetcher
        self.paging = paging
        self.settings = settings
        self.lookahead = lookahead
        self.size = fetcher.source.http.page_size
        self.walks = 0
        self.pages = 0
        self.restarts = 0
        self.readings: list[Reading] = []  # that came to their end
        self.backward = ""  # why the backward reading proves nothing; "done" if it does
        self.rejected_end = 0  # a record offset after a short first page that was rejected
        self._ends: set[int] = set()  # numbers of rows after which there was nothing more
        self._reading_number = 0
        self._next: tuple[Order, PageRequest] | None = None
        self._delivered: list[Page] = []
        self.queue = RequestQueue()
        self.queue.start(self._read())

    @property
    def listing(self) -> Listing:
        return self.fetcher.listing

    def receive(self, request: PageRequest, reply: Future[PageReply | None]) -> list[Page]:
        """Pass on a reply; returns the pages that are complete now. Raises `SourceError`."""
        self.queue.receive(request, reply)
        delivered, self._delivered = self._delivered, []
        return delivered

    # For the readings

    def request(self, order: Order, number: int, *, size: int = 0) -> PageRequest:
        """A request for a page; `size`: another page size than the listing's."""
        size = size or self.size
        offset = self.paging.offset(number, size)
        return PageRequest(number, order, size, offset, self.paging.counts_pages)

    def deliver(self, reading: Reading, number: int, reply: PageReply) -> None:
        """Count a page and hand it to the consumer."""
        reading.add(reply)
        self.pages += 1
        self._delivered.append(
            Page(
                self.listing,
                self.fetcher.order,
                self._reading_number,
                number,
                reply.records,
                reply.image_ids,
                reply.total,
            )
        )

    def first_page(self, reading: Reading) -> Steps[PageReply]:
        """The first page, with what it shows about paging.

        An endpoint that counts pages from 1 may reject offset 0.
        """
        request = self._started(reading.order) or self.request(reading.order, 0)
        reply = yield request
        if reply is None and self.paging.unit != "record" and request.offset == 0:
            reply = yield replace(request, offset=1, counts_pages=True)
            if reply is not None:
                self.paging.unit, self.paging.first_page = "page", 1
        if reply is None:
            raise SourceBroken(f"the first page was rejected: {self.fetcher}")
        if reply.size and reply.size < self.size:
            self.size = reply.size
        if self.paging.first_page is None and reply.current in {0, 1}:
            self.paging.first_page = reply.current
        return reply

    def page(self, request: PageRequest, *, is_trial: bool = False) -> Steps[PageReply | None]:
        """A page after the first; None if it is past the end.

        `current` shows whether `offset` counts records or pages. `is_trial`: the page is probably
        past the end, so that a rejection shows nothing.
        """
        reply = yield request
        paging = self.paging
        if request.counts_pages != paging.counts_pages:  # shown by another reply in the meantime
            reply = yield self.request(request.order, request.number, size=request.limit)
        if reply is None:
            if paging.unit == "auto" and paging.first_page is not None and not is_trial:
                return (yield from self._by_number(request))
            return None
        expected = paging.index(request.number)
        if reply.current is None or reply.current == expected:
            # The last page shows nothing: an endpoint may return it for all that is past the end.
            is_inner = (request.number + 1) * request.limit < reply.total
            is_shown = reply.current is not None and request.offset != expected and is_inner
            if paging.unit == "auto" and is_shown:
                paging.unit = "record"
            return reply
        if paging.unit == "auto":
            return (yield from self._by_number(request))
        raise SourceBroken(
            f"requested page {expected} with offset {request.offset},"
            f" received page {reply.current}: {self.fetcher}",
            hint="set walk.offset_unit; `image-sync probe` shows how the endpoint pages",
        )

    def _by_number(self, request: PageRequest) -> Steps[PageReply | None]:
        """The page by its number, in case `offset` counts pages; None if it is past the end."""
        reply = yield by_page_number(request, self.paging)
        if reply is None or reply.current is None:
            return None
        if reply.current == self.paging.index(request.number):
            self.paging.unit = "page"
            return reply
        self.paging.unit = "record"
        return None

    def note_end(self, reading: Reading) -> None:
        """Nothing followed after the rows read so far."""
        self._ends.add(reading.rows)

    def is_end(self, reading: Reading) -> bool:
        """Whether an earlier request showed that nothing follows these rows."""
        return reading.rows in self._ends

    # The sequence of readings

    @property
    def certificate(self) -> Certificate:
        """The last reading's."""
        return self.readings[-1].certificate if self.readings else "none"

    def _read(self) -> Steps[None]:
        while order := self._next_order():
            self.walks += 1
            if order.is_backward:
                if (yield from self._read_backward(order)):
                    continue
                order = self._forward_order()
            yield from self._read_forward(order)

    def _next_order(self, unfinished: Reading | None = None) -> Order | None:
        """The order of the next reading; None if there is none, or none can help.

        `unfinished`: a reading that is going to end without a certificate.
        """
        readings = [*self.readings, *([unfinished] if unfinished else [])]
        if not readings:
            return self._forward_order()
        last = readings[-1]
        is_hopeless = last.hidden_cap or self.has_stalled
        if last.certificate != "none" or is_hopeless or self.walks >= self.settings.max_walks:
            return None
        can_be_ordered = (
            not (self.backward or last.untimed or self.is_unit_unknown(last))
            and self.paging.sorts_by_creation
        )
        if can_be_ordered:
            return Order(CREATION_TIME, "ASC", is_backward=True)
        return self._forward_order(len(readings))

    def _forward_order(self, readings: int | None = None) -> Order:
        """Readings alternate their direction, if the endpoint can sort."""
        if not self.paging.sort_key:
            return Order()
        count = len(self.readings) if readings is None else readings
        return Order(self.paging.sort_key, "DESC" if count % 2 else "ASC")

    @property
    def has_stalled(self) -> bool:
        """Whether two readings agreed and could not be certified all the same."""
        return len(self.readings) > 1 and self.readings[-1].agrees_with(self.readings[-2])

    def is_unit_unknown(self, reading: Reading) -> bool:
        """Whether several pages came without anything that shows what `offset` counts."""
        is_more_announced = not reading.is_sized and reading.total_last > reading.rows
        is_several = reading.page_count(self.size) > 1 or reading.pages > 1 or is_more_announced
        return self.settings.offset_unit == "auto" and is_several and not reading.is_numbered

    def _read_forward(self, order: Order) -> Steps[None]:
        reading = Reading(order)
        try:
            yield from read_forward(self, reading)
        except UnsortableError:
            self.paging.sort_key = ""
            self.restarts += 1
            self.queue.forget_all()
            self._end_attempt(reading)
            reading = Reading(Order())
            yield from read_forward(self, reading)
        reading.finish()
        if not reading.doubts():
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
            and not (reading.hidden_cap or self.is_unit_unknown(reading))
        )

    def _is_end_confirmed(self, reading: Reading) -> Steps[bool]:
        """Whether the list really ended after a short first page.

        If the record offset after it was rejected, and nothing has shown that `offset` counts
        records, it may have been page 20 instead of row 20. Then page 1 decides.
        """
        paging = self.paging
        if not self.rejected_end or paging.unit == "record" or paging.first_page is None:
            return True
        reply = yield from self._by_number(self.request(reading.order, 1, size=self.rejected_end))
        if reply and reply.records:
            reading.hidden_cap = self.rejected_end
        return not reading.hidden_cap

    def _read_backward(self, order: Order) -> Steps[bool]:
        """Whether the backward reading came to its end, so that no forward reading is needed."""
        reading = Reading(order)
        try:
            yield from read_backward(self, reading, start=self._backward_start())
        except UnsortableError:
            self.paging.sorts_by_creation = False
            self.backward = "the endpoint cannot sort by creation time"
        except ProofBroken as error:
            self.paging.sorts_by_creation = self.paging.sorts_by_creation and error.is_sorted
            self.backward = str(error)
        else:
            reading.finish()
            if (yield from self._is_end_confirmed(reading)):
                reading.certificate = "ordered"
            self.backward = "done"
            self.readings.append(reading)
        self._end_attempt(reading)
        return self.backward == "done"

    def _backward_start(self, reading: Reading | None = None) -> int:
        last = reading or self.readings[-1]
        return max(last.page_count(self.size) - 1, 0)

    def _end_attempt(self, reading: Reading) -> None:
        """The pages of the next attempt belong to another reading."""
        self._reading_number += bool(reading.pages)

    # The next reading may begin while the last request of this one is under way

    def start_next(self, reading: Reading) -> None:
        """Request the first page of the reading after this one, which cannot become `exact`."""
        if self._next or not (order := self._next_order(reading)):
            return
        number = self._backward_start(reading) if order.is_backward else 0
        request = self.request(order, number)
        self._next = (order, request)
        self.queue.want(request)

    def cancel_next(self) -> None:
        """The next reading does not begin yet after all."""
        if self._next:
            self.queue.forget([self._next[1]])
            self._next = None

    def _started(self, order: Order, number: int = 0) -> PageRequest | None:
        """The request with which this reading has already begun."""
        started, self._next = self._next, None
        if started is None:
            return None
        request = started[1]
        if started[0] == order and request.number == number and request.limit == self.size:
            return request
        self.queue.forget([request])
        return None

    def first_backward_page(self, order: Order, number: int) -> PageRequest:
        """The request for the page at which a backward reading begins."""
        return self._started(order, number) or self.request(order, number)

    # The result

    def reasons(self) -> list[str]:
        """Why the listing is not certified."""
        last = self.readings[-1]
        if last.certificate != "none":
            return []
        reasons = last.doubts()
        if self.is_unit_unknown(last):
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
            **({"reasons": reasons} if (reasons := self.reasons()) else {}),
            **({"backward": self.backward} if self.backward else {}),
        }
