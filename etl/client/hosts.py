"""What the clients of one execution share: connections, rate limits, lockouts, certificates."""

from __future__ import annotations

import os
import random
import ssl
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Final

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from etl.config.rules import CA_VARIABLES
from etl.errors import ConfigError, SourceRefused

MAX_IDLE_CONNECTIONS: Final = 64  # per host
MAX_UNVERIFIED: Final = 3  # requests in flight before one was accepted
USER_REFUSALS: Final = 2  # IAM also refuses a valid user who requests someone else's project


class _Session(requests.Session):
    """A session that sends exactly what it is given, to the given host only."""

    def __init__(self, *, verify: str | bool, proxies: Mapping[str, str]) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = verify
        self.proxies = dict(proxies)
        for scheme in ("http://", "https://"):
            self.mount(scheme, HTTPAdapter(pool_maxsize=MAX_IDLE_CONNECTIONS))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """No redirect is followed: credentials are for the configured host."""


class RateLimit:
    """The rate of requests to one host, shared by all threads and sources."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._next_at = 0.0

    def wait_seconds(self, per_second: float) -> float:
        """Reserve the next turn and return the time until then; 0 per second is unlimited."""
        with self._lock:
            now = self._monotonic()
            turn = max(now, self._next_at)
            self._next_at = turn + (1 / per_second if per_second else 0.0)
            return turn - now

    def hold(self, seconds: float) -> None:
        """Let nobody send for a while, because the host reported too many requests."""
        with self._lock:
            self._next_at = max(self._next_at, self._monotonic() + seconds)


class Lockout:
    """Protects one credential at one host from being locked by a series of refusals.

    More than five consecutive failures lock an access key. So at most `MAX_UNVERIFIED` requests
    are in flight until one was accepted, and credentials that were refused and never accepted are
    not sent again in this run, whichever source they belong to.
    """

    def __init__(self, *, refusals: int = 1) -> None:
        """`refusals`: how many refusals show that the credentials are wrong."""
        self._refusals_left = refusals
        self._in_flight = 0
        self._is_accepted = False
        self._refused: SourceRefused | None = None
        self._changed = threading.Condition()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Wait until a request may be sent. Raises `SourceRefused` if the credentials are wrong."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_accepted or self._refused or self._in_flight < MAX_UNVERIFIED
            )
            self._raise_if_refused()
            self._in_flight += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def note_accepted(self) -> None:
        """The credentials are valid: a later refusal has another cause."""
        if not self._is_accepted:
            with self._changed:
                self._is_accepted = True
                self._changed.notify_all()

    def note_refused(self, error: SourceRefused) -> None:
        """The credentials were refused with a 401."""
        with self._changed:
            self._refusals_left -= 1
            if self._refusals_left <= 0 and not self._is_accepted:
                self._refused = error
                self._changed.notify_all()

    def _raise_if_refused(self) -> None:
        if error := self._refused:
            raise SourceRefused(
                f"not sent, the same credentials were refused before: {error.message}",
                hint=error.hint,
                status=error.status,
                error_code=error.error_code,
                request_id=error.request_id,
                received_at=error.received_at,
            )


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
        if origin.startswith("https:"):
            require_certificates(ca_bundle, os.environ)
        verify = _ca_path(ca_bundle, os.environ)[1] or True
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


def require_certificates(ca_bundle: str, environ: Mapping[str, str]) -> None:
    """Check the file or folder of trusted certificates, if one is named.

    Raises `ConfigError` if the certificates cannot be read.
    """
    name, path = _ca_path(ca_bundle, environ)
    if path and not os.path.isdir(path):
        _load_certificates(name, path)


def _ca_path(ca_bundle: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The file or folder of trusted certificates, with what names it; empty: those of certifi.

    Like requests, respects REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE.
    """
    named = {"http.ca_bundle": ca_bundle, **{name: environ.get(name) for name in CA_VARIABLES}}
    return next(((name, path) for name, path in named.items() if path), ("", ""))


@cache  # loading the certificates of a whole system takes 40 ms
def _load_certificates(name: str, path: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError as error:  # includes ssl.SSLError
        is_read = isinstance(error, ssl.SSLError)
        reason = "not a file of PEM certificates" if is_read else error.strerror
        raise ConfigError(name, [f"{path}: {reason}"]) from None
