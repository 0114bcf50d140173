"""Reading a listing from its first page to its last, with several pages in flight.

Rows that move between two requests are missed or seen twice; `Reading.doubts` shows whether the
pages add up nevertheless. Responses may be requested ahead but are processed in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from etl.errors import SourceBroken

if TYPE_CHECKING:
    from etl.extract.listing import ListingReader
    from etl.extract.pages import PageReply, PageRequest
    from etl.extract.reading import Reading
    from etl.extract.request_queue import Steps

_PROBE_HINT: Final = "`image-sync probe` shows how the endpoint pages; see walk.offset_unit"


def read_forward(reader: ListingReader, reading: Reading) -> Steps[None]:
    """Read all pages and deliver them.

    Raises `SourceError` if the listing cannot be read, `UnsortableError` if not in this order.
    """
    first = yield from reader.first_page(reading)
    reader.deliver(reading, 0, first)
    last: PageReply | None = first
    number = 1
    if 0 < len(first.records) < min(reader.size, first.total):
        last = yield from _after_short_first_page(reader, reading)
        number = 2
    elif not first.records and reading.page_count(reader.size) > 1:
        reading.short_pages += 1
    ahead: dict[int, PageRequest] = {}
    while last and _continues(reader, reading, number, last):
        if number >= reader.settings.max_pages:
            raise SourceBroken(
                f"more than {reader.settings.max_pages} pages and no end: {reader.fetcher}",
                hint=f"raise walk.max_pages if there are more; {_PROBE_HINT}",
            )
        is_extra = number >= reading.page_count(reader.size)
        _request_ahead(reader, reading, ahead, number)
        if is_extra and reading.rows < reading.total_last:
            reader.start_next(reading)  # whatever follows, the pages do not match the total
        reply = yield from reader.page(ahead.pop(number))
        reply = yield from _without_repetition(reader, reading, reply, last, number)
        if reply is None or not reply.records:
            reading.past_the_end += 1
            reader.note_end(reading)
            break
        reader.cancel_next()
        reading.short_pages += is_extra and len(last.records) < reader.size
        last = reply
        reader.deliver(reading, number, last)
        is_last = number >= reading.page_count(reader.size) - 1
        reading.short_pages += not is_last and len(last.records) < reader.size
        number += 1
    reader.queue.forget(ahead.values())


def _after_short_first_page(reader: ListingReader, reading: Reading) -> Steps[PageReply | None]:
    """The page after a first page that is short although `total` announces more rows.

    Either the total is wrong and the list ended, or the server caps the page size without showing
    it in `size`. One request based on the number of rows received shows which (CONTRACT 6.1).
    """
    if reader.is_end(reading):  # known from an earlier reading
        reading.past_the_end += 1
        return None
    size = reading.rows
    request = reader.request(reading.order, 1, size=size)
    reader.queue.want(request)
    reader.start_next(reading)
    reply = yield from reader.page(request, is_trial=True)
    if reply is None or not reply.records:
        reading.past_the_end += 1
        reader.note_end(reading)
        reader.rejected_end = size if reply is None and not request.counts_pages else 0
        return None
    reading.hidden_cap = reader.size = size
    reader.cancel_next()
    reader.deliver(reading, 1, reply)
    return reply


def _continues(reader: ListingReader, reading: Reading, number: int, last: PageReply) -> bool:
    """Whether page `number` is requested: it is announced, or the pages contradict the total."""
    if number < reading.page_count(reader.size):
        return reading.rows < reading.total_last or reading.pages * reader.size == reading.rows
    if reading.rows > reading.total_last:
        return len(last.records) >= reader.size
    is_more_announced = bool(last.records) and reading.rows < reading.total_last
    if is_more_announced and reader.is_end(reading):
        reading.past_the_end += 1
        return False
    return is_more_announced


def _request_ahead(
    reader: ListingReader, reading: Reading, ahead: dict[int, PageRequest], number: int
) -> None:
    """Request page `number` and those after it, as far as they are announced."""
    if any(each.counts_pages != reader.paging.counts_pages for each in ahead.values()):
        reader.queue.forget(ahead.values())
        ahead.clear()
    end = min(reading.page_count(reader.size), number + reader.lookahead)
    for each in range(number, max(end, number + 1)):
        if each not in ahead:
            ahead[each] = reader.request(reading.order, each)
            reader.queue.want(ahead[each])


def _without_repetition(
    reader: ListingReader,
    reading: Reading,
    reply: PageReply | None,
    before: PageReply,
    number: int,
) -> Steps[PageReply | None]:
    """The page. A page that repeats the one before is an error, unless the list moved by a page.

    It moved if the page before, requested again, is a different one now. Then both pages count as
    received, and the images that came twice leave the reading uncertified.
    """
    if reply is None or not reply.has_same_rows(before):
        return reply
    if reader.paging.counts_pages and reader.paging.first_page is None:  # `current` is hidden
        reader.paging.first_page = 1
    again = yield from reader.page(reader.request(reading.order, number))
    if again is None or not again.has_same_rows(before):
        return again
    before_now = yield from reader.page(reader.request(reading.order, number - 1))
    if before_now is not None and again.has_same_rows(before_now):
        raise SourceBroken(
            f"page {number} repeats page {number - 1}, the paging never ends: {reader.fetcher}",
            hint=_PROBE_HINT,
        )
    return again
