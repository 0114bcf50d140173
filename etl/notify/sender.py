"""Delivery of a notification: one HTTP request with few retries.

URLs of notifications are secrets, because everyone who knows one can use it. Messages contain
only the host.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from etl.config import HttpSettings
from etl.extract.auth import Authenticator
from etl.extract.exchange import Request
from etl.extract.hosts import Hosts
from etl.extract.http import Client, Endpoint
from etl.notify.webhook import SIGNATURE, signature

_MAX_WAIT_SECONDS: Final = 10.0  # between two attempts, whatever the host asks for
_ACCEPTED: Final = frozenset(range(200, 300))
TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends notifications; `timeout_seconds` applies to each attempt."""

    http: HttpSettings
    timeout_seconds: float
    now: Callable[[], datetime]
    sleep: Callable[[float], object] = time.sleep

    def send(
        self,
        url: str,
        body: bytes,
        *,
        method: str = "POST",
        content_type: str = TEXT,
        secret: str = "",
        max_retries: int,
    ) -> None:
        """Sends `body`; any 2xx response counts as delivered.

        With a `secret` each attempt is signed. Raises `SourceError` if it was not delivered.
        """
        parts = urlsplit(url)
        hosts = Hosts(sleep=lambda seconds: self.sleep(min(seconds, _MAX_WAIT_SECONDS)))
        client = Client(
            Endpoint(parts._replace(query="").geturl(), "the URL in [notify]"),
            auth=self._signing(secret, (parts.path, parts.query, *parts.path.split("/"))),
            http=replace(self.http, timeout_seconds=self.timeout_seconds, max_retries=max_retries),
            clock=self.now,
            hosts=hosts,
        )
        request = client.request(
            method,
            "",
            query=parts.query,
            headers={"Content-Type": content_type},
            body=body,
            accepted=_ACCEPTED,
        )
        try:
            client.send(replace(request, is_json=False, is_notification=True))
        finally:
            client.close()
            hosts.close()

    def _signing(self, secret: str, url_parts: tuple[str, ...]) -> Authenticator:
        """Signs the body with a shared secret, if there is one; the URL is secret in any case."""

        def headers(request: Request) -> Mapping[str, str]:
            if not secret:
                return {}
            return {SIGNATURE: signature(secret, request.body, at=self.now())}

        return Authenticator(
            "the receiver rejected it: check the URL and the secret",
            headers=headers,
            secrets=lambda: (secret, *url_parts),
        )
