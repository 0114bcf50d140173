"""A fake ModelArts API for tests, with every known quirk, on a real socket.

    with FakeApi(generation(1)) as api:
        requests.get(f"{api.url}/v1/{project_id}/images", params={"type": "BUILD_IN"})

One address serves ModelArts, IAM, the metadata service of a cloud machine and Cloud Trace Service.
`images` and `quirks` may be replaced at any time, also between two pages of one walk: set the
attribute, or do it in `before_request`, which gets every request first and may respond to it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, Final, Self

from etl.sample.catalogue import ApiError, whole_number
from tests.support.fake_api import identity
from tests.support.fake_api.identity import Identity
from tests.support.fake_api.listing import Catalogue, list_page
from tests.support.fake_api.messages import (
    Request,
    Response,
    error_response,
    json_response,
)
from tests.support.fake_api.quirks import Quirks
from tests.support.fake_api.server import LoopbackServer, http_date

if TYPE_CHECKING:
    from ssl import SSLContext
    from types import TracebackType

MAX_REQUESTS: Final = 10_000
_JSON: Final = {"Content-Type": "application/json"}

BeforeRequest = Callable[[Request], Response | None]


class FakeApi:
    """Serves `images` from entering the context to leaving it.

    `project_id` is the only one accepted (None: any). IAM lists `projects` and issues tokens for
    them. `workspaces` are ids, or objects as the workspaces call lists them; `0` is always there.
    `clock` returns epoch seconds; responses have a Date only if it is given, or
    `quirks.clock_skew_seconds`. `requests` are the latest `MAX_REQUESTS` ones. An error in
    `before_request` becomes a response 500 and is raised when the context ends.
    """

    def __init__(
        self,
        images: Iterable[Any],
        *,
        quirks: Quirks | None = None,
        workspaces: Iterable[str | Mapping[str, Any]] = ("0",),
        project_id: str | None = None,
        projects: Sequence[Mapping[str, object]] = (),
        port: int = 0,
        clock: Callable[[], float] | None = None,
        tls: SSLContext | None = None,
    ) -> None:
        self.quirks = quirks or Quirks()
        self.workspaces = tuple(workspaces)
        self.project_id = project_id
        self.before_request: BeforeRequest | None = None
        self.requests: deque[Request] = deque(maxlen=MAX_REQUESTS)
        self._catalogue = Catalogue(images)
        self._identity = Identity(projects)
        self._numbers = count(1)
        self._has_clock = clock is not None
        self._clock = clock or time.time
        self._server = LoopbackServer(self._receive, clock=self._clock, port=port, tls=tls)
        self.url = self._server.url

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.stop()
        if self._server.failures and error is None:
            raise self._server.failures[0]

    @property
    def images(self) -> tuple[Any, ...]:
        """The catalogue. Replace it to change it; its records must not be altered."""
        return self._catalogue.records

    @images.setter
    def images(self, images: Iterable[Any]) -> None:
        self._catalogue = Catalogue(images)

    def revoke_tokens(self) -> None:
        """Every token that IAM issued so far is refused from now on."""
        self._identity.revoke_tokens()

    def respond(self, request: Request) -> Response:
        """The response to a request, without `before_request`."""
        now = self._now()
        try:
            return self._route(request, now)
        except ApiError as error:
            return error_response(error.status, error.code, error.message)

    def _receive(self, request: Request) -> Response:
        request = replace(request, number=next(self._numbers))
        self.requests.append(request)
        planned = self.before_request(request) if self.before_request else None
        response = planned or self.respond(request)
        headers = {"X-Request-Id": f"{request.number:032x}", **response.headers}
        if self._has_clock or self.quirks.clock_skew_seconds:
            headers.setdefault("Date", http_date(self._now()))
        return replace(response, headers=headers)

    def _now(self) -> float:
        return self._clock() + self.quirks.clock_skew_seconds

    def _route(self, request: Request, now: float) -> Response:
        match (request.method, *request.path.strip("/").split("/")):
            case ("POST", "v3", "auth", "tokens"):
                return self._identity.issue_token(request, self.quirks, now=now)
            case ("PUT", "meta-data", "latest", "api", "token"):
                return identity.metadata_token(self.quirks)
            case ("GET", "openstack", "latest", "securitykey"):
                return identity.security_key(request, self.quirks, now=now)
        self._identity.check(request, self.quirks, now=now)
        match (request.method, *request.path.strip("/").split("/")):
            case ("GET", "v3", "auth", "projects"):
                return self._identity.list_projects()
            case ("GET", "v1", project, *call):
                self._check_project(project)
                return self._modelarts(call, request)
        raise ApiError(404, "APIGW.0101", "The API does not exist or has not been published")

    def _check_project(self, project: str) -> None:
        if self.project_id not in (None, project):
            raise ApiError(403, "ModelArts.0210", "The project does not match the token")

    def _modelarts(self, call: list[str], request: Request) -> Response:
        match call:
            case ["images"]:
                return self._list_images(request)
            case ["images", "group"]:  # another call of the API, never an image's id
                return json_response({"current": 0, "data": [], "pages": 0, "size": 0, "total": 0})
            case ["images", image_id]:
                return self._show_image(image_id)
            case ["workspaces"] if self.quirks.workspaces_call != "absent":
                return self._list_workspaces(request)
        raise ApiError(404, "APIGW.0101", "The API does not exist or has not been published")

    def _list_images(self, request: Request) -> Response:
        workspace = request.query.get("workspace_id", "0")
        if workspace not in {each["id"] for each in self._known_workspaces()}:
            raise ApiError(400, "ModelArts.7005", f"Workspace {workspace} does not exist")
        seed = self.quirks.shuffle_seed
        ties = None if seed is None else Random(f"{seed}/{request.number}")
        body = list_page(self._catalogue, request.query, self.quirks, ties=ties)
        return Response(200, body, _JSON)

    def _show_image(self, image_id: str) -> Response:
        if self.quirks.show == "refused":
            raise ApiError(403, "ModelArts.0108", "No permission to show images")
        fields = self._catalogue.by_id.get(image_id)
        if fields is None:
            status = self.quirks.missing_image_status
            raise ApiError(status, "ModelArts.6404", f"Image {image_id} does not exist")
        categories = fields.get("resource_categories") or []
        return json_response({**fields, "support_res_categories": categories})

    def _list_workspaces(self, request: Request) -> Response:
        if self.quirks.workspaces_call == "refused":
            raise ApiError(403, "ModelArts.0108", "No permission to list workspaces")
        known = self._known_workspaces()
        limit = whole_number(request.query, "limit", 1000, lowest=1)
        start = whole_number(request.query, "offset", 0) * limit
        shown = known[start : start + limit]
        if self.quirks.numeric_workspace_ids:
            shown = [{**each, "id": _as_number(each["id"])} for each in shown]
        return json_response({"total_count": len(known), "count": len(shown), "workspaces": shown})

    def _known_workspaces(self) -> list[dict[str, Any]]:
        """The workspaces as they are listed, always including the default one."""
        given = [
            {"id": each, "name": "default" if each == "0" else f"workspace-{each[:4]}"}
            if isinstance(each, str)
            else dict(each)
            for each in self.workspaces
        ]
        if all(each["id"] != "0" for each in given):
            given.insert(0, {"id": "0", "name": "default"})
        return given


def _as_number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text
