"""HTTP client for one host: sends a request until it has a response or the error that ends it.

Responses are read and requests retried here only (docs/decisions/retries.md). An attempt takes at
most `timeout_seconds` to connect and `TOTAL_TIMEOUTS` times that in total; the waits between
attempts are bounded by `RetryPolicy`. Redirects are not followed, cookies and ~/.netrc are ignored:
credentials reach the configured host only. TLS certificates are always verified. Proxies are taken
from the environment (HTTPS_PROXY, NO_PROXY).
"""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import requests
import urllib3.exceptions
from requests.utils import select_proxy

from etl import __version__
from etl.client.auth import Authenticator
from etl.client.hosts import Hosts, Lockout
from etl.client.http_errors import (
    MAX_RETRY_AFTER_SECONDS,
    Hints,
    IncompleteBody,
    broken_response,
    check_json,
    error_of,
    redacted,
)
from etl.client.messages import NoResponse, Request, Response, query_of, split_endpoint
from etl.config import HttpSettings
from etl.config.rules import is_loopback
from etl.errors import SourceBroken, SourceRefused, SourceUnavailable

log = logging.getLogger(__name__)

TOTAL_TIMEOUTS: Final = 4  # a response must be complete after this many times timeout_seconds
MAX_ERROR_BYTES: Final = 65_536  # of an error response: enough for its message
FIRST_WAIT_SECONDS: Final = 0.5
MAX_BACKOFF_SECONDS: Final = 30.0
CHUNK_BYTES: Final = 1 << 18
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_GZIP_WINDOW_BITS: Final = 31
_FRAMED: Final = ("Content-Length", "Transfer-Encoding")  # without them, the end is unknown


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a client sends its requests; `key` is the configuration key that contains `url`."""

    url: str
    key: str = "endpoint"
    is_direct: bool = False  # without proxy: the metadata service of the machine itself


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a failed request is sent again.

    Responses 429, 500, 502, 503 and 504 and incomplete responses are retried, nothing else. The
    wait doubles with each attempt. A server's `Retry-After` is respected up to
    `MAX_RETRY_AFTER_SECONDS`; if it is longer, the source counts as unavailable. `jitter`
    returns a number from 0 to 1, so that clients do not return at the same moment.
    """

    max_retries: int
    jitter: Callable[[], float]

    def wait_seconds(self, outcome: Response | NoResponse, *, attempt: int) -> float | None:
        """The wait after the given attempt (counted from 1), or None if it was the last one."""
        if attempt > self.max_retries or not outcome.is_transient:
            return None
        requested = outcome.retry_after_seconds
        if requested > MAX_RETRY_AFTER_SECONDS:
            return None
        backoff = min(MAX_BACKOFF_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** (attempt - 1))
        wait = requested + self.jitter() if requested else 0.0
        return max(wait, backoff * (1 + self.jitter()) / 2)


