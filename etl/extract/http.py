"""HTTP client for one host: sends a request until it has a response or the error that ends it.

Responses are read and requests retried here only (docs/decisions/retries.md). A
request takes at most `timeout_seconds` to connect and `TOTAL_TIMEOUTS` times that in total per
attempt; the waits between attempts are bounded by `limits.RetryPolicy`. Redirects are not followed,
cookies and ~/.netrc are ignored: credentials reach the configured host only. TLS certificates are
always verified. Proxies are taken from the environment (HTTPS_PROXY, NO_PROXY).
"""

from __future__ import annotations

import logging
import os
import random
import ssl
import threading
import time
import zlib
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy

from etl import __version__
from etl.config.rules import is_loopback
from etl.errors import ConfigError, SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.extract.exchange import OK, NoResponse, Request, Response, query_of, split_endpoint
from etl.extract.http_errors import BYTE_ORDER_MARK, Hints, broken_response, check_json, error_of
from etl.extract.limits import Lockout, RateLimit, RetryPolicy
from etl.extract.redact import redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping
    from datetime import datetime

    from etl.config import HttpSettings
    from etl.extract.auth import Authenticator

log = logging.getLogger(__name__)

TOTAL_TIMEOUTS: Final = 4  # a response must be complete after this many times timeout_seconds
MAX_ERROR_BYTES: Final = 65_536  # of an error response: enough for its message
CHUNK_BYTES: Final = 1 << 18
MAX_IDLE_CONNECTIONS: Final = 64  # per host
CA_VARIABLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_GZIP_WINDOW_BITS: Final = 31
_FRAMED: Final = ("Content-Length", "Transfer-Encoding")  # without them, the end is unknown


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a client sends its requests; `key` is the configuration key that contains `url`."""

    url: str
    key: str = "endpoint"
    is_direct: bool = False  # without proxy: the metadata service of the machine itself


class _Session(requests.Session):
    """A session that sends exactly what it is given, to the given host only."""

    def __init__(self, *, verify: str | bool, proxies: Mapping[str, str]) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = verify
        self.proxies = dict(proxies)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self.mount(scheme, HTTPAdapter(pool_maxsize=MAX_IDLE_CONNECTIONS))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """No redirect is followed: credentials are for the configured host."""


class Hosts:
    """What the clients of one execution share: connections, rate limits and lockouts.

    Connections are shared by all sources of a host, because credentials travel in headers. `sleep`
    and `jitter` are for tests.
    """

    def __init__(
        self,
        *,
        sleep: Callable[[float], object] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.sleep = sleep
        self.jitter = jitter
        self._sessions: dict[tuple[str, str | bool, bool], requests.Session] = {}
        self._rate_limits: dict[str, RateLimit] = {}
        self._lockouts: dict[Hashable, Lockout] = {}
        self._lock = threading.Lock()

    def session(self, origin: str, *, ca_bundle: str, is_direct: bool) -> requests.Session:
        """The connections to a host. Raises `ConfigError` if the certificates cannot be read."""
        verify = ca_path(ca_bundle, os.environ) or True
        key = (origin, verify, is_direct)
        with self._lock:
            if key not in self._sessions:
                proxies = {} if is_direct else get_environ_proxies(origin)
                self._sessions[key] = _Session(verify=verify, proxies=proxies)
            return self._sessions[key]

    def rate_limit(self, origin: str) -> RateLimit:
        """The rate limit of a host."""
        with self._lock:
            return self._rate_limits.setdefault(origin, RateLimit())

    def lockout(self, credential: Hashable, *, refusals: int = 1) -> Lockout:
        """The lockout of a credential, identified by any hashable value."""
        with self._lock:
            return self._lockouts.setdefault(credential, Lockout(refusals=refusals))

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for session in self._sessions.values():
                session.close()


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
        return self.send(self.request("GET", path, query=query_of(params)))

    def request(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        accepted: frozenset[int] = OK,
    ) -> Request:
        """A request to this client's host."""
        return Request(
            method=method,
            origin=self._origin,
            path=self._base_path + path,
            query=query,
            headers={**self._headers, **(headers or {})},
            body=body,
            accepted=accepted,
        )

    def send(self, request: Request) -> Response:
        """Send a request until it has an accepted response. Raises `SourceError`."""
        if {".", ".."} & set(request.path.split("/")):
            raise SourceBroken(f"no URL can contain such a path segment: {request}")
        attempt, has_renewed = 1, False
        while True:
            headers = self._credentials(request)
            with self._lockout.attempt():
                outcome = self._attempt(request, headers)
            if isinstance(outcome, Response):
                if outcome.status in request.accepted:
                    self._lockout.note_accepted()
                    check_json(request, outcome, endpoint_key=self._endpoint.key)
                    return outcome
                if outcome.status == 401 and not has_renewed and self._auth.renew(headers):
                    has_renewed = True
                    self._count_retry()
                    continue
            wait = self._retries.wait_seconds(outcome, attempt=attempt)
            if wait is None:
                raise self._final_error(request, outcome, attempts=attempt)
            self._wait(wait, request, outcome)
            attempt += 1

    def close(self) -> None:
        """Give up what waits for its turn or for a retry; connections stay with `Hosts`."""
        self._is_closing.set()
        self._auth.close()

    def _credentials(self, request: Request) -> Mapping[str, str]:
        """The authentication headers; none are sent any more after a final 401.

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
            with self._session.request(
                request.method,
                request.url,
                headers={**request.headers, **credentials},
                data=request.body or None,
                timeout=timeout_seconds,
                allow_redirects=False,
                stream=True,
            ) as incoming:
                return self._read(request, incoming, deadline)
        except _IncompleteBody:
            return NoResponse(
                "the response is damaged or incomplete", _connect_hint(self._endpoint)
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return self._no_response(error)

    def _read(self, request: Request, incoming: requests.Response, deadline: float) -> Response:
        """Read an accepted response completely, and an error as far as its message needs."""
        is_accepted = incoming.status_code in request.accepted
        if is_accepted and request.is_notification:
            return self._response(request, incoming, b"")
        max_bytes = self._http.max_response_bytes if is_accepted else MAX_ERROR_BYTES
        encoding = incoming.headers.get("Content-Encoding", "").lower()
        codings = {each.strip() for each in encoding.split(",")} - {"", "identity"}
        body = _read_body(
            incoming,
            is_gzip=codings in ({"gzip"}, {"x-gzip"}),
            max_bytes=max_bytes,
            deadline=deadline,
        )
        response = self._response(request, incoming, body.content)
        if not is_accepted:
            return response
        if body.is_too_large:
            cause = f"the response is larger than {max_bytes} bytes"
            hint = "raise http.max_response_bytes, or lower http.page_size"
            raise broken_response(request, response, cause, hint=hint)
        if codings - {"gzip", "x-gzip"} or len(codings) > 1:
            name = redacted(encoding, self._secrets(request), most=20)
            hint = f"check {self._endpoint.key}, and the proxy if there is one"
            raise broken_response(
                request, response, f"unknown content encoding {name!r}", hint=hint
            )
        if not body.content and not any(name in incoming.headers for name in _FRAMED):
            raise _IncompleteBody  # the connection ended within the headers
        return response

    def _response(self, request: Request, incoming: requests.Response, body: bytes) -> Response:
        request_id = incoming.headers.get("X-Request-Id", "")
        response = Response(
            status=incoming.status_code,
            body=body.removeprefix(BYTE_ORDER_MARK),
            headers=incoming.headers,
            request_id=redacted(request_id, self._secrets(request), most=128),
            received_at=self._clock(),
        )
        if response.clock_skew_seconds is not None:
            self.clock_skew_seconds = response.clock_skew_seconds
        return response

    def _no_response(self, error: Exception) -> NoResponse:
        """Why no response came, by the innermost cause; a proxy that was used is named."""
        causes = list(_causes(error))
        via = self._via_proxy()
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            cause = f"TLS certificate rejected{via}: {causes[-1]}"
            return NoResponse(cause, self._certificate_hint(causes), is_transient=False)
        if any(isinstance(cause, TimeoutError) for cause in causes):
            return NoResponse(
                f"no complete response in time{via}",
                "try again later, or raise http.timeout_seconds",
            )
        is_transient = isinstance(
            error,
            requests.ConnectionError | requests.Timeout | urllib3.exceptions.HTTPError,
        ) and not isinstance(error, requests.exceptions.InvalidProxyURL)
        return NoResponse(
            f"no connection{via}: {causes[-1]}", _connect_hint(self._endpoint, via), is_transient
        )

    def _via_proxy(self) -> str:
        proxy = select_proxy(self._origin, self._session.proxies)
        return f" through the proxy {redacted(proxy)}" if proxy else ""

    def _certificate_hint(self, causes: list[BaseException]) -> str:
        if "mismatch" in str(causes[-1]) or "not valid for" in str(causes[-1]):
            return f"the certificate is for another host name: check {self._endpoint.key}"
        return "for a private certificate authority, set http.ca_bundle"

    def _secrets(self, request: Request) -> tuple[str, ...]:
        """Values that a server may echo and that must not appear in any text."""
        return (*self._auth.secrets(), *request.secrets)

    def _final_error(
        self, request: Request, outcome: Response | NoResponse, *, attempts: int
    ) -> SourceError:
        secrets = self._secrets(request)
        error = error_of(request, outcome, attempts=attempts, secrets=secrets, hints=self._hints)
        if isinstance(error, SourceRefused) and error.status == 401:
            self._refused = error
            self._lockout.note_refused(error)
        return error

    def _wait(self, seconds: float, request: Request, outcome: Response | NoResponse) -> None:
        """Wait before the next attempt; nobody sends to a host that reports too many requests."""
        error = error_of(request, outcome, secrets=self._secrets(request))
        log.info(
            "request repeated", extra={"wait_seconds": round(seconds, 1), "cause": error.message}
        )
        if isinstance(outcome, Response) and outcome.status == 429:
            self._rate_limit.hold(seconds)
        self._pause(seconds)
        self._count_retry()

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._sleep(seconds)
        if self._is_closing.is_set():
            raise SourceUnavailable("request cancelled")

    def _count_retry(self) -> None:
        with self._lock:
            self.retries += 1


def ca_path(ca_bundle: str, environ: Mapping[str, str]) -> str:
    """The file or folder of trusted certificates; empty: those of certifi.

    Like requests, respects REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE. Raises `ConfigError` if the
    certificates cannot be read.
    """
    named = {"http.ca_bundle": ca_bundle, **{name: environ.get(name) for name in CA_VARIABLES}}
    name, path = next(((name, path) for name, path in named.items() if path), ("", ""))
    if path and not os.path.isdir(path):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except OSError as error:  # includes ssl.SSLError
            is_read = isinstance(error, ssl.SSLError)
            reason = "not a file of PEM certificates" if is_read else error.strerror
            raise ConfigError(name, [f"{path}: {reason}"]) from None
    return path or ""


class _IncompleteBody(Exception):
    """The body cannot be decompressed, or ends too early."""


@dataclass(slots=True)
class _Body:
    """A body read so far; `is_too_large`: it was not read any further."""

    max_bytes: int
    size: int = 0
    pieces: list[bytes] = field(default_factory=list)

    @property
    def is_too_large(self) -> bool:
        return self.size > self.max_bytes

    @property
    def content(self) -> bytes:
        return b"" if self.is_too_large else b"".join(self.pieces)


def _read_body(
    incoming: requests.Response, *, is_gzip: bool, max_bytes: int, deadline: float
) -> _Body:
    """Read a body, never much more of it than allowed, whether compressed or not."""
    body = _Body(max_bytes)
    pieces = _pieces(incoming, deadline)
    for piece in _decompressed(pieces) if is_gzip else pieces:
        body.size += len(piece)
        if body.is_too_large:
            break
        body.pieces.append(piece)
    return body


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
        raise _IncompleteBody from None
    if not inflater.eof:
        raise _IncompleteBody


def _connect_hint(endpoint: Endpoint, via: str = "") -> str:
    return "check the proxy and NO_PROXY" if via else f"check {endpoint.key} and the network"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it wraps, in whichever way its library wraps."""
    seen: set[int] = set()
    inner: Any = error
    while isinstance(inner, BaseException) and id(inner) not in seen:
        seen.add(id(inner))
        yield inner
        wrapped = [arg for arg in inner.args if isinstance(arg, BaseException)]
        inner = getattr(inner, "reason", None) or inner.__cause__ or next(iter(wrapped), None)
