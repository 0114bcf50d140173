"""A credential that expires: fetched when it is first needed, and again before its end."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MARGIN: Final = timedelta(minutes=10)


class Renewable(Generic[T]):
    """Threads that need the value while it is being fetched wait for that one fetch.

    `fetch` gives the value and how long it lives. It is renewed `MARGIN` before its end, or a
    quarter of its life for a short-lived one.
    """

    def __init__(
        self, fetch: Callable[[], tuple[T, timedelta]], *, clock: Callable[[], datetime]
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._value: T | None = None
        self._renew_at = datetime.min.replace(tzinfo=UTC)

    @property
    def held(self) -> T | None:
        """The value at hand, without fetching one."""
        return self._value

    def current(self) -> T:
        """The value, fetched first if there is none or its end is near."""
        with self._lock:
            if self._value is None or self._clock() >= self._renew_at:
                return self._renewed()
            return self._value

    def replace(self, spent: T) -> T:
        """Another value than `spent`, which was refused; the one that another thread has fetched
        meanwhile is as good."""
        with self._lock:
            if self._value is None or self._value == spent:
                return self._renewed()
            return self._value

    def _renewed(self) -> T:
        value, life = self._fetch()
        self._value = value
        self._renew_at = self._clock() + life - min(MARGIN, life / 4)
        return value
