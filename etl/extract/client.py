"""Talks to one host: sends a request, until it has the answer or the error that ends it.

The one place where a body is read, and where anything is retried (why not urllib3's Retry beneath:
docs/decisions). Requests go out on requests' connections, not through its session: there is no code
here that could follow a redirect, keep a cookie or look into ~/.netrc, so credentials reach the
configured host alone. Proxies are taken from the environment (HTTPS_PROXY, NO_PROXY).

How long a `get` may take: each attempt `timeout_seconds` to connect and `ANSWER_TIMEOUTS` times
that to answer; between attempts at most `LONGEST_ASKED_SECONDS` when the server asks for a wait,
else `LONGEST_WAIT_SECONDS`; `max_retries` + 1 attempts; and one more after a renewed token.
"""

from __future__ import annotations

import logging
import os
import random
import ssl
import threading
from typing import TYPE_CHECKING, Final

import requests
import urllib3.exceptions
from requests.utils import get_environ_proxies

from etl import __version__
from etl.config.rules import is_loopback
from etl.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.extract.body import PACKINGS, BodyDamaged, BodyTooLarge, read_body
from etl.extract.exchange import OK, Answer, Lost, Request, query_of, split_endpoint
from etl.extract.failure import broken, checked, error_of
from etl.extract.pace import Pace
from etl.extract.redact import redacted
from etl.extract.retry import RetryPolicy
from etl.extract.trust import Trust
from etl.extract.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from urllib3 import BaseHTTPResponse

    from etl.config import HttpSettings
    from etl.extract.auth import Authenticator

log = logging.getLogger(__name__)

# An answer that is an error is read so far: enough for a message, however large its page.
MOST_ERROR_BYTES: Final = 65_536

# What tells where a body ends, other than the connection's own end.
ENDS: Final = frozenset({"content-length", "transfer-encoding"})

_CONNECT_HINT: Final = "check endpoint, network, and the proxy if there is one"
_TIMEOUT_HINT: Final = "try again later, or raise http.timeout_seconds"
_CERTIFICATE_HINT: Final = "TLS is always verified: for an authority of your own, http.ca_bundle"


