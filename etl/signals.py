"""SIGINT and SIGTERM, raised as `Interrupted` in the main thread.

A library that calls back into Python may swallow that exception or replace it with an error of its
own. So the signal is remembered, and code that handles an error which it may have caused asks here.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from etl.errors import Interrupted

_WAKE_UP: Final = signal.SIGURG  # sent by nobody else, and ignored by a process without a handler
_FIRST_PAUSE_SECONDS: Final = 0.1
_received: Final[list[int]] = []


def handled() -> list[signal.Signals]:
    """SIGINT and SIGTERM, except one that the parent process ignores.

    `nohup` and scripts ignore signals for their background jobs, which rely on it.
    """
    both = (signal.SIGINT, signal.SIGTERM)
    return [number for number in both if signal.getsignal(number) is not signal.SIG_IGN]


@contextmanager
def raised() -> Iterator[None]:
    """Within the block the first signal is raised as `Interrupted`; a second one kills the process.

    An error that ends the block after a signal is treated as its consequence.
    """
    with _wake_up_main_thread():
        before = {number: signal.signal(number, _raise) for number in handled()}
        hook, sys.unraisablehook = sys.unraisablehook, _without_interrupts(sys.unraisablehook)
        try:
            yield
        except Exception as error:  # a library may have wrapped what interrupted it
            if interrupted := received():
                raise interrupted from error
            raise
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            sys.unraisablehook = hook
            _received.clear()


def received() -> Interrupted | None:
    """The signal that asked the program to end, as an error to raise; None without one."""
    return Interrupted(_received[0]) if _received else None


def raise_if_interrupted() -> None:
    """Raises a signal that a library has swallowed; called where work begins."""
    if interrupted := received():
        raise interrupted


@contextmanager
def _wake_up_main_thread() -> Iterator[None]:
    """Interrupts whatever the main thread waits for when a signal arrives.

    Python runs handlers in the main thread, between two bytecodes. A signal that arrives just
    before a wait begins, or that the kernel delivers to another thread, does not end the wait. But
    Python writes each signal's number to a pipe at once, and a thread that reads it can.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    handler = signal.signal(_WAKE_UP, lambda *_: None)
    pipe = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    is_over = threading.Event()
    args = (reader, threading.get_ident(), is_over)
    waker = threading.Thread(target=_wake_up, args=args, daemon=True)
    waker.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(pipe)
        is_over.set()
        os.close(writer)
        waker.join()
        os.close(reader)
        signal.signal(_WAKE_UP, handler)


def _wake_up(reader: int, thread: int, is_over: threading.Event) -> None:
    """Interrupts the thread's system calls until it has handled the signals from `reader`.

    The pauses grow: psycopg waits in steps, and starts an interrupted step again.
    """
    while number := os.read(reader, 1):
        pause_seconds = _FIRST_PAUSE_SECONDS
        while not is_over.wait(pause_seconds) and signal.getsignal(number[0]) is _raise:
            signal.pthread_kill(thread, _WAKE_UP)
            pause_seconds *= 2


def _without_interrupts(hook: Callable[[Any], object]) -> Callable[[Any], None]:
    """Python prints what a callback cannot raise; a signal is remembered instead."""

    def report(unraisable: Any) -> None:
        if not isinstance(unraisable.exc_value, Interrupted):
            hook(unraisable)

    return report


def _raise(number: int, _frame: FrameType | None) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(each) is _raise:
            signal.signal(each, signal.SIG_DFL)
    _received.append(number)
    raise Interrupted(number)
