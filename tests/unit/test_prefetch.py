"""Several at once, in the order asked."""

from threading import Event

import pytest

from etl.extract.prefetch import Prefetch


def test_hands_out_in_the_order_asked_whatever_ends_first() -> None:
    released = Event()

    def fetch(number: int) -> int:
        if number == 0:
            assert released.wait(10)
        if number == 2:
            released.set()
        return number * 10

    with Prefetch(fetch, threads=3) as window:
        for number in range(3):
            window.ask(number)
        assert len(window) == 3
        assert [window.take() for _ in range(3)] == [(0, 0), (1, 10), (2, 20)]
        assert len(window) == 0


def test_raises_what_the_fetch_raised_at_its_turn() -> None:
    def fetch(number: int) -> int:
        if number == 1:
            raise ValueError("one")
        return number

    with Prefetch(fetch, threads=1) as window:
        for number in range(3):
            window.ask(number)
        assert window.take() == (0, 0)
        with pytest.raises(ValueError, match="one"):
            window.take()
        assert window.take() == (2, 2)


def test_what_nobody_waits_for_is_not_begun() -> None:
    begun, held, fetched, over = Event(), Event(), [], Event()

    def fetch(number: int) -> None:
        fetched.append(number)
        begun.set()
        assert held.wait(10)
        over.set()

    with Prefetch(fetch, threads=1) as window:
        window.ask(0)
        window.ask(1)
        assert begun.wait(10)
    held.set()
    assert over.wait(10)
    assert fetched == [0]
