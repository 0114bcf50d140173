"""Conditions that break the proof of a backward reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Raw, json

from etl.config import WalkSettings
from etl.extract.backward import ProofBroken, read_backward
from etl.extract.pages import Order, PageReply
from etl.extract.reading import Reading
from etl.transform import listed_rows

Row = tuple[str, int | None]


class Pages:
    """A listing in memory, as the backward reading uses it; `before` may change its rows."""

    def __init__(self, rows: list[Row], size: int = 2, cap: int = 2, over: int = 0) -> None:
        self.rows = rows
        self.cap = cap  # a page of `size` holds no more
        self.over = over  # so many more are announced
        self.size = size
        self.settings = WalkSettings(max_pages=10)
        self.asked: list[int] = []
        self.ids: set[str] = set()
        self.before: Callable[[Pages], None] = lambda _pages: None

    def read_page(self, reading: Reading, number: int) -> Any:
        self.asked.append(number)
        self.before(self)
        if reply := self.reply(number):
            reading.add(reply)
            self.ids.update(filter(None, reply.image_ids))
        return reply
        yield

    def reply(self, number: int) -> PageReply | None:
        shown = self.rows[number * self.size : (number + 1) * self.size]
        if not shown and number:
            return None
        records = [Raw(json.encode({"id": name, "create_at": at})) for name, at in shown]
        records = records[: self.cap]
        return PageReply(records, listed_rows(records), len(self.rows) + self.over, None, None)


def read(pages: Pages, start: int | None = None) -> set[str]:
    start = -(-len(pages.rows) // pages.size) - 1 if start is None else start
    reading = Reading(Order("createTime", "ASC", is_backward=True))
    for _ in read_backward(pages, reading, start=max(start, 0)):  # type: ignore[arg-type]  # a stand-in
        raise AssertionError("a page was not requested through the reader")
    return pages.ids


def rows(count: int) -> list[Row]:
    return [(f"i{number}", number) for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
def test_an_unchanged_list_is_read_completely(count: int) -> None:
    assert read(Pages(rows(count))) == {name for name, _ in rows(count)}


@pytest.mark.parametrize("start", [0, 1, 5, 9])
def test_the_end_is_found_from_any_start(start: int) -> None:
    assert read(Pages(rows(7)), start) == {name for name, _ in rows(7)}


def test_a_removal_that_moves_a_row_over_a_border_is_settled() -> None:
    pages = Pages(rows(6))

    def remove_one(pages: Pages) -> None:
        if len(pages.asked) == 3:
            pages.rows = pages.rows[1:]

    pages.before = remove_one
    assert read(pages, 2) >= {f"i{number}" for number in range(1, 6)}
    assert len(pages.asked) > 4, "the border was looked at again"


def test_images_of_one_time_that_a_removal_brings_to_one_page_are_settled() -> None:
    pages = Pages([("a", 0), ("b", 2), ("c", 2), ("d", 3)])

    def remove_first(pages: Pages) -> None:
        if len(pages.asked) == 5:  # c moves onto the page of b
            pages.rows = [("b", 2), ("c", 2), ("d", 3)]

    pages.before = remove_first
    assert read(pages) == {"a", "b", "c", "d"}
    assert pages.asked == [1, 2, 1, 0, 1, 0]


def test_rows_of_the_page_above_that_move_down_are_recognised() -> None:
    pages = Pages(rows(8))

    def remove_three(pages: Pages) -> None:
        if len(pages.asked) == 5:  # page 1 now holds rows 5 and 6, which pages 2 and 3 showed
            pages.rows = pages.rows[3:]

    pages.before = remove_three
    assert read(pages) >= {f"i{number}" for number in range(3, 8)}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([("a", 1), ("b", None), ("c", 3)], "creation time"),
        ([("a", 2), ("b", 1), ("c", 3)], "in order"),
        ([("a", 1), ("b", 2), ("c", 2), ("d", 3), ("e", 4)], "same creation time"),
        ([("a", 1), ("b", 9), ("c", 2)], "newer"),
    ],
)
def test_each_violation_breaks_the_proof(given: list[Row], reason: str) -> None:
    with pytest.raises(ProofBroken, match=reason):
        read(Pages(given))


@pytest.mark.parametrize(("first", "second", "third"), [(5, 6, 1), (1, 6, 5)])
def test_an_end_that_is_out_of_order_breaks_the_proof(first: int, second: int, third: int) -> None:
    with pytest.raises(ProofBroken, match="pages were not in order"):
        read(Pages([("a", first), ("b", second), ("c", third)]), 0)


def test_a_list_without_end_breaks_the_proof() -> None:
    class Endless(Pages):
        def reply(self, _number: int) -> PageReply | None:
            return super().reply(0)

    with pytest.raises(ProofBroken, match=r"10 pages .* did not suffice"):
        read(Endless([("a", 1), ("b", 1)]))


def test_a_row_that_moves_down_while_the_end_is_looked_for_is_not_missed() -> None:
    pages = Pages(rows(4))

    def remove_two(pages: Pages) -> None:
        if len(pages.asked) == 2:  # page 0 was full, and page 1 is about to be empty
            pages.rows = pages.rows[2:]

    pages.before = remove_two
    assert read(pages, 0) >= {"i2", "i3"}


def test_a_list_that_does_not_stop_moving_breaks_the_proof() -> None:
    pages = Pages(rows(60))
    pages.settings = WalkSettings(max_pages=40)

    def remove_first(pages: Pages) -> None:
        pages.rows = pages.rows[1:]

    pages.before = remove_first
    with pytest.raises(ProofBroken, match=r"40 pages .* did not suffice"):
        read(pages)


@pytest.mark.parametrize("start", [0, 1_000_000])
def test_a_backward_reading_requests_no_more_pages_than_allowed(start: int) -> None:
    pages = Pages(rows(60))
    with pytest.raises(ProofBroken, match=r"10 pages .* did not suffice"):
        read(pages, start)
    assert len(pages.asked) == 10


def test_pages_that_are_not_full_prove_nothing() -> None:
    with pytest.raises(ProofBroken, match="not full"):
        read(Pages(rows(6), cap=1))


def test_a_list_that_shrinks_onto_the_page_below_ends_there() -> None:
    pages = Pages(rows(5))

    def remove_two(pages: Pages) -> None:
        if len(pages.asked) == 2:
            del pages.rows[2], pages.rows[-1]

    pages.before = remove_two
    assert read(pages) == {"i0", "i1", "i3", "i4"}
    assert pages.asked == [2, 1, 2, 0]


def test_an_end_before_the_page_that_is_announced_proves_nothing() -> None:
    assert len(read(Pages(rows(5), over=1))) == 5
    with pytest.raises(ProofBroken, match="before the last one that is announced"):
        read(Pages(rows(5), over=2))
