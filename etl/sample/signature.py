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
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from etl.sample.listing import ApiError

ALGORITHM: Final = "SDK-HMAC-SHA256"
MAX_SKEW_SECONDS: Final = 15 * 60
_AUTHORIZATION: Final = re.compile(
    rf"{ALGORITHM} Access=(?P<access>[^,]+), *SignedHeaders=(?P<signed>[^,]+), *"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """The key pair that signs."""

    access: str
    secret: str


def verify(url: str, headers: Mapping[str, str], key: AccessKey, *, now: float) -> None:
    """Check that `key` signed a GET request within 15 minutes of `now`.

    `headers` have lower-case names. Raises `ApiError` 401 `APIGW.0301`.
    """
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None:
        raise _refused("the authorization header cannot be read")
    names = match["signed"].split(";")
    if not {"host", "x-sdk-date"} <= set(names):
        raise _refused("host and x-sdk-date must be signed")
    date = headers.get("x-sdk-date", "")
    if abs(_time(date) - now) > MAX_SKEW_SECONDS:
        raise _refused("the request's time is more than 15 minutes from the server's")
    digest = hashlib.sha256(_canonical(url, headers, names).encode()).hexdigest()
    text = f"{ALGORITHM}\n{date}\n{digest}"
    expected = hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    if match["access"] != key.access or not hmac.compare_digest(expected, match["signature"]):
        raise _refused("the signature does not match")


def _canonical(url: str, headers: Mapping[str, str], names: list[str]) -> str:
    """The canonical request that both sides hash."""
    parts = urlsplit(url)
    path = "/".join(_escape(unquote(segment)) for segment in parts.path.split("/"))
    query = sorted(
        (_escape(name), _escape(value))
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    return "\n".join(
        [
            "GET",
            path if path.endswith("/") else path + "/",
            "&".join(f"{name}={value}" for name, value in query),
            *(f"{name}:{headers.get(name, '').strip()}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(b"").hexdigest(),
        ]
    )


def _escape(text: str) -> str:
    return quote(text, safe="~")


def _time(date: str) -> float:
    try:
        return datetime.strptime(f"{date}+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
    except ValueError:
        raise _refused("x-sdk-date is missing or not YYYYMMDDTHHMMSSZ") from None


def _refused(reason: str) -> ApiError:
    message = f"Incorrect IAM authentication information: verify aksk signature fail, {reason}"
    return ApiError(401, "APIGW.0301", message)
