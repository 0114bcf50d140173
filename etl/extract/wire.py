"""How does one request go out to a host, and where does its answer come in?

The connections are those that requests' adapter makes: its proxies, its TLS, its authorities, and
this package's deadlines. What goes out on them is handed to urllib3 as it stands: a request of
requests' own (its URL and headers taken apart and put together anew, its answer wrapped) costs as
much again as all of the rest.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

import requests
from urllib3.util import Timeout

from etl.extract.deadline import DeadlineAdapter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3 import BaseHTTPResponse, HTTPConnectionPool


class Wire:
    """The connections to one origin (scheme, host and port); many threads may send at once."""

    def __init__(
        self,
        origin: str,
        *,
        connections: int,
        timeout_seconds: float,
        verify: str | bool,
        proxies: Mapping[str, str],
    ) -> None:
        """`verify`: the file of authorities, or True for certifi's."""
        self._origin = requests.Request("GET", origin)
        self._adapter = DeadlineAdapter(pool_connections=1, pool_maxsize=connections)
        self._timeout = Timeout(timeout_seconds)
        self._verify = verify
        self._proxies = dict(proxies)

    def send(
        self, method: str, target: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> BaseHTTPResponse:
        """The answer, its head read and its body not; `target`: path and query, quoted.

        Raises what requests and urllib3 raise, and `OSError` where `verify` names no file.
        """
        pool, origin = self._way
        return pool.urlopen(
            method,
            origin + target,
            body or None,
            headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=self._timeout,
            preload_content=False,
            decode_content=False,
        )

    def close(self) -> None:
        """Lets go of the connections."""
        self._adapter.close()

    @cached_property
    def _way(self) -> tuple[HTTPConnectionPool, str]:
        """The connections, and what a target begins with: a proxy for plain HTTP wants it all."""
        asked, adapter = self._origin.prepare(), self._adapter
        pool = adapter.get_connection_with_tls_context(asked, self._verify, self._proxies)
        adapter.cert_verify(pool, asked.url, self._verify, None)  # type: ignore[no-untyped-call]
        is_told_all = adapter.request_url(asked, self._proxies) == asked.url
        origin = (asked.url or "").rstrip("/") if is_told_all else ""
        return cast("HTTPConnectionPool", pool), origin
