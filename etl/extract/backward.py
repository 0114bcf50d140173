"""Reading a listing from its last page to its first, so that nothing that stays can be missed.

The endpoint sorts ascending by creation time, and pages are read one at a time, last to first.

Why nothing is missed. Claim: when page n has been read, every image that existed throughout and was
not seen yet is in a row before row n·size. It holds after the last page, which was not full, or was
read after the page behind it had been empty. Let it hold for page n, whose first row was created at
T, and let page n−1 be read next. Images are added at the end, created later than all that stay, so
the rows before an unseen image only become fewer: it cannot move behind row n·size, unless its time
is T as well, because ties may move it across the border. So if the last row of page n−1 is not of
time T, all unseen images of page n−1 have just been seen, and the claim holds for page n−1. If it
is of time T (a removal moved the first row of page n down, or there is a tie), page n is read
again: if it now begins later than T, everything of time T is before row n·size, the claim holds
again, and page n−1 is read again. Otherwise the proof is broken.

A page holds the rows of its number only if pages are as large, and offsets count, as was requested.
So a page before the last that is not full while rows still follow it breaks the proof, and so does
an end before the last page that `total` announces.

What else breaks it, and how that is noticed: ties across a border (as above); a missing creation
time (every row must have one); an endpoint that does not sort (rows out of order on a page, or an
unseen row newer than the first of the page above). Updates cannot move a row, since creation times
stay; pages are never requested in parallel here. An image added with an old creation time is the
one thing that no response shows: this is why an absent image is looked up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.extract.listing import ListingReader
    from etl.extract.pages import PageReply, Steps
    from etl.extract.reading import Reading
    from etl.transform import ListedRow


class ProofBroken(Exception):
    """The order does not prove that everything was seen; the text states why.

    `is_sorted` is false if the rows of one page were out of order: the endpoint does not sort.
    """

    def __init__(self, reason: str, *, is_sorted: bool = True) -> None:
        super().__init__(reason)
        self.is_sorted = is_sorted


def read_backward(reader: ListingReader, reading: Reading, *, start: int) -> Steps[None]:
    """Read all pages backward, beginning with page `start` or the current end.

    Raises `ProofBroken` if the order does not prove the listing complete, `SourceError` if it
    cannot be read.
    """
    yield from _Backward(reader, reading, reader.settings.max_pages).run(start)


@dataclass(slots=True)
class _Backward:
    """A backward reading in progress.

    `floor` is the creation time of the first row of the lowest page read so far. `pages` counts the
    pages requested, because the end is looked for and borders are read again: `max_pages` bounds
    them all.
    """

    reader: ListingReader
    reading: Reading
    max_pages: int
    pages: int = 0
    floor: int = 0
    ids: set[str] = field(default_factory=set)

    def run(self, start: int) -> Steps[None]:
        number = yield from self._find_end(start)
        while number > 0:
            below = yield from self._read(number - 1)
            if below and _time(below[-1]) == self.floor:
                below = yield from self._settle_border(number)
            if 0 < len(below) < self.reader.size and (yield from self._read(number)):
                raise ProofBroken("a page before the last one was not full")
            if below:
                self._check_border(below)
                self._remember(below)
                self.floor = _time(below[0])
            number -= 1

    def _find_end(self, start: int) -> Steps[int]:
        """The last page, read when nothing followed it: not full, or read after an empty one.

        (Read before the empty one it proves nothing: a row may have moved onto it meanwhile.)
        """
        number = start
        rows = yield from self._read(number)
        while len(rows) >= self.reader.size:
            number += 1
            above = yield from self._read(number)
            if above and _time(above[0]) < _time(rows[-1]):
                raise ProofBroken("the pages were not in order of creation")
            rows = above
        while not rows and number > 0:
            number -= 1
            rows = yield from self._read(number)
        if number < self.reading.page_count(self.reader.size) - 1:
            raise ProofBroken("the pages end before the last one that is announced")
        self._remember(rows)
        self.floor = _time(rows[0]) if rows else 0
        return number

    def _settle_border(self, number: int) -> Steps[list[ListedRow]]:
        """Page `number − 1` again, once page `number` is seen to begin later than the floor."""
        witness = yield from self._read(number)
        if witness and _time(witness[0]) <= self.floor:
            raise ProofBroken(
                "images with the same creation time are on both sides of a page border"
            )
        self._remember(witness)
        return (yield from self._read(number - 1))

    def _check_border(self, below: list[ListedRow]) -> None:
        for row in below:
            if _time(row) > self.floor and row.image_id not in self.ids:
                raise ProofBroken("there were rows newer than those of a later page")

    def _read(self, number: int) -> Steps[list[ListedRow]]:
        """The rows of page `number`; none if it is past the end."""
        self.pages += 1
        if self.pages > self.max_pages:
            raise ProofBroken(f"{self.max_pages} pages (walk.max_pages) did not suffice")
        reply = yield from self.reader.read_page(self.reading, number)
        return _in_order(reply) if reply else []

    def _remember(self, rows: list[ListedRow]) -> None:
        self.ids.update(row.image_id for row in rows if row.image_id)


def _in_order(reply: PageReply) -> list[ListedRow]:
    if any(row.created_at is None for row in reply.rows):
        raise ProofBroken("not every row has a creation time")
    times = [_time(row) for row in reply.rows]
    if times != sorted(times):
        raise ProofBroken("the rows were not in order of creation", is_sorted=False)
    return reply.rows


def _time(row: ListedRow) -> int:
    return row.created_at if row.created_at is not None else -1
