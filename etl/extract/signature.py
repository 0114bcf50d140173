"""Signs a request with an access key: SDK-HMAC-SHA256. Pure: the instant is given.

Source: the API gateway's signing guide and the official SDK's signer, with which the tests compare.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from etl.extract.exchange import Request, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ALGORITHM: Final = "SDK-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key and its secret; temporary ones have a security token besides."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    security_token: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.access_key, self.secret_key, self.security_token)


def signed(request: Request, keys: Keys, *, at: datetime, project_id: str = "") -> dict[str, str]:
    """The headers to add to `request`: who signs, when, for which project, and the signature."""
    date = at.strftime("%Y%m%dT%H%M%SZ")
    headers = {"Host": request.host, "X-Sdk-Date": date}
    if project_id:
        headers["X-Project-Id"] = project_id
    if keys.security_token:
        headers["X-Security-Token"] = keys.security_token
    return headers | {"Authorization": authorization(request, headers, keys, date=date)}


def authorization(request: Request, headers: Mapping[str, str], keys: Keys, *, date: str) -> str:
    """The Authorization header over `request` with exactly these `headers` signed."""
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
    """Each segment quoted once, and always a slash at the end."""
    whole = "/".join(quoted(segment) for segment in unquote(path).split("/"))
    return whole if whole.endswith("/") else f"{whole}/"
