"""One HTTP request and its outcome, as plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote, urlsplit

OK: Final = frozenset({200})
TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})

_UNITS: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
_WINDOW: Final = re.compile(rb"limit:\s*\d+,\s*time:\s*(\d{1,9})\s*(second|minute|hour|day)", re.I)


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its credentials; path and query are percent-encoded.

    A client adds its `origin`, its base path and its headers. `accepted` are the expected status
    codes, all others are errors. `secrets` are values in the request's own headers and body that
    must not appear in any text.
    """

    method: str
    path: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    accepted: frozenset[int] = OK
    is_json: bool = True
    is_notification: bool = False  # path and query are secret, and the response body is not read
    secrets: tuple[str, ...] = field(default=(), repr=False)
    origin: str = ""

    @property
    def host(self) -> str:
        """The value of the Host header, with the port unless it is the scheme's default."""
        return self.origin.partition("://")[2]

    @property
    def url(self) -> str:
        return f"{self.origin}{self.path}" + (f"?{self.query}" if self.query else "")

    def __str__(self) -> str:
        url = f"{self.origin}/…" if self.is_notification else self.url
        return f"{self.method} {url}"


@dataclass(frozen=True, slots=True)
class Response:
    """A response that was read completely; `headers` are case-insensitive.

    `location` is the request, for messages.
    """

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    request_id: str
    received_at: datetime
    location: str = ""

    @property
    def server_at(self) -> datetime | None:
        """The server's clock according to the Date header."""
        return http_date(self.headers.get("Date", ""))

    @property
    def clock_skew_seconds(self) -> float | None:
        """Local clock minus server clock; positive if the local clock is ahead."""
        if server_at := self.server_at:
            return (self.received_at - server_at).total_seconds()
        return None

    def lifetime(self, expires_at: datetime) -> timedelta:
        """The time until then by the server's own clock."""
        return expires_at - (self.server_at or self.received_at)

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self.status in TRANSIENT

    @property
    def retry_after_seconds(self) -> float:
        """The wait requested by `Retry-After` or by the throttling message; 0 if there is none."""
        text = self.headers.get("Retry-After", "").strip()
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
            return float(text)
        if at := http_date(text):
            return max(0.0, (at - (self.server_at or self.received_at)).total_seconds())
        if self.status == 429 and (window := _WINDOW.search(self.body)):
            return float(window[1]) * _UNITS[window[2].decode().lower()]
        return 0.0


@dataclass(frozen=True, slots=True)
class NoResponse:
    """A request that got no complete response.

    `cause` may quote a server and is not redacted yet. `is_transient`: a retry may help.
    """

    cause: str
    hint: str
    is_transient: bool = True
    status: None = None
    retry_after_seconds: float = 0.0


def http_date(text: str) -> datetime | None:
    """The time of an HTTP date header, or None if it is not a date."""
    try:
        time = parsedate_to_datetime(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def split_endpoint(endpoint: str) -> tuple[str, str]:
    """Origin (lower case, without user and default port) and base path of an endpoint."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    is_default = parts.port in {None, {"http": 80, "https": 443}.get(parts.scheme)}
    origin = f"{parts.scheme}://{host}" + ("" if is_default else f":{parts.port}")
    return origin, parts.path.rstrip("/")


def query_of(params: Mapping[str, str]) -> str:
    """The canonical query string: sorted and encoded as the signature requires."""
    return "&".join(f"{quoted(name)}={quoted(params[name])}" for name in sorted(params))


def quoted(text: str) -> str:
    """One path segment or query value with only unreserved characters kept (RFC 3986)."""
    return quote(text, safe="~", errors="replace")
