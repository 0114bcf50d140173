"""Has a signal asked the program to end? It is raised as `Interrupted` where the main thread is.

A library that calls back into Python may lose that exception, or answer it with an error of its
own: so the signal is kept, and whoever meets an error that can be its consequence asks here.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from etl.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_NUDGE: Final = signal.SIGURG  # nobody else sends it, and a process without a handler ignores it
_FIRST_PAUSE_SECONDS: Final = 0.1
_received: Final[list[int]] = []


@contextmanager
def raised() -> Iterator[None]:
    """SIGINT and SIGTERM become `Interrupted`; a second one ends the process at once.

    An error that ends the block after a signal is its consequence.
    """
    with _woken():
        before = {number: signal.signal(number, _raise) for number in _SIGNALS}
        hook, sys.unraisablehook = sys.unraisablehook, _told_unless_interrupted(sys.unraisablehook)
        try:
            yield
        except Exception as error:  # a library may have wrapped what interrupted it
            if asked := received():
                raise asked from error
            raise
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            sys.unraisablehook = hook
            _received.clear()


def received() -> Interrupted | None:
    """The signal that asked for the end, to be raised; None while there was none."""
    return Interrupted(_received[0]) if _received else None


def raise_if_interrupted() -> None:
    """Where work begins: raises the signal that a library swallowed while it was loaded."""
    if asked := received():
        raise asked


@contextmanager
def _woken() -> Iterator[None]:
    """The main thread is woken up for a signal, whatever it waits for.

    Python's handlers run in the main thread, between two of its steps. A signal that comes just
    before a wait begins, or that the kernel gives to another thread, ends no wait: it would be
    heard when the wait is over. But Python writes each signal's number to a pipe at once.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    handler = signal.signal(_NUDGE, lambda *_: None)
    pipe = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    is_over = threading.Event()
    told = (reader, threading.get_ident(), is_over)
    nudger = threading.Thread(target=_nudge, args=told, daemon=True)
    nudger.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(pipe)
        is_over.set()
        os.close(writer)
        nudger.join()
        os.close(reader)
        signal.signal(_NUDGE, handler)


def _nudge(reader: int, thread: int, is_over: threading.Event) -> None:
    """Interrupts the thread's system calls until it has heard the signals that `reader` tells.

    Ever more rarely: psycopg waits in steps, hears at a step's end, and begins an interrupted one
    again.
    """
    while number := os.read(reader, 1):
        pause_seconds = _FIRST_PAUSE_SECONDS
        while not is_over.wait(pause_seconds) and signal.getsignal(number[0]) is _raise:
            signal.pthread_kill(thread, _NUDGE)
            pause_seconds *= 2


def _told_unless_interrupted(hook: Callable[[Any], object]) -> Callable[[Any], None]:
    """Python tells what a callback can't raise, with its trace; a signal is kept and heeded."""

    def tell(told: Any) -> None:
        if not isinstance(told.exc_value, Interrupted):
            hook(told)

    return tell


def _raise(number: int, _frame: FrameType | None) -> None:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_DFL)
    _received.append(number)
    raise Interrupted(number)
