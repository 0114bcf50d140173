"""Errors for failed requests: cause first, then the location, then the next step as the hint.

Servers echo keys, tokens and signed requests, so everything that they wrote is redacted before it
becomes part of a message.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar
from urllib.parse import quote, quote_plus, urlsplit

import msgspec
import requests
import urllib3.exceptions

from etl.client.messages import NoResponse, Request, Response
from etl.clock import clock_difference_text
from etl.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.text import clipped

REFUSED: Final = frozenset({401, 403, 404})
SKEW_WORTH_A_HINT_SECONDS: Final = 600
MAX_RETRY_AFTER_SECONDS: Final = 120.0
JSON_SPACE: Final = b" \t\r\n"

Body = TypeVar("Body")
_CAUSES: Final = {
    401: "access denied",
    403: "permission denied",
    404: "not found",
    429: "too many requests",
}
MASK: Final = "***"

_SHORTEST: Final = 4  # shorter values would tear holes into plain words
_NAMED: Final = re.compile(
    r"""(?ix)
    \b ( access (?:[_-]?key(?:[_-]?id)?)? | a\.?k | s\.?k | secret (?:[_-]?(?:access[_-]?)?key)?
       | signature | authorization | password | passwd | credential
       | (?:x[_-])? (?:(?:auth|subject|security|metadata)[_-]?)? token )
    ( \\?["']? \s* [=:] \s* \\?["']? )
    (?: (?:bearer|basic|sdk-hmac-\w+) \s+ )?
    [^\s,;&"'\\<>]+
    """
)
_CANONICAL: Final = re.compile(r"(?is)(canonical[\s_-]*request|string[\s_-]*to[\s_-]*sign).*")
_DIGEST: Final = re.compile(r"\b[0-9a-fA-F]{64}\b")
_USERINFO: Final = re.compile(r"(?<=://)[^/\s@]+@")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Hints:
    """The next steps for a client's errors.

    `endpoint_key` is the configuration key that names the host, `unauthorized` the advice for a
    401, `is_rate_limited` whether a rate limit is configured.
    """

    endpoint_key: str = "endpoint"
    unauthorized: str = ""
    is_rate_limited: bool = False

    def for_response(self, response: Response) -> str:
        """What to do about an error response."""
        status = response.status
        if 300 <= status < 400:
            return f"redirects are not followed: set {self.endpoint_key} to the API's own address"
        if status == 401:
            return "; ".join(part for part in (self.unauthorized, _skew_hint(response)) if part)
        if (requested := response.retry_after_seconds) > MAX_RETRY_AFTER_SECONDS:
            return f"the server asks to wait {requested:.0f} s: run again later"
        if status == 429:
            verb = "lower" if self.is_rate_limited else "set"
            return f"{verb} http.max_requests_per_second"
        if status >= 500:
            return "try again later; if it persists, report the request id to the service's support"
        project = " and project_id" if self.endpoint_key == "endpoint" else ""
        return {
            403: "check project_id and the permissions of the credentials",
            404: f"check {self.endpoint_key}{project}",
        }.get(status, "")

    def for_no_response(self, error: Exception, proxy: str) -> NoResponse:
        """Why no response came, by the innermost cause; a proxy that was used is named."""
        causes = list(_causes(error))
        via = f" through the proxy {redacted(proxy)}" if proxy else ""
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            cause = f"TLS certificate rejected{via}: {causes[-1]}"
            return NoResponse(cause, self._certificate(str(causes[-1])), is_transient=False)
        if any(isinstance(cause, TimeoutError) for cause in causes):
            hint = "try again later, or raise http.timeout_seconds"
            return NoResponse(f"no complete response in time{via}", hint)
        if isinstance(error, IncompleteBody):
            cause = "the response is damaged or incomplete"
        else:
            cause = f"no connection{via}: {causes[-1]}"
        network = "the proxy and NO_PROXY" if via else f"{self.endpoint_key} and the network"
        return NoResponse(cause, f"check {network}", _is_transient(error))

    def _certificate(self, cause: str) -> str:
        if "mismatch" in cause or "not valid for" in cause:
            return f"the certificate is for another host name: check {self.endpoint_key}"
        return "for a private certificate authority, set http.ca_bundle"


class IncompleteBody(Exception):
    """The body cannot be decompressed, or ends too early."""


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The parts of an API's error body; each may be empty."""

    code: str = ""
    message: str = ""
    request_id: str = ""


def error_of(
    request: Request,
    outcome: Response | NoResponse,
    *,
    attempts: int = 1,
    secrets: Iterable[str] = (),
    hints: Hints = Hints(),
) -> SourceError:
    """The error for the outcome that ends a request."""
    location = str(request) + (f", {attempts} attempts" if attempts > 1 else "")
    if isinstance(outcome, NoResponse):
        cause = redacted(outcome.cause, secrets)
        return SourceUnavailable(f"{cause}: {location}", hint=outcome.hint)
    body = error_body(outcome, secrets)
    request_id = outcome.request_id or body.request_id
    return _kind(outcome.status)(
        _cause(outcome.status, body) + ": " + location + _request_text(request_id),
        hint=hints.for_response(outcome),
        status=outcome.status,
        error_code=body.code,
        request_id=request_id,
        received_at=outcome.received_at,
        is_foreign=bool(outcome.body.strip()) and not is_json(outcome.body),
    )


def broken_response(response: Response, cause: str, *, hint: str) -> SourceBroken:
    """The error for a response with an accepted status and an unusable body."""
    return SourceBroken(
        f"{cause}: {response.location}{_request_text(response.request_id)}",
        hint=hint,
        status=response.status,
        request_id=response.request_id,
        received_at=response.received_at,
    )


def decoded(response: Response, type_: type[Body], *, what: str, hint: str) -> Body:
    """The body of a JSON response. Raises `SourceBroken` if it is not `what` was requested."""
    try:
        return msgspec.json.decode(response.body, type=type_)
    except msgspec.DecodeError as error:
        raise broken_response(response, f"the response is not {what}: {error}", hint=hint) from None


def check_json(request: Request, response: Response, *, endpoint_key: str) -> None:
    """Raise `SourceBroken` if a JSON response was expected and an HTML page or text came."""
    if request.is_json and not is_json(response.body):
        start = response.body[:64].lstrip(JSON_SPACE)[:1]
        what = "an HTML page" if start == b"<" else "text" if start else "nothing"
        cause = f"expected JSON, received {what} ({response.status})"
        hint = f"check {endpoint_key}, and the proxy if there is one"
        raise broken_response(response, cause, hint=hint)


def is_json(body: bytes) -> bool:
    """Whether a body starts like a JSON object or array, as every response of these APIs does."""
    return body.lstrip(JSON_SPACE)[:1] in {b"{", b"["}


def _redirect_target(location: str) -> str:
    try:
        target = urlsplit(location)
    except ValueError:  # for example an incomplete IPv6 address
        return "to an invalid URL"
    return f"to {target.scheme}://{target.hostname}" if target.hostname else "that names no host"


def error_body(response: Response, secrets: Iterable[str] = ()) -> ErrorBody:
    """Read the error formats of ModelArts, its gateway and IAM, plain text and HTML pages."""
    if 300 <= response.status < 400:
        location = redacted(response.headers.get("Location", ""), secrets, most=2000)
        return ErrorBody(message=f"redirect {_redirect_target(location)}")
    text = response.body.decode(errors="replace").strip()
    try:
        tree = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        tree = _page_title(text)
    if isinstance(tree, dict) and isinstance(tree.get("error"), dict):
        tree = tree["error"]
    if not isinstance(tree, dict):
        return ErrorBody(message=redacted(str(tree), secrets))
    return ErrorBody(
        code=redacted(_first(tree, "error_code", "errorCode", "code"), secrets, most=64),
        message=redacted(_first(tree, "error_msg", "errorMsg", "message", "title"), secrets),
        request_id=redacted(_first(tree, "request_id", "requestId"), secrets, most=128),
    )


def _kind(status: int) -> type[SourceError]:
    if status in REFUSED:
        return SourceRefused
    return SourceUnavailable if status == 429 or status >= 500 else SourceBroken


def _cause(status: int, body: ErrorBody) -> str:
    default = "service unavailable" if status >= 500 else "request rejected"
    codes = " ".join(filter(None, (str(status), body.code)))
    cause = f"{_CAUSES.get(status, default)} ({codes})"
    return f"{cause}: {body.message}" if body.message else cause


def _request_text(request_id: str) -> str:
    return f" [request {request_id}]" if request_id else ""


def _skew_hint(response: Response) -> str:
    """A hint about clocks that are so far apart that signatures and tokens fail."""
    skew = response.clock_skew_seconds or 0.0
    if abs(skew) < SKEW_WORTH_A_HINT_SECONDS:
        return ""
    return clock_difference_text(skew, "the server's") + ": set it"


def _page_title(text: str) -> str:
    """The title of an HTML page; other text unchanged."""
    if not text.startswith("<"):
        return text
    title = re.search(r"<title[^>]*>([^<]{1,200})", text, re.IGNORECASE)
    return f"HTML page {title[1].strip()!r}" if title else "HTML page"


def _first(tree: dict[str, Any], *names: str) -> str:
    """The first of these members that is text or a number; IAM's codes are numbers."""
    return next((str(tree[name]) for name in names if isinstance(tree.get(name), str | int)), "")


def _is_transient(error: Exception) -> bool:
    """Whether the same request may succeed a little later, although no response came."""
    transient = (
        IncompleteBody,
        requests.ConnectionError,
        requests.Timeout,
        urllib3.exceptions.HTTPError,
    )
    is_permanent = isinstance(error, requests.exceptions.InvalidProxyURL)
    return isinstance(error, transient) and not is_permanent


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it wraps, in whichever way its library wraps."""
    seen: set[int] = set()
    inner: Any = error
    while isinstance(inner, BaseException) and id(inner) not in seen:
        seen.add(id(inner))
        yield inner
        wrapped = [arg for arg in inner.args if isinstance(arg, BaseException)]
        inner = getattr(inner, "reason", None) or inner.__cause__ or next(iter(wrapped), None)


def redacted(text: str, secrets: Iterable[str] = (), *, most: int = 300) -> str:
    """`text` on one line, without secrets, cut to `most` characters."""
    if known := _pattern_of(tuple(secrets)):
        text = known.sub(MASK, text)
    text = _CANONICAL.sub(rf"\1 {MASK}", text)
    text = _NAMED.sub(rf"\1\2{MASK}", text)
    text = _USERINFO.sub(f"{MASK}@", _DIGEST.sub(MASK, text))
    text = _CONTROL.sub(" ", text).strip()
    return clipped(text, most)


@lru_cache(maxsize=16)  # every response is redacted, and compiling takes a while
def _pattern_of(secrets: tuple[str, ...]) -> re.Pattern[str] | None:
    """Each secret as it is, in JSON, and either of them in a URL; longer ones first."""
    spellings = {
        spelling
        for secret in secrets
        for plain in (
            secret,
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
        )
        for spelling in (
            plain,
            quote(plain, safe="", errors="replace"),
            quote(plain, errors="replace"),
            quote_plus(plain, errors="replace"),
        )
        if len(spelling) >= _SHORTEST
    }
    alternatives = map(re.escape, sorted(spellings, key=len, reverse=True))
    return re.compile("|".join(alternatives), re.IGNORECASE) if spellings else None
