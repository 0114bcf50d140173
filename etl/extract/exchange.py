"""What goes over the wire and what comes back: one request, and its answer or its loss.

Plain values; they know neither who sends them nor whether they are retried.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

OK: Final = frozenset({200})


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its credentials; path and query are quoted as they go on the wire.

    `secrets`: those in its own headers and body, which must not stand in any text.
    """

    method: str
    origin: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    accepted: frozenset[int] = OK
    is_json: bool = True
    is_notice: bool = False  # nobody reads its answer, and its path and query are secret
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def host(self) -> str:
        """The Host header: the port stands in it unless it is the scheme's own."""
        return self.origin.partition("://")[2]

    @property
    def target(self) -> str:
        """What stands behind the method in a request's first line."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def url(self) -> str:
        return f"{self.origin}{self.target}"

    def __str__(self) -> str:
        return f"{self.method} {self.origin}/…" if self.is_notice else f"{self.method} {self.url}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said; `headers` are looked up without regard to case."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    request_id: str
    received_at: datetime

    @property
    def server_at(self) -> datetime | None:
        """The server's clock by its Date header, or nothing."""
        return http_instant(self.headers.get("Date", ""))


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer that could be read: why (in others' words, not redacted yet), what to do, and
    whether a retry may help.
    """

    reason: str
    hint: str
    is_passing: bool = True


def http_instant(text: str) -> datetime | None:
    """An HTTP date as an aware instant; nothing for what is none."""
    try:
        instant = parsedate_to_datetime(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def split_endpoint(endpoint: str) -> tuple[str, str]:
    """Origin (lower case, no user, no default port) and base path of an endpoint."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    is_default = parts.port in {None, {"http": 80, "https": 443}.get(parts.scheme)}
    origin = f"{parts.scheme}://{host}" + ("" if is_default else f":{parts.port}")
    return origin, parts.path.rstrip("/")


def query_of(params: Mapping[str, str]) -> str:
    """The canonical query: sorted, and quoted as the signature wants it."""
    return "&".join(f"{quoted(name)}={quoted(params[name])}" for name in sorted(params))


def quoted(text: str) -> str:
    """One path segment or query value; unreserved characters alone stay as they are (RFC 3986)."""
    return quote(text, safe="~", errors="replace")