class Client:
    """One host and the credentials for it; may be used by many threads at once."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        auth: Authenticator,
        http: HttpSettings,
        clock: Callable[[], datetime],
        hosts: Hosts,
        lockout: Lockout | None = None,
    ) -> None:
        """`lockout`: shared by the clients with the same credentials; default: its own."""
        self._endpoint = endpoint
        self._origin, self._base_path = split_endpoint(endpoint.url)
        self._auth = auth
        self._http = http
        self._clock = clock
        self._lockout = lockout or Lockout()
        self._rate_limit = hosts.rate_limit(self._origin)
        self._is_closing = threading.Event()
        self._sleep = self._is_closing.wait if hosts.sleep is None else hosts.sleep
        self._retries = RetryPolicy(http.max_retries, hosts.jitter)
        is_direct = endpoint.is_direct or is_loopback(endpoint.url)
        self._session = hosts.session(self._origin, ca_bundle=http.ca_bundle, is_direct=is_direct)
        self._hints = Hints(endpoint.key, auth.advice, bool(http.max_requests_per_second))
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"modelarts-image-sync/{__version__} {http.user_agent_suffix}".strip(),
            "X-Language": "en-us",
        }
        self._lock = threading.Lock()
        self._refused: SourceRefused | None = None
        self.requests = 0
        self.retries = 0
        self.clock_skew_seconds: float | None = None  # by the latest Date; positive: ours is ahead

    def get(self, path: str, params: Mapping[str, str]) -> Response:
        """The JSON response 200 to GET `path`, whose segments are already percent-encoded.

        Raises `SourceRefused`, `SourceUnavailable` or `SourceBroken` after all retries.
        """
        return self.send(Request("GET", path, query_of(params)))

    def completed(self, request: Request) -> Request:
        """A request with the origin, base path and headers of this client."""
        return replace(
            request,
            origin=self._origin,
            path=self._base_path + request.path,
            headers={**self._headers, **request.headers},
        )

    def send(self, request: Request) -> Response:
        """Send a request until it has an accepted response. Raises `SourceError`."""
        request = self.completed(request)
        if {".", ".."} & set(request.path.split("/")):
            raise SourceBroken(f"invalid path segment '.' or '..': {request}")
        attempt, has_renewed = 1, False
        while True:
            headers = self._credentials(request)
            with self._lockout.attempt():
                outcome = self._attempt(request, headers)
            if isinstance(outcome, Response) and outcome.status in request.accepted:
                self._lockout.note_accepted()
                check_json(request, outcome, endpoint_key=self._endpoint.key)
                return outcome
            if outcome.status == 401 and not has_renewed and self._auth.renew(headers):
                has_renewed = True
            else:
                self._wait_or_raise(request, outcome, attempt)
                attempt += 1
            with self._lock:
                self.retries += 1

    def close(self) -> None:
        """Give up what waits for its turn or for a retry; connections stay with `Hosts`."""
        self._is_closing.set()
        self._auth.close()

    def _credentials(self, request: Request) -> Mapping[str, str]:
        """The authentication headers; no longer sent after a final 401.

        Requests of other threads would also be refused, and lock the key.
        """
        if self._refused:
            raise self._refused
        headers = self._auth.headers(request)
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable()):
                raise SourceRefused(
                    f"the credentials contain characters that no header can carry ({name}):"
                    f" {request} was not sent",
                    hint="look for line breaks and other control characters in source.auth",
                )
        return headers

    def _attempt(self, request: Request, credentials: Mapping[str, str]) -> Response | NoResponse:
        """Send once, when the rate limit permits it."""
        self._pause(self._rate_limit.wait_seconds(self._http.max_requests_per_second))
        if log.isEnabledFor(logging.DEBUG):
            log.debug("request", extra={"request": str(request)})
        with self._lock:
            self.requests += 1
        timeout_seconds = self._http.timeout_seconds
        deadline = time.monotonic() + TOTAL_TIMEOUTS * timeout_seconds
        try:
            with self._session.send(
                requests.Request(
                    request.method,
                    request.url,
                    headers={**request.headers, **credentials},
                    data=request.body or None,
                ).prepare(),
                timeout=timeout_seconds,
                allow_redirects=False,
                stream=True,
            ) as incoming:
                return self._read(request, incoming, deadline)
        except (
            IncompleteBody,
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
        ) as error:
            proxy = select_proxy(self._origin, self._session.proxies) or ""
            return self._hints.for_no_response(error, proxy)

    def _read(self, request: Request, incoming: requests.Response, deadline: float) -> Response:
        """Read an accepted response completely, and an error as far as its message needs."""
        is_accepted = incoming.status_code in request.accepted
        if is_accepted and request.is_notification:
            return self._response(request, incoming, b"")
        max_bytes = self._http.max_response_bytes if is_accepted else MAX_ERROR_BYTES
        body = _read_body(incoming, max_bytes, deadline)
        response = self._response(request, incoming, body or b"")
        if is_accepted and body is None:
            cause = f"the response is larger than {max_bytes} bytes"
            hint = "raise http.max_response_bytes, or lower http.page_size"
            raise broken_response(response, cause, hint=hint)
        if is_accepted and not body and not any(name in incoming.headers for name in _FRAMED):
            raise IncompleteBody  # the connection ended within the headers
        return response

    def _response(self, request: Request, incoming: requests.Response, body: bytes) -> Response:
        request_id = incoming.headers.get("X-Request-Id", "")
        response = Response(
            status=incoming.status_code,
            body=body.removeprefix(_BYTE_ORDER_MARK),
            headers=incoming.headers,
            request_id=redacted(request_id, self._secrets(request), most=128),
            received_at=self._clock(),
            location=str(request),
        )
        if (skew_seconds := response.clock_skew_seconds) is not None:
            self.clock_skew_seconds = skew_seconds
        return response

    def _secrets(self, request: Request) -> tuple[str, ...]:
        """Values that a server may echo and that must not appear in any text."""
        return (*self._auth.secrets(), *request.secrets)

    def _wait_or_raise(
        self, request: Request, outcome: Response | NoResponse, attempt: int
    ) -> None:
        """Wait before the next attempt, or raise the error if this was the last one.

        Nobody sends to a host that reports too many requests.
        """
        secrets = self._secrets(request)
        error = error_of(request, outcome, attempts=attempt, secrets=secrets, hints=self._hints)
        seconds = self._retries.wait_seconds(outcome, attempt=attempt)
        if seconds is None:
            if isinstance(error, SourceRefused) and error.status == 401:
                self._refused = error
                self._lockout.note_refused(error)
            raise error
        log.info(
            "request repeated", extra={"wait_seconds": round(seconds, 1), "cause": error.message}
        )
        if outcome.status == 429:
            self._rate_limit.hold(seconds)
        self._pause(seconds)

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._sleep(seconds)
        if self._is_closing.is_set():
            raise SourceUnavailable("request cancelled")


def _read_body(incoming: requests.Response, max_bytes: int, deadline: float) -> bytes | None:
    """A body, decompressed; None if it is too large, and then not much more was read."""
    is_gzip = "gzip" in incoming.headers.get("Content-Encoding", "").lower()
    received = _pieces(incoming, deadline)
    pieces, size = [], 0
    for piece in _decompressed(received) if is_gzip else received:
        pieces.append(piece)
        size += len(piece)
        if size > max_bytes:
            return None
    return b"".join(pieces)


def _pieces(incoming: requests.Response, deadline: float) -> Iterator[bytes]:
    while piece := incoming.raw.read1(CHUNK_BYTES, decode_content=False):
        yield piece
        if time.monotonic() > deadline:
            raise TimeoutError


def _decompressed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress in bounded steps: a small body may contain gigabytes."""
    inflater = zlib.decompressobj(_GZIP_WINDOW_BITS)
    try:
        for piece in pieces:
            rest = piece
            while rest:
                if inflater.eof:  # several gzip members are one body
                    inflater = zlib.decompressobj(_GZIP_WINDOW_BITS)
                yield inflater.decompress(rest, CHUNK_BYTES)
                rest = inflater.unconsumed_tail or inflater.unused_data
        yield inflater.flush()
    except zlib.error:
        raise IncompleteBody from None
    if not inflater.eof:
        raise IncompleteBody
