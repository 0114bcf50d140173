"""Has a signal asked the program to end? It is raised as `Interrupted` where the main thread is.

A library that calls back into Python may lose that exception, or answer it with an error of its
own: so the signal is kept, and whoever meets an error that can be its consequence asks here.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from etl.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_received: Final[list[int]] = []


@contextmanager
def raised() -> Iterator[None]:
    """SIGINT and SIGTERM become `Interrupted`; a second one ends the process at once."""
    before = {number: signal.signal(number, _raise) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _received.clear()


def received() -> Interrupted | None:
    """The signal that asked for the end, to be raised; None while there was none."""
    return Interrupted(_received[0]) if _received else None


def _raise(number: int, _frame: FrameType | None) -> None:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_DFL)
    _received.append(number)
    raise Interrupted(number)
