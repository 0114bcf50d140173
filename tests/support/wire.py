"""Clients for tests: no real waiting, no jitter, a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from etl.client.auth import Authenticator
from etl.client.hosts import Hosts, Lockout
from etl.client.http_client import Client, Endpoint
from etl.config import HttpSettings

NOW: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Slept(list[float]):
    """Records requested waits instead of waiting."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def hosts_for(sleep: Slept | None = None) -> Hosts:
    """Connections and limits of their own, without waiting."""
    return Hosts(sleep=Slept() if sleep is None else sleep, jitter=lambda: 0.0)


def client_for(
    url: str,
    *,
    auth: Authenticator | None = None,
    sleep: Slept | None = None,
    at: datetime = NOW,
    hosts: Hosts | None = None,
    lockout: Lockout | None = None,
    **http: Any,
) -> Client:
    """A client with short timeouts; any key of `[http]` may be given."""
    return Client(
        Endpoint(url),
        auth=auth or Authenticator(),
        http=HttpSettings(**{"timeout_seconds": 2.0, "max_retries": 2, **http}),
        clock=lambda: at,
        hosts=hosts or hosts_for(sleep),
        lockout=lockout,
    )