class Client:
    """One host, and the credentials for it; `get` may be called from many threads at once."""

    def __init__(
        self,
        endpoint: str,
        *,
        auth: Authenticator,
        http: HttpSettings,
        clock: Callable[[], datetime],
        pace: Pace | None = None,
        trust: Trust | None = None,
        sleep: Callable[[float], object] | None = None,
        jitter: Callable[[], float] = random.random,
        is_direct: bool = False,
    ) -> None:
        """`pace` and `trust` may be shared by a host's clients; `is_direct`: past any proxy."""
        self._origin, self._base = split_endpoint(endpoint)
        self._auth = auth
        self._http = http
        self._clock = clock
        self._pace = pace or Pace(http.max_requests_per_second)
        self._trust = trust or Trust()
        self._closing = threading.Event()
        self._sleep = self._closing.wait if sleep is None else sleep
        self._retry = RetryPolicy(http.max_retries, jitter)
        is_direct = is_direct or is_loopback(endpoint)
        self._wire = Wire(
            self._origin,
            connections=http.concurrency,
            timeout_seconds=http.timeout_seconds,
            verify=http.ca_bundle or _authorities(os.environ),
            proxies={} if is_direct else get_environ_proxies(endpoint),
        )
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

    def get(self, path: str, params: Mapping[str, str]) -> Answer:
        """The answer 200 with a JSON body to GET `path`, whose segments are quoted already.

        Raises `SourceRefused`, `SourceUnavailable` or `SourceBroken`, after all retries.
        """
        return self.send(self.request("GET", path, params=params))

    def close(self) -> None:
        """Ends what waits for its turn or a retry, and lets go of the connections."""
        self._closing.set()
        self._wire.close()
        self._auth.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        accepted: frozenset[int] = OK,
        is_json: bool = True,
        secrets: tuple[str, ...] = (),
    ) -> Request:
        """A request to this client's host."""
        return Request(
            method=method,
            origin=self._origin,
            path=self._base + path,
            query=query_of(params or {}),
            headers={**self._headers, **(headers or {})},
            body=body,
            accepted=accepted,
            is_json=is_json,
            secrets=secrets,
        )

    def send(self, request: Request) -> Answer:
        """Sends `request` until it is answered."""
        if {".", ".."} & set(request.path.split("/")):
            raise SourceBroken(f"{request} can't be asked for: no URL can carry such a path")
        attempt, has_renewed = 1, False
        while True:
            headers = self._credentials(request)
            outcome = self._attempt(request, headers)
            if isinstance(outcome, Answer):
                if outcome.status in request.accepted:
                    self._trust.note_accepted()
                    return checked(request, outcome)
                if outcome.status == 401 and not has_renewed and self._auth.renew(headers):
                    has_renewed = True
                    self._note_retry()
                    continue
            wait = self._retry.wait_seconds(outcome, attempt=attempt)
            if wait is None:
                raise self._final(request, outcome, attempts=attempt)
            self._wait(wait, request, outcome)
            attempt += 1

    def _credentials(self, request: Request) -> Mapping[str, str]:
        """The headers that vouch for `request`; after a final 401 none are sent any more.

        Other threads' requests in flight would only be refused too, and lock the key.
        """
        if self._refused:
            raise self._refused
        self._trust.check()
        headers = self._auth.headers(request)
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable()):
                hint = "look for line breaks and other strange characters in the credentials"
                raise SourceRefused(f"{request} was not sent: {name} can't be a header", hint=hint)
        return headers

    def _attempt(self, request: Request, credentials: Mapping[str, str]) -> Answer | Lost:
        """Sends once, in its turn."""
        self._pause(self._pace.wait_seconds())
        log.debug("%s", request)
        with self._lock:
            self.requests += 1
        try:
            response = self._wire.send(
                request.method,
                request.target,
                headers={**request.headers, **credentials},
                body=request.body,
            )
            with response:
                return self._answer(request, response)
        except BodyDamaged:
            return Lost("its body is damaged or ends too early", hint=_CONNECT_HINT)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return _lost(error)

    def _answer(self, request: Request, response: BaseHTTPResponse) -> Answer:
        """Reads the body: of a wanted answer whole, of an error as much as a message needs."""
        is_wanted = response.status in request.accepted
        if is_wanted and request.is_notice:
            return self._noted(request, response, b"")
        most_bytes = self._http.max_response_bytes if is_wanted else MOST_ERROR_BYTES
        packing = response.headers.get("Content-Encoding", "").strip().lower()
        flaw, hint = "", ""
        try:
            body = read_body(response, packing=packing, most_bytes=most_bytes)
        except BodyTooLarge:
            body = b""
            flaw = f"with more than the {most_bytes} bytes that are allowed"
            hint = "raise http.max_response_bytes, or lower http.page_size"
        if packing not in PACKINGS:
            told = redacted(packing, self._secrets(request), most=20)
            flaw = f"packed as {told!r}, which was not asked for"
        answer = self._noted(request, response, body)
        if is_wanted and flaw:
            raise broken(request, answer, flaw, hint=hint)
        if is_wanted and not body and not ENDS.intersection(map(str.lower, answer.headers)):
            raise BodyDamaged  # the connection ended among the headers
        return answer

    def _noted(self, request: Request, response: BaseHTTPResponse, body: bytes) -> Answer:
        request_id = response.headers.get("X-Request-Id", "")
        return Answer(
            status=response.status,
            body=body,
            headers=response.headers,
            request_id=redacted(request_id, self._secrets(request), most=128),
            received_at=self._clock(),
        )

    def _secrets(self, request: Request) -> tuple[str, ...]:
        """What the server may echo, and nobody is to read."""
        return (*self._auth.secrets, *request.secrets)

    def _final(self, request: Request, outcome: Answer | Lost, *, attempts: int) -> SourceError:
        error = error_of(
            request,
            outcome,
            attempts=attempts,
            secrets=self._secrets(request),
            advice=self._auth.advice,
        )
        if isinstance(error, SourceRefused) and error.status == 401:
            self._refused = error
            self._trust.note_refused(error)
        return error

    def _wait(self, seconds: float, request: Request, outcome: Answer | Lost) -> None:
        """Waits before the next attempt; a throttled host is left alone by all threads."""
        why = error_of(request, outcome, secrets=self._secrets(request)).message
        log.info("%s; again in %.1f s", why, seconds)
        if isinstance(outcome, Answer) and outcome.status == 429:
            self._pace.hold(seconds)
        self._pause(seconds)
        self._note_retry()

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._sleep(seconds)
        if self._closing.is_set():
            raise SourceUnavailable("the request was given up: the client is closed")

    def _note_retry(self) -> None:
        with self._lock:
            self.retries += 1


def _authorities(environ: Mapping[str, str]) -> str | bool:
    """The certificates that requests' users name in the environment, else certifi's."""
    return environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or True


def _lost(error: Exception) -> Lost:
    """Why no answer came, in the words of the innermost cause."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Lost(str(causes[-1]), hint=_CERTIFICATE_HINT, is_passing=False)
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return Lost("time-out", hint=_TIMEOUT_HINT)
    is_passing = isinstance(error, urllib3.exceptions.HTTPError) and not isinstance(
        error,
        urllib3.exceptions.LocationValueError,  # a proxy's URL that is none
    )
    return Lost(str(causes[-1]), hint=_CONNECT_HINT, is_passing=is_passing)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it wraps, by whichever way its library wraps."""
    seen: set[int] = set()
    inner: object = error
    while isinstance(inner, BaseException) and id(inner) not in seen:
        seen.add(id(inner))
        yield inner
        wrapped = [arg for arg in inner.args if isinstance(arg, BaseException)]
        inner = getattr(inner, "reason", None) or inner.__cause__ or next(iter(wrapped), None)
