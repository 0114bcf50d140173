"""Calls in threads: results, order, limits, cancellation."""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from threading import Event

import pytest

from etl.parallel import ThreadPool, ordered_map

WORD: ContextVar[str] = ContextVar("WORD")


def test_results_are_taken_as_they_become_available() -> None:
    released = Event()
    with ThreadPool[int, bool](2) as pool:
        pool.submit(0, lambda: released.wait(10))
        pool.submit(1, lambda: True)
        assert not pool.has_room
        assert pool.take()[0] == 1
        assert pool.has_room
        released.set()
        assert pool.take()[0] == 0
    assert pool.outstanding == 0


def test_an_error_is_raised_when_the_result_is_taken() -> None:
    with ThreadPool[int, int](1) as pool:
        pool.submit(0, lambda: 1 // 0)
        _, future = pool.take()
    with pytest.raises(ZeroDivisionError):
        future.result()


def test_leaving_cancels_calls_that_have_not_begun() -> None:
    begun, may_end, over = Event(), Event(), Event()
    called: list[int] = []

    def call(number: int) -> None:
        called.append(number)
        begun.set()
        assert may_end.wait(10)
        over.set()

    with ThreadPool[int, None](1, limit=2) as pool:
        pool.submit(0, partial(call, 0))
        pool.submit(1, partial(call, 1))
        assert begun.wait(10)
    may_end.set()
    assert over.wait(10)
    assert called == [0]


def test_threads_have_the_context_of_their_creator() -> None:
    WORD.set("here")
    with ThreadPool[int, str](1) as pool:
        pool.submit(0, WORD.get)
        assert pool.take()[1].result() == "here"


@pytest.mark.parametrize("threads", [1, 3])
def test_a_map_keeps_the_order_of_its_items(threads: int) -> None:
    waits = {0: Event(), 1: Event()}

    def call(number: int) -> int:
        if threads > 1 and number in waits:
            assert waits[number].wait(10)
        if number:
            waits.get(number - 1, Event()).set()
        return number * 10

    assert [*ordered_map(call, range(5), threads=threads)] == [0, 10, 20, 30, 40]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_map_raises_an_error_in_its_place(threads: int) -> None:
    results = ordered_map(lambda number: 10 // number, [5, 2, 0, 1], threads=threads)
    assert [next(results), next(results)] == [2, 5]
    with pytest.raises(ZeroDivisionError):
        next(results)
