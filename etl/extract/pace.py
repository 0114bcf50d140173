"""How fast a host may be asked: one clockwork for all the threads that ask it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Pace:
    """Gives each request its turn; `per_second` 0 is no limit.

    Clients of one host may share one. It only tells how long to wait, it never sleeps.
    """

    def __init__(
        self, per_second: float = 0, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._next_turn = 0.0

    def wait_seconds(self) -> float:
        """Takes the next turn and says how far away it is."""
        with self._lock:
            now = self._monotonic()
            turn = max(now, self._next_turn)
            self._next_turn = turn + self._interval
            return turn - now

    def hold(self, seconds: float) -> None:
        """Lets no turn come up for so long: the host said that it is asked too much."""
        with self._lock:
            self._next_turn = max(self._next_turn, self._monotonic() + seconds)
