"""Limits on sending requests: rate, lockout of refused credentials, retries."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from etl.errors import SourceRefused
from etl.extract.exchange import NoResponse, Response, http_date

TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
FIRST_WAIT_SECONDS: Final = 0.5
MAX_BACKOFF_SECONDS: Final = 30.0
MAX_RETRY_AFTER_SECONDS: Final = 120.0
MAX_UNVERIFIED: Final = 3  # requests in flight before one was accepted
USER_REFUSALS: Final = 2  # IAM also refuses a valid user who requests someone else's project

_UNITS: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_WINDOW: Final = re.compile(rb"limit:\s*\d+,\s*time:\s*(\d{1,9})\s*(second|minute|hour|day)", re.I)


class RateLimit:
    """The rate at which one host may be asked, shared by all threads and sources."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._next_at = 0.0

    def wait_seconds(self, per_second: float) -> float:
        """Reserve the next turn and return the time until then; 0 per second is unlimited."""
        with self._lock:
            now = self._monotonic()
            turn = max(now, self._next_at)
            self._next_at = turn + (1 / per_second if per_second else 0.0)
            return turn - now

    def hold(self, seconds: float) -> None:
        """Let nobody send for a while, because the host reported too many requests."""
        with self._lock:
            self._next_at = max(self._next_at, self._monotonic() + seconds)


class Lockout:
    """Protects one credential at one host from being locked by a series of refusals.

    More than five consecutive failures lock an access key. So at most `MAX_UNVERIFIED` requests
    are in flight until one was accepted, and credentials that were refused and never accepted are
    not sent again in this run, whichever source they belong to.
    """

    def __init__(self, *, refusals: int = 1) -> None:
        """`refusals`: how many refusals show that the credentials are wrong."""
        self._refusals_left = refusals
        self._in_flight = 0
        self._is_accepted = False
        self._refused: SourceRefused | None = None
        self._changed = threading.Condition()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Wait until a request may be sent. Raises `SourceRefused` if the credentials are wrong."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_accepted or self._refused or self._in_flight < MAX_UNVERIFIED
            )
            self._raise_if_refused()
            self._in_flight += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def note_accepted(self) -> None:
        """The credentials are valid: a later refusal has another cause."""
        if not self._is_accepted:
            with self._changed:
                self._is_accepted = True
                self._changed.notify_all()

    def note_refused(self, error: SourceRefused) -> None:
        """The credentials were refused with a 401."""
        with self._changed:
            self._refusals_left -= 1
            if self._refusals_left <= 0 and not self._is_accepted:
                self._refused = error
                self._changed.notify_all()

    def _raise_if_refused(self) -> None:
        if error := self._refused:
            raise SourceRefused(
                f"not sent, the same credentials were refused before: {error.message}",
                hint=error.hint,
                status=error.status,
                error_code=error.error_code,
                request_id=error.request_id,
                received_at=error.received_at,
            )


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a failed request is sent again.

    Responses 429, 500, 502, 503 and 504 and incomplete responses are retried, nothing else. The
    wait doubles with each attempt. A server's `Retry-After` is respected up to
    `MAX_RETRY_AFTER_SECONDS`; if it asks for more, the source counts as unavailable. `jitter`
    returns a number from 0 to 1, so that clients do not return at the same moment.
    """

    max_retries: int
    jitter: Callable[[], float]

    def wait_seconds(self, outcome: Response | NoResponse, *, attempt: int) -> float | None:
        """The wait after the given attempt (counted from 1), or None if it was the last one."""
        if attempt > self.max_retries or not is_transient(outcome):
            return None
        requested = retry_after_seconds(outcome)
        if requested > MAX_RETRY_AFTER_SECONDS:
            return None
        backoff = min(MAX_BACKOFF_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** (attempt - 1))
        wait = requested + self.jitter() if requested else 0.0
        return max(wait, backoff * (1 + self.jitter()) / 2)


def is_transient(outcome: Response | NoResponse) -> bool:
    """Whether the same request may succeed a little later."""
    if isinstance(outcome, NoResponse):
        return outcome.is_transient
    return outcome.status in TRANSIENT


def retry_after_seconds(outcome: Response | NoResponse) -> float:
    """The wait requested by `Retry-After` or by the throttling message; 0 if there is none."""
    if isinstance(outcome, NoResponse):
        return 0.0
    text = outcome.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text)
    if at := http_date(text):
        return max(0.0, (at - (outcome.server_at or outcome.received_at)).total_seconds())
    if outcome.status == 429 and (window := _WINDOW.search(outcome.body)):
        return float(window[1]) * _UNITS[window[2].decode().lower()]
    return 0.0
