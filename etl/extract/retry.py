"""Whether a failed request is sent again, and after how long. Pure but for the jitter it is given.

A request is retried after 429, 500, 502, 503, 504, and when its answer was lost on the way
(connection, time-out, cut short); never after anything else. The wait doubles with each attempt; a
server that says how long to wait is believed, up to `LONGEST_ASKED_SECONDS`: when it asks for more,
the source counts as unavailable at once, and a later run finds it well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from etl.extract.exchange import Answer, Lost, http_instant

if TYPE_CHECKING:
    from collections.abc import Callable

PASSING: Final = frozenset({429, 500, 502, 503, 504})
FIRST_WAIT_SECONDS: Final = 0.5
LONGEST_WAIT_SECONDS: Final = 30.0
LONGEST_ASKED_SECONDS: Final = 120.0

_UNITS: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_WINDOW: Final = re.compile(rb"limit:\s*\d+,\s*time:\s*(\d{1,9})\s*(second|minute|hour|day)", re.I)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`jitter` gives a number from 0 to 1, so that clients do not come back in step."""

    max_retries: int
    jitter: Callable[[], float]

    def wait_seconds(self, outcome: Answer | Lost, *, attempt: int) -> float | None:
        """How long to wait after the `attempt`-th attempt (from 1), or None: give up."""
        if attempt > self.max_retries or not is_passing(outcome):
            return None
        asked = asked_seconds(outcome)
        if asked > LONGEST_ASKED_SECONDS:
            return None
        backoff = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** (attempt - 1))
        return max(asked + self.jitter() if asked else 0.0, backoff * (1 + self.jitter()) / 2)


def is_passing(outcome: Answer | Lost) -> bool:
    """Whether the same request may well succeed a little later."""
    return outcome.is_passing if isinstance(outcome, Lost) else outcome.status in PASSING


def asked_seconds(outcome: Answer | Lost) -> float:
    """How long the server asks to wait: by `Retry-After`, else by the throttling window; else 0."""
    if isinstance(outcome, Lost):
        return 0.0
    after = outcome.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", after):
        return float(after)
    if at := http_instant(after):
        return max(0.0, (at - (outcome.server_at or outcome.received_at)).total_seconds())
    if outcome.status == 429 and (window := _WINDOW.search(outcome.body)):
        return float(window[1]) * _UNITS[window[2].decode().lower()]
    return 0.0
