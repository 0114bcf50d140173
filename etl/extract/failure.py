"""From an answer that is none of the wanted ones, or a lost one, to the error that a person reads.

The message says method, URL, status, the API's own code and words, the request's id and how often
it was tried; the hint says what to do. Whatever the server wrote is redacted first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from etl.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from etl.extract.exchange import Answer, Lost, Request
from etl.extract.redact import redacted
from etl.extract.retry import LONGEST_ASKED_SECONDS, asked_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable

REFUSED: Final = frozenset({401, 403, 404})
SKEW_WORTH_TELLING: Final = timedelta(minutes=10)

_HINTS: Final = {
    403: "the credentials may not do this: check project_id, and that they may list images there",
    404: "no such project or API here: check endpoint and project_id",
    429: "lower http.max_requests_per_second and http.concurrency",
}
_REDIRECT_HINT: Final = "redirects are not followed, credentials go to the endpoint alone: check it"
_SERVER_HINT: Final = "the service is in trouble: try again later, and tell its support the request"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an API said about its refusal; every part may be empty."""

    code: str = ""
    words: str = ""
    request_id: str = ""


def error_of(
    request: Request,
    outcome: Answer | Lost,
    *,
    attempts: int = 1,
    secrets: Iterable[str] = (),
    advice: str = "",
) -> SourceError:
    """The error for an `outcome` that ends a request; `advice` is what to do about a 401."""
    tried = f", {attempts} times" if attempts > 1 else ""
    if isinstance(outcome, Lost):
        reason = redacted(outcome.reason, secrets)
        return SourceUnavailable(f"{request} got no answer{tried}: {reason}", hint=outcome.hint)
    said = complaint_of(outcome, secrets)
    request_id = redacted(outcome.request_id, secrets, most=128) or said.request_id
    words = " ".join(part for part in (said.code, said.words) if part)
    return _kind(outcome.status)(
        f"{request} was answered {outcome.status}{tried}"
        + (f": {words}" if words else "")
        + (f" [request {request_id}]" if request_id else ""),
        hint=_hint(outcome, advice),
        status=outcome.status,
        error_code=said.code,
        request_id=request_id,
        received_at=outcome.received_at,
        is_foreign=bool(outcome.body.strip()) and not is_json(outcome.body),
    )


def is_json(body: bytes) -> bool:
    """Whether a body begins like an object or an array."""
    return body[:64].lstrip()[:1] in {b"{", b"["}


def is_page(body: bytes) -> bool:
    """Whether a body is a page for people, as proxies and log-ins send it."""
    return body[:64].lstrip()[:1] == b"<"


def broken(request: Request, answer: Answer, what: str, *, hint: str) -> SourceBroken:
    """The error for an answer whose status is right and whose body is not."""
    told = f" [request {answer.request_id}]" if answer.request_id else ""
    return SourceBroken(
        f"{request} was answered {answer.status} {what}{told}",
        hint=hint,
        status=answer.status,
        request_id=answer.request_id,
        received_at=answer.received_at,
    )


def checked(request: Request, answer: Answer) -> Answer:
    """An answer whose body begins like JSON, where JSON is due; a log-in page does not."""
    if request.is_json and not is_json(answer.body):
        what = "with " + ("a page" if is_page(answer.body) else "what is no JSON")
        hint = "is that the API's own host? check endpoint, and the proxy if there is one"
        raise broken(request, answer, what, hint=hint)
    return answer


def complaint_of(answer: Answer, secrets: Iterable[str] = ()) -> Complaint:
    """Reads the services' several shapes of error, IAM's, a bare text, and a proxy's page."""
    if 300 <= answer.status < 400:
        target = urlsplit(redacted(answer.headers.get("Location", ""), secrets, most=2000))
        return Complaint(words=f"it points to {target.scheme}://{target.hostname or '?'}")
    text = answer.body.decode(errors="replace").strip()
    try:
        tree = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        tree = _page_title(text)
    if isinstance(tree, dict) and isinstance(tree.get("error"), dict):
        tree = tree["error"]
    if not isinstance(tree, dict):
        return Complaint(words=redacted(str(tree), secrets))
    return Complaint(
        code=redacted(_text(tree, "error_code", "errorCode", "code"), secrets, most=64),
        words=redacted(_text(tree, "error_msg", "errorMsg", "message", "title"), secrets),
        request_id=redacted(_text(tree, "request_id", "requestId"), secrets, most=128),
    )


def _kind(status: int) -> type[SourceError]:
    if status in REFUSED:
        return SourceRefused
    return SourceUnavailable if status == 429 or status >= 500 else SourceBroken


def _hint(answer: Answer, advice: str) -> str:
    if 300 <= answer.status < 400:
        return _REDIRECT_HINT
    if answer.status == 401:
        return "; ".join(part for part in (advice, _skew(answer)) if part)
    if (asked := asked_seconds(answer)) > LONGEST_ASKED_SECONDS:
        return f"it asks to wait {asked:.0f} s: run again later, and ask it less often"
    return _HINTS.get(answer.status, _SERVER_HINT if answer.status >= 500 else "")


def _skew(answer: Answer) -> str:
    """A word about clocks that are so far apart that signatures and tokens fail."""
    skew = answer.received_at - answer.server_at if answer.server_at else timedelta()
    if abs(skew) < SKEW_WORTH_TELLING:
        return ""
    side = "ahead of" if skew > timedelta() else "behind"
    minutes = abs(skew).total_seconds() / 60
    return f"this machine's clock is {minutes:.0f} minutes {side} the server's: set it"


def _page_title(text: str) -> str:
    """A page says what it is in its title; other text speaks for itself."""
    if not text.startswith("<"):
        return text
    title = re.search(r"<title[^>]*>([^<]{1,200})", text, re.IGNORECASE)
    return f"a page, {title[1].strip()!r}" if title else "a page, not JSON"


def _text(tree: dict[str, Any], *names: str) -> str:
    """The first of `names` that says something; IAM gives its code as a number."""
    return next((str(tree[name]) for name in names if isinstance(tree.get(name), str | int)), "")
