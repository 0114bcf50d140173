"""Clients for tests: no real sleeping, no jitter, a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from etl.config import HttpSettings
from etl.extract.auth import Authenticator, NoAuthentication
from etl.extract.client import Client

NOW: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Slept(list[float]):
    """Notes how long was to be slept, and does not."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def client_for(
    url: str,
    *,
    auth: Authenticator | None = None,
    sleep: Slept | None = None,
    at: datetime = NOW,
    is_direct: bool = False,
    **http: Any,
) -> Client:
    """A client with short time-outs; any key of `[http]` may be set."""
    settings = HttpSettings(**{"timeout_seconds": 2.0, "max_retries": 2, **http})
    return Client(
        url,
        auth=auth or NoAuthentication(),
        http=settings,
        clock=lambda: at,
        sleep=Slept() if sleep is None else sleep,
        jitter=lambda: 0.0,
        is_direct=is_direct,
    )
