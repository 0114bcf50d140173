"""Workspaces of a project (ModelArts) and projects of an account (IAM)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from etl.client.http_errors import decoded
from etl.client.messages import quoted
from etl.errors import SourceBroken, SourceRefused

if TYPE_CHECKING:
    from etl.client.http_client import Client

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

    @property
    def ids(self) -> set[str]:
        return {str(each.id).strip() for each in self.workspaces}


def fetch_workspaces(client: Client, project_id: str) -> list[str]:
    """The ids of a project's workspaces, starting with `0`. Raises `SourceError`.

    The call is not published everywhere: without it there is only workspace `0`. `offset` is
    documented as a start page; if the second page contains nothing new, it is requested again with
    a record offset. Fewer workspaces than announced are an error, never a smaller catalogue.
    """
    path = f"/v1/{quoted(project_id)}/workspaces"
    try:
        first = _fetch_workspaces(client, path, 0)
    except SourceRefused as error:
        if error.status == 404:
            return [DEFAULT_WORKSPACE]
        if error.status == 403:
            error.hint = f"grant the permission to list workspaces, or {_WORKSPACES_HINT}"
        raise
    announced, listed = first.total_count or 0, first.ids
    for page in range(1, MAX_WORKSPACE_PAGES):
        if len(listed) >= announced:
            return [DEFAULT_WORKSPACE, *sorted(listed - {DEFAULT_WORKSPACE})]
        more = _fetch_workspaces(client, path, page).ids - listed
        more = more or _fetch_workspaces(client, path, len(listed)).ids - listed
        if not more:
            break
        listed |= more
    raise SourceBroken(
        f"the endpoint announces {announced} workspaces and lists {len(listed)}: GET {path}",
        hint=_WORKSPACES_HINT,
    )


def _fetch_workspaces(client: Client, path: str, offset: int) -> _Workspaces:
    response = client.get(path, {"limit": str(WORKSPACE_PAGE_SIZE), "offset": str(offset)})
    return decoded(response, _Workspaces, what="a list of workspaces", hint=_WORKSPACES_HINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project that the credentials may use, and its region."""

    project_id: str
    project_name: str
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
    body = decoded(response, _Projects, what="a list of projects", hint="check iam_endpoint")
    found = (
        Project(project_id=each.id, project_name=each.name, region=region)
        for each in body.projects
        for region in regions
        if each.enabled and (each.name == region or each.name.startswith(f"{region}_"))
    )
    return sorted(found, key=lambda each: (each.project_name, each.project_id))
