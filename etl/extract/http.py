"""HTTP client for one host: sends a request until it has a response or the error that ends it.

Responses are read and requests retried here only (docs/decisions/retries.md). A
request takes at most `timeout_seconds` to connect and `TOTAL_TIMEOUTS` times that in total per
attempt; the waits between attempts are bounded by `limits.RetryPolicy`. Redirects are not followed,
cookies and ~/.netrc are ignored: credentials reach the configured host only. TLS certificates are
always verified. Proxies are taken from the environment (HTTPS_PROXY, NO_PROXY).
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import requests
import urllib3.exceptions
from requests.utils import select_proxy

from etl import __version__
from etl.config import HttpSettings
from etl.config.rules import is_loopback
from etl.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.extract.body import IncompleteBody, read_body
from etl.extract.exchange import OK, NoResponse, Request, Response, query_of, split_endpoint
from etl.extract.http_errors import BYTE_ORDER_MARK, Hints, broken_response, check_json, error_of
from etl.extract.limits import Lockout, RetryPolicy
from etl.extract.redact import redacted

if TYPE_CHECKING:
    from etl.extract.auth import Authenticator
    from etl.extract.hosts import Hosts

log = logging.getLogger(__name__)

TOTAL_TIMEOUTS: Final = 4  # a response must be complete after this many times timeout_seconds
MAX_ERROR_BYTES: Final = 65_536  # of an error response: enough for its message
_FRAMED: Final = ("Content-Length", "Transfer-Encoding")  # without them, the end is unknown


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a client sends its requests; `key` is the configuration key that contains `url`."""

    url: str
    key: str = "endpoint"
    is_direct: bool = False  # without proxy: the metadata service of the machine itself


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
        except IncompleteBody:
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
        body = read_body(
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
            raise IncompleteBody  # the connection ended within the headers
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
