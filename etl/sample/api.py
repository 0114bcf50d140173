"""The sample API: a server on loopback with the calls of ModelArts that a sync uses.

with SampleApi(generation(1)) as api:
    requests.get(f"{api.url}/v1/{project_id}/images", params={"type": "BUILD_IN"})

It can require signed requests, and has situations to practise with.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from etl.sample.catalogue import ApiError, deletions, list_page, whole_number

Images = list[dict[str, Any]]
KEPT: Final = 3  # a mass removal keeps every third image
_STOP_POLL_SECONDS: Final = 0.01

# Check of a request's `SDK-HMAC-SHA256` signature, the receiving side. It is written from the API
# gateway's documentation and not shared with the signing side, so that neither can hide the other's
# mistake.
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


class SampleApi:
    """Serves images from entering the context to leaving it.

    With an `access_key`, requests must be signed with it. `before_list` may change the images
    before each list request. Raises `OSError` if the port is taken.
    """

    def __init__(
        self,
        images: Iterable[Mapping[str, Any]],
        *,
        workspaces: Iterable[Mapping[str, Any]] = (),
        port: int = 0,
        access_key: AccessKey | None = None,
        before_list: Callable[[list[Mapping[str, Any]]], None] | None = None,
    ) -> None:
        self._images = list(images)
        self._before_list = before_list
        self._workspaces = [dict(each) for each in workspaces]
        if all(each["id"] != "0" for each in self._workspaces):
            self._workspaces.insert(0, {"id": "0", "name": "default"})
        self._access_key = access_key
        self._server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, self))
        self._thread = Thread(
            target=self._server.serve_forever, args=(_STOP_POLL_SECONDS,), daemon=True
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def respond(self, url: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body of the response to a GET request."""
        try:
            parts = urlsplit(url)
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            if self._access_key:
                received = Received("GET", parts.path, query, headers)
                verify(received, self._access_key, now=time.time())
            return 200, msgspec.json.encode(self._route(parts.path, query))
        except ApiError as error:
            body = {"error_code": error.code, "error_msg": error.message}
            return error.status, msgspec.json.encode(body)

    def _route(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        match [unquote(segment) for segment in path.strip("/").split("/")]:
            case ["v1", _, "images"]:
                return self._list(query)
            case ["v1", _, "images", "group"]:  # another call of the API, never an image's id
                return {"current": 0, "data": [], "pages": 0, "size": 0, "total": 0}
            case ["v1", _, "images", image_id]:
                return self._show(image_id)
            case ["v1", _, "workspaces"]:
                limit = whole_number(query, "limit", 1000, lowest=1)
                start = whole_number(query, "offset", 0) * limit
                shown = self._workspaces[start : start + limit]
                total = len(self._workspaces)
                return {"total_count": total, "count": len(shown), "workspaces": shown}
            case ["v3", _, "traces"]:
                return self._traces(query)
        raise ApiError(404, "APIGW.0101", "The API does not exist or has not been published")

    def _list(self, query: Mapping[str, str]) -> Mapping[str, Any]:
        workspace = query.get("workspace_id", "0")
        if workspace not in {each["id"] for each in self._workspaces}:
            raise ApiError(400, "ModelArts.7005", f"Workspace {workspace} does not exist")
        if self._before_list:
            self._before_list(self._images)
        return list_page(self._images, query)

    def _traces(self, query: Mapping[str, str]) -> Mapping[str, Any]:
        """All traces of the period on one page."""
        at = int(time.time() * 1000)
        is_wanted = whole_number(query, "from", 0) < at < whole_number(query, "to", at + 1)
        traces = deletions(self._images, at=at) if is_wanted else []
        return {"traces": traces, "meta_data": {"count": len(traces), "marker": None}}

    def _show(self, image_id: str) -> Mapping[str, Any]:
        for fields in self._images:
            if fields["id"] == image_id:
                return {**fields, "support_res_categories": fields.get("resource_categories", [])}
        raise ApiError(400, "ModelArts.6404", f"Image {image_id} does not exist")


class _Handler(BaseHTTPRequestHandler):
    """Keeps connections open, as the real API does."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body in one packet
    _request_ids = count(1)

    def __init__(self, api: SampleApi, *connection: Any) -> None:
        self._api = api
        super().__init__(*connection)

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, body = self._api.respond(self.path, headers)
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-Id", f"{next(self._request_ids):032x}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Requests are not logged."""


def mass_removal(images: Images) -> dict[str, Any]:
    """Most images are gone, as after a mistake in the console or a lost permission."""
    return {"images": images[::KEPT]}


def refused_key(images: Images) -> dict[str, Any]:
    """No signature is accepted, as after a key was deactivated."""
    return {
        "images": images,
        "access_key": AccessKey(secrets.token_hex(10), secrets.token_hex(20)),
    }


def changing_list(images: Images) -> dict[str, Any]:
    """Each list request finds one image more, so that no read of several pages adds up."""
    numbers = count(1)

    def add_one(current: Images) -> None:
        number = next(numbers)
        new = {**images[0], "id": f"practice-{number}", "name": f"practice-{number}"}
        current.append(new)

    return {"images": images, "before_list": add_one}


PLAYS: Final[dict[str, Callable[[Images], dict[str, Any]]]] = {
    "mass-removal": mass_removal,
    "refused-key": refused_key,
    "changing-list": changing_list,
}
"""Situations to practise with: name → the arguments of `SampleApi` for these images."""
