"""Check of a request's `SDK-HMAC-SHA256` signature, the receiving side.

Written from the API gateway's documentation and not shared with the signing side, so that neither
can hide the other's mistake.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, unquote

from etl.sample.catalogue import ApiError

ALGORITHM: Final = "SDK-HMAC-SHA256"
MAX_SKEW_SECONDS: Final = 15 * 60
_AUTHORIZATION: Final = re.compile(
    rf"{ALGORITHM} Access=(?P<access>[^,]+), *SignedHeaders=(?P<signed>[^,]+), *"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """The key pair that signs; with a `security_token` it is a temporary one."""

    access: str
    secret: str
    security_token: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it was received; `headers` have lower-case names."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


def verify(request: Received, key: AccessKey, *, now: float) -> None:
    """Check that `key` signed a request within 15 minutes of `now`, in epoch seconds.

    Raises `ApiError` 401 `APIGW.0301`. Like the real gateway, the refusal repeats the access key
    and the canonical request.
    """
    match = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if match is None:
        raise _refused("the authorization header cannot be read")
    signed_names = match["signed"].split(";")
    if not {"host", "x-sdk-date"} <= set(signed_names):
        raise _refused("host and x-sdk-date must be signed")
    if abs(_signed_at(request) - now) > MAX_SKEW_SECONDS:
        raise _refused("the request's time is more than 15 minutes from the server's")
    if request.headers.get("x-security-token", "") != key.security_token:
        raise _refused("the security token is not the key's")
    canonical = canonical_request(request, signed_names)
    expected = signature(canonical, request.headers["x-sdk-date"], key.secret)
    if match["access"] != key.access or not hmac.compare_digest(expected, match["signature"]):
        raise _refused(f"access key: {match['access']}, canonical request: {canonical!r}")


def signature(canonical: str, date: str, secret: str) -> str:
    """Hex HMAC-SHA256, keyed by the secret itself, over the canonical request."""
    text = f"{ALGORITHM}\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def canonical_request(request: Received, signed_names: list[str]) -> str:
    """The canonical request that both sides hash."""
    path = "/".join(_escape(unquote(segment)) for segment in request.path.split("/"))
    query = sorted((_escape(name), _escape(value)) for name, value in request.query.items())
    headers = [f"{name}:{request.headers.get(name, '').strip()}\n" for name in signed_names]
    return "\n".join(
        [
            request.method,
            path if path.endswith("/") else path + "/",
            "&".join(f"{name}={value}" for name, value in query),
            "".join(headers),
            ";".join(signed_names),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )


def _escape(text: str) -> str:
    return quote(text, safe="~")


def _signed_at(request: Received) -> float:
    try:
        text = request.headers["x-sdk-date"]
        return datetime.strptime(text + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
    except (KeyError, ValueError):
        raise _refused("x-sdk-date is missing or not YYYYMMDDTHHMMSSZ") from None


def _refused(reason: str) -> ApiError:
    message = f"Incorrect IAM authentication information: verify aksk signature fail, {reason}"
    return ApiError(401, "APIGW.0301", message)
