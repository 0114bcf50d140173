"""Workspaces of a project (ModelArts) and projects of an account (IAM)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from etl.errors import SourceBroken, SourceRefused
from etl.extract.exchange import quoted
from etl.extract.http_errors import broken_response

if TYPE_CHECKING:
    from etl.extract.http import Client

DEFAULT_WORKSPACE: Final = "0"
WORKSPACE_PAGE_SIZE: Final = 1000
MAX_WORKSPACE_PAGES: Final = 100
PROJECTS_PATH: Final = "/v3/auth/projects"
_WORKSPACES_HINT: Final = 'name the workspaces: source.workspaces = ["0", …]'


class _Workspace(msgspec.Struct):
    id: str | int


class _Workspaces(msgspec.Struct):
    workspaces: list[_Workspace]
    total_count: Annotated[int, msgspec.Meta(ge=0)] | None = None


def fetch_workspaces(client: Client, project_id: str) -> list[str]:
    """The ids of a project's workspaces, starting with `0`. Raises `SourceError`.

    The call is not published everywhere: without it there is only workspace `0`. `offset` is
    documented as a start page; if the second page contains nothing new, it is requested again with
    a record offset. Fewer workspaces than announced are an error, never a smaller catalogue.
    """
    path = f"/v1/{quoted(project_id)}/workspaces"
    found: dict[str, Any] = {DEFAULT_WORKSPACE: None}
    try:
        first = _fetch_workspaces(client, path, 0)
    except SourceRefused as error:
        if error.status == 404:
            return [DEFAULT_WORKSPACE]
        if error.status == 403:
            error.hint = f"grant the permission to list workspaces, or {_WORKSPACES_HINT}"
        raise
    listed = _add(first, found)
    announced = first.total_count or 0
    for page in range(1, MAX_WORKSPACE_PAGES):
        if listed >= announced:
            return list(found)
        new = _add(_fetch_workspaces(client, path, page), found)
        new = new or _add(_fetch_workspaces(client, path, listed), found)
        if not new:
            break
        listed += new
    raise SourceBroken(
        f"the endpoint announces {announced} workspaces and lists {listed}: GET {path}",
        hint=_WORKSPACES_HINT,
    )


def _add(response: _Workspaces, found: dict[str, Any]) -> int:
    """Add the ids of a response; returns how many are new (`0` counts when first listed)."""
    ids = {str(workspace.id).strip() for workspace in response.workspaces}
    is_default_new = DEFAULT_WORKSPACE in ids and found[DEFAULT_WORKSPACE] is None
    new = len(ids - found.keys()) + is_default_new
    found.update(dict.fromkeys(sorted(ids), True))
    return new


def _fetch_workspaces(client: Client, path: str, offset: int) -> _Workspaces:
    response = client.get(path, {"limit": str(WORKSPACE_PAGE_SIZE), "offset": str(offset)})
    try:
        return msgspec.json.decode(response.body, type=_Workspaces)
    except msgspec.DecodeError as error:
        cause = f"the response is not a list of workspaces: {error}"
        raise broken_response(f"GET {path}", response, cause, hint=_WORKSPACES_HINT) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project that the credentials may use, and its region."""

    project_id: str
    name: str
    region: str


class _Project(msgspec.Struct):
    id: str
    name: str
    enabled: bool = True


class _Projects(msgspec.Struct):
    projects: list[_Project]


def fetch_projects(client: Client, regions: Sequence[str]) -> list[Project]:
    """The enabled projects of these regions, ordered by name. Raises `SourceError`.

    A region's main project has the region's name; its sub-projects are named REGION_NAME.
    """
    response = client.get(PROJECTS_PATH, {})
    try:
        listed = msgspec.json.decode(response.body, type=_Projects).projects
    except msgspec.DecodeError as error:
        cause = f"the response is not a list of projects: {error}"
        raise broken_response(
            f"GET {PROJECTS_PATH}", response, cause, hint="check iam_endpoint"
        ) from None
    found = (
        Project(project_id=each.id, name=each.name, region=region)
        for each in listed
        for region in regions
        if each.enabled and (each.name == region or each.name.startswith(f"{region}_"))
    )
    return sorted(found, key=lambda each: (each.name, each.project_id))
