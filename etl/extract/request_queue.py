"""Requests of one listing: those to send, those under way, and the replies not used yet.

The logic that needs the replies is a generator, its steps. It yields the request whose reply it
needs next, and may announce later requests with `want`. It needs neither threads nor locks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, TypeVar

from etl.extract.pages import PageReply, PageRequest

if TYPE_CHECKING:
    from concurrent.futures import Future

Result = TypeVar("Result")
Steps = Generator[PageRequest, PageReply | None, Result]


class RequestQueue:
    """Connects the steps of one listing with whoever sends its requests."""

    def __init__(self) -> None:
        self._wanted: deque[PageRequest] = deque()
        self._sent: set[PageRequest] = set()
        self._replies: dict[PageRequest, Future[PageReply | None]] = {}
        self._awaited: PageRequest | None = None

    def start(self, steps: Steps[None]) -> None:
        """Run the steps up to their first request."""
        self._steps = steps
        self._awaited = next(steps)
        self._wanted.append(self._awaited)

    @property
    def is_done(self) -> bool:
        """Whether the steps have ended."""
        return self._awaited is None

    def next_request(self) -> PageRequest | None:
        """The next request to send, if there is one now."""
        if not self._wanted:
            return None
        request = self._wanted.popleft()
        self._sent.add(request)
        return request

    def receive(self, request: PageRequest, reply: Future[PageReply | None]) -> None:
        """Run the steps as far as the replies permit. Raises what they raise."""
        if request not in self._sent:
            return
        self._sent.remove(request)
        self._replies[request] = reply
        while self._awaited in self._replies:
            self._advance(self._replies.pop(self._awaited))

    def want(self, request: PageRequest) -> None:
        """Have a request sent although its reply is not needed yet."""
        self._wanted.append(request)

    def forget(self, requests: Iterable[PageRequest]) -> None:
        """Drop requests whose replies are not needed any more."""
        for request in requests:
            self._sent.discard(request)
            self._replies.pop(request, None)
            if request in self._wanted:
                self._wanted.remove(request)

    def forget_all(self) -> None:
        """Drop everything that was requested ahead."""
        self.forget([*self._sent, *self._replies, *self._wanted])

    def _advance(self, reply: Future[PageReply | None]) -> None:
        try:
            if error := reply.exception():
                self._awaited = self._steps.throw(error)
            else:
                self._awaited = self._steps.send(reply.result())
        except StopIteration:
            self._awaited = None
            return
        request = self._awaited
        if not (request in self._sent or request in self._replies or request in self._wanted):
            self._wanted.appendleft(request)
