"""Which projects may the credentials use? IAM's `GET /v3/auth/projects`, of any region's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from etl.errors import SourceBroken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.extract.client import Client

PATH: Final = "/v3/auth/projects"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project that can be used, and the region that it lies in."""

    project_id: str
    name: str
    region: str


class _Project(msgspec.Struct):
    id: str
    name: str
    enabled: bool = True


class _Answer(msgspec.Struct):
    projects: list[_Project]


def fetch_projects(client: Client, regions: Sequence[str]) -> list[Project]:
    """The enabled projects of the regions, in order of their names. Raises `SourceError`.

    A region's own project has its name; one made within it is called REGION_NAME.
    """
    answer = client.get(PATH, {})
    try:
        listed = msgspec.json.decode(answer.body, type=_Answer).projects
    except msgspec.DecodeError as error:
        raise SourceBroken(
            f"GET {PATH}: the answer is no list of projects: {error}",
            hint="check iam_endpoint",
            request_id=answer.request_id,
        ) from None
    found = (
        Project(project_id=each.id, name=each.name, region=region)
        for each in listed
        for region in regions
        if each.enabled and (each.name == region or each.name.startswith(f"{region}_"))
    )
    return sorted(found, key=lambda each: (each.name, each.project_id))
