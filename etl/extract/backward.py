"""Reads a listing from its last page to its first, so that nothing that stays can be missed.

The endpoint sorts ascending by creation time, and pages are read one by one, from last to first.

Why nothing is missed. Claim: when page n has been read, every image that stays throughout and was
not seen yet stands before row n·size. It holds after the last page: one that was not full, or was
read after the page behind it had been seen to be empty. Let it hold for page n, whose first row was
made at T, and let page n−1 be read next. Images are added at the end, made later than all that
stay, so the rows before an unseen image only ever become fewer: it can't come to stand behind row
n·size, unless its time is T as well, for then ties may turn it over the border. So if the last row
of page n−1 is not of time T, all unseen images of page n−1 were just seen, and the claim holds for
page n−1. If it is of time T (a removal moved the first row of page n down, or there is a tie), page
n is read again: when it now begins later than T, everything of time T stands before row n·size, the
claim holds anew, and page n−1 is read again. Otherwise the proof is broken.

A page holds the rows of its number only where pages are as large, and offsets count, as was asked
for. So a page before the last that is not full while rows still stand behind it breaks the proof,
and so does an end before the last page that `total` announces.

What else breaks it, and how that is noticed: ties over a border (as above); a missing creation time
(every row must carry one); an endpoint that does not sort (rows out of order on a page, or an
unseen row newer than the page above begins); updates can't move a row, since creation times stay;
parallel pages are never asked for here. An image added with an old creation time is the one thing
that no answer shows: it is why an absent image is still looked up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from etl.extract.forward import ListingFacts, Observer, OnPage, page_count
from etl.model import Page
from etl.transform import listed_rows

if TYPE_CHECKING:
    from etl.extract.paging import Pager
    from etl.transform import ListedRow, PageEnvelope


class ProofBroken(Exception):  # named by what happened
    """The order does not prove that everything was seen; the text says why."""


@dataclass(slots=True)
class _Reading:
    """A backward reading under way."""

    pager: Pager
    observer: Observer
    on_page: OnPage
    facts: ListingFacts
    max_pages: int
    rereads: int = 0
    floor: int = 0  # creation time of the first row of the lowest page read so far
    ids: set[str] = field(default_factory=set)

    def read(self, number: int) -> list[ListedRow]:
        """Reads page `number` and shows it; empty: it is past the end."""
        envelope = self.pager.alone(number)
        if envelope is None:
            return []
        self.facts.take(envelope)
        rows = _in_order(envelope)
        self.observer.observe(Page(self.pager.listing, number, envelope.data, envelope.total))
        self.on_page(self.facts.pages, self.facts.rows, self.facts.total_last)
        return rows

    def remember(self, rows: list[ListedRow]) -> None:
        self.ids.update(row.image_id for row in rows if row.image_id)


def read_backward(
    pager: Pager, observer: Observer, *, start: int, max_pages: int, on_page: OnPage
) -> ListingFacts:
    """Reads the listing backward, beginning at page `start` or where the end is now.

    Raises `ProofBroken` where the order does not prove it whole, `SourceError` where it can't be
    read.
    """
    facts = ListingFacts(sort=str(pager.order))
    reading = _Reading(pager, observer, on_page, facts, max_pages)
    number, rows = _find_end(reading, start)
    while number > 0 and rows:
        below = reading.read(number - 1)
        if below and _time(below[-1]) == reading.floor:
            below = _settle_border(reading, number)
        if 0 < len(below) < pager.style.size and reading.read(number):
            raise ProofBroken("a page before the last was not full")
        if below:
            _check_border(reading, below)
            reading.remember(below)
            reading.floor = _time(below[0])
        number -= 1
    return facts


def _find_end(reading: _Reading, start: int) -> tuple[int, list[ListedRow]]:
    """The last page, read when nothing stood behind it: not full, or read after an empty one.

    (Read before the empty one it proves nothing: a row may have moved down onto it meanwhile.)
    """
    number = start
    rows = reading.read(number)
    while len(rows) >= reading.pager.style.size:
        number += 1
        above = reading.read(number)
        if number > reading.max_pages:
            raise ProofBroken("the list does not end")
        if above and _time(above[0]) < _time(rows[-1]):
            raise ProofBroken("the pages did not come in order of creation")
        rows = above
    while not rows and number > 0:
        number -= 1
        rows = reading.read(number)
    if number < page_count(reading.facts, reading.pager) - 1:
        raise ProofBroken("the pages end before the last one that is announced")
    reading.remember(rows)
    reading.floor = _time(rows[0]) if rows else 0
    return number, rows


def _settle_border(reading: _Reading, number: int) -> list[ListedRow]:
    """Page `number − 1` anew, once page `number` is seen to begin later than the floor."""
    reading.rereads += 1
    if reading.rereads > reading.max_pages:
        raise ProofBroken("the list does not stop moving")
    witness = reading.read(number)
    if witness and _time(witness[0]) <= reading.floor:
        raise ProofBroken("images of the same creation time stand on both sides of a page's border")
    reading.remember(witness)
    return reading.read(number - 1)


def _check_border(reading: _Reading, below: list[ListedRow]) -> None:
    for row in below:
        if _time(row) > reading.floor and row.image_id not in reading.ids:
            raise ProofBroken("rows came that are newer than a later page's")


def _in_order(envelope: PageEnvelope) -> list[ListedRow]:
    rows = listed_rows(envelope.data)
    if any(row.created_at is None for row in rows):
        raise ProofBroken("not every row carries its creation time")
    times = [_time(row) for row in rows]
    if times != sorted(times):
        raise ProofBroken("the rows did not come in order of creation")
    return rows


def _time(row: ListedRow) -> int:
    return row.created_at if row.created_at is not None else -1
