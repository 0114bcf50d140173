"""How does a notice reach its host? One POST by the client, tried again a little, its URL untold.

The URLs are secrets: whoever knows one can ping. No text says more of them than the host.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from etl.extract.client import Client
from etl.notify.events import signature

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from etl.config import HttpSettings
    from etl.extract.exchange import Request

SIGNATURE: Final = "X-Image-Sync-Signature"
_LONGEST_WAIT_SECONDS: Final = 10.0  # between two attempts, whatever the host asks for
_ACCEPTED: Final = frozenset(range(200, 300))


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """How notices go out: the time-out of each attempt, the clock, the way to wait."""

    http: HttpSettings
    timeout_seconds: float
    now: Callable[[], datetime]
    sleep: Callable[[float], object] = time.sleep

    def send(
        self,
        url: str,
        body: bytes,
        *,
        suffix: str = "",
        kind: str = "text/plain; charset=utf-8",
        secret: str = "",
        max_retries: int,
    ) -> None:
        """Posts `body` to `url`, or below it; with a `secret` it is signed, each attempt anew.

        Raises `SourceError` when the host did not take it.
        """
        parts = urlsplit(url)
        client = Client(
            parts._replace(query="").geturl(),
            auth=_Signing(secret, self.now, (parts.path, parts.query, *parts.path.split("/"))),
            http=replace(self.http, timeout_seconds=self.timeout_seconds, max_retries=max_retries),
            clock=self.now,
            sleep=lambda seconds: self.sleep(min(seconds, _LONGEST_WAIT_SECONDS)),
        )
        headers = {"Content-Type": kind}
        request = client.request("POST", suffix, headers=headers, body=body, accepted=_ACCEPTED)
        try:
            client.send(replace(request, query=parts.query, is_json=False, is_notice=True))
        finally:
            client.close()


class _Signing:
    """Vouches for a body by a shared secret; without one, for nothing."""

    advice: Final = "the receiver refused it: check the URL and the secret"

    def __init__(self, secret: str, now: Callable[[], datetime], parts: tuple[str, ...]) -> None:
        self.secrets = (secret, *parts)
        self._secret = secret
        self._now = now

    def headers(self, request: Request) -> Mapping[str, str]:
        if not self._secret:
            return {}
        return {SIGNATURE: signature(self._secret, request.body, at=self._now())}

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002  # there is no other
        return False

    def close(self) -> None:
        """Nothing to let go of."""
