"""What the clients of one execution share: connections, rate limits, lockouts, certificates."""

from __future__ import annotations

import os
import random
import ssl
import threading
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import Final

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from etl.errors import ConfigError
from etl.extract.limits import Lockout, RateLimit

MAX_IDLE_CONNECTIONS: Final = 64  # per host
CA_VARIABLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


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
