"""Authentication of requests: how each method makes its headers, and the request signature.

Headers are made for each attempt anew, so that signatures and tokens are always fresh. Secrets stay
in memory. The signature is SDK-HMAC-SHA256 as in the API gateway's signing guide; the tests compare
it with the official SDK's.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from etl.client.messages import Request, quoted

ALGORITHM: Final = "SDK-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Authenticator:
    """One authentication method, as the client uses it; by default there is none.

    `advice` is the hint for a 401. `headers` makes the headers for a request; it may fetch a
    credential and raise `SourceError`. `secrets` are the values that must not appear in any text.
    `renew` gets the headers that a 401 refused and returns whether another attempt is worthwhile.
    """

    advice: str = "the endpoint requires credentials: set source.auth"
    headers: Callable[[Request], Mapping[str, str]] = lambda _request: {}
    secrets: Callable[[], tuple[str, ...]] = lambda: ()
    renew: Callable[[Mapping[str, str]], bool] = lambda _refused: False
    close: Callable[[], None] = lambda: None


def fixed_token(token: str) -> Authenticator:
    """An IAM token from the configuration. White space around it is ignored."""
    token = token.strip()
    return Authenticator(
        "the token is invalid or has expired (after 24 hours at most): set a new one",
        headers=lambda _request: {"X-Auth-Token": token},
        secrets=lambda: (token,),
    )


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key and its secret, with a security token if they are temporary."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    security_token: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.access_key, self.secret_key, self.security_token)


def signed(request: Request, keys: Keys, *, at: datetime, project_id: str = "") -> dict[str, str]:
    """The headers that sign a request at a given time, for a project."""
    date = at.strftime("%Y%m%dT%H%M%SZ")
    headers = {"Host": request.host, "X-Sdk-Date": date}
    if project_id:
        headers["X-Project-Id"] = project_id
    if keys.security_token:
        headers["X-Security-Token"] = keys.security_token
    return headers | {"Authorization": authorization(request, headers, keys, date=date)}


def authorization(request: Request, headers: Mapping[str, str], keys: Keys, *, date: str) -> str:
    """The Authorization header for a request with exactly these headers signed."""
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    names = ";".join(sorted(lower))
    canonical = "\n".join(
        [
            request.method,
            _canonical_path(request.path),
            request.query,
            *(f"{name}:{lower[name]}" for name in sorted(lower)),
            "",
            names,
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    to_sign = f"{ALGORITHM}\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(keys.secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Access={keys.access_key}, SignedHeaders={names}, Signature={signature}"


def _canonical_path(path: str) -> str:
    """Each segment encoded once, and always a slash at the end."""
    whole = "/".join(quoted(segment) for segment in unquote(path).split("/"))
    return whole if whole.endswith("/") else f"{whole}/"
