"""Asks for several things at once and hands them out in the order asked."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from contextvars import copy_context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

Key = TypeVar("Key")
Value = TypeVar("Value")


class Prefetch(Generic[Key, Value]):
    """Runs `fetch` in `threads` threads that never outlive the process."""

    def __init__(self, fetch: Callable[[Key], Value], *, threads: int) -> None:
        self._fetch = fetch
        self._asked: SimpleQueue[tuple[Key, Future[Value]] | None] = SimpleQueue()
        self._waiting: deque[tuple[Key, Future[Value]]] = deque()
        self._threads = threads
        for _ in range(threads):
            threading.Thread(target=copy_context().run, args=(self._work,), daemon=True).start()

    def __enter__(self) -> Prefetch[Key, Value]:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """What nobody waits for any more is not begun."""
        for _, future in self._waiting:
            future.cancel()
        for _ in range(self._threads):
            self._asked.put(None)

    def __len__(self) -> int:
        return len(self._waiting)

    def ask(self, key: Key) -> None:
        """Asks for one more."""
        future: Future[Value] = Future()
        self._waiting.append((key, future))
        self._asked.put((key, future))

    def take(self) -> tuple[Key, Value]:
        """The one asked for first; raises what its `fetch` raised."""
        key, future = self._waiting.popleft()
        return key, future.result()

    def _work(self) -> None:
        while asked := self._asked.get():
            key, future = asked
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._fetch(key))
            except BaseException as error:
                future.set_exception(error)
