"""Calls that run in threads while the consumer works on earlier results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from threading import Event, Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")
Key = TypeVar("Key")
Result = TypeVar("Result")


class ThreadPool(Generic[Key, Result]):
    """A bounded number of calls in flight; results are taken as they become available.

    `threads` calls run at once, and at most `limit` are submitted and not yet taken, so memory is
    bounded although the consumer may be slow. The threads are daemons: they never keep the process
    alive. Leaving the context cancels every call that has not begun.
    """

    def __init__(self, threads: int, *, limit: int | None = None) -> None:
        self.limit = threads if limit is None else limit
        self.outstanding = 0
        self._threads = threads
        self._submitted: SimpleQueue[tuple[Key, Callable[[], Result], Future[Result]] | None] = (
            SimpleQueue()
        )
        self._finished: SimpleQueue[tuple[Key, Future[Result]]] = SimpleQueue()
        self._is_closed = Event()

    def __enter__(self) -> ThreadPool[Key, Result]:
        for _ in range(self._threads):
            Thread(target=copy_context().run, args=(self._work,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_closed.set()
        for _ in range(self._threads):
            self._submitted.put(None)

    @property
    def has_room(self) -> bool:
        """Whether one more call may be submitted."""
        return self.outstanding < self.limit

    def submit(self, key: Key, call: Callable[[], Result]) -> Future[Result]:
        """Run `call` as soon as a thread is free."""
        self.outstanding += 1
        future: Future[Result] = Future()
        self._submitted.put((key, call, future))
        return future

    def take(self) -> tuple[Key, Future[Result]]:
        """Wait for a result that was not taken yet. The future is done."""
        key, future = self._finished.get()
        self.outstanding -= 1
        return key, future

    def _work(self) -> None:
        while (item := self._submitted.get()) and not self._is_closed.is_set():
            key, call, future = item
            try:
                future.set_result(call())
            except BaseException as error:  # raised where the result is taken
                future.set_exception(error)
            self._finished.put((key, future))


def ordered_map(
    function: Callable[[Item], Result], items: Sequence[Item], *, threads: int
) -> Iterator[Result]:
    """Yield `function(item)` for each item, in order, computed by several daemon threads.

    With one thread each item is computed when its result is asked for. The first error is raised in
    its place; no further item is then begun.
    """
    threads = min(threads, len(items))
    if threads <= 1:
        yield from map(function, items)
        return
    with ThreadPool[int, Result](threads, limit=len(items)) as pool:
        futures = [pool.submit(place, partial(function, item)) for place, item in enumerate(items)]
        for future in futures:
            yield future.result()
