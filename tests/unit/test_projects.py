"""Workspaces of a project: never fewer than announced, and always `0`."""

from collections.abc import Mapping
from typing import Any

import pytest

from etl.client.messages import Response
from etl.errors import SourceBroken, SourceRefused
from etl.extract import projects
from etl.extract.projects import fetch_projects, fetch_workspaces
from tests.support.fake_api import FakeApi, Quirks
from tests.support.faulty import Faulty, reply
from tests.support.wire import NOW, client_for

IDS = tuple(f"{number:032}" for number in range(1, 2400))


@pytest.mark.parametrize(
    ("known", "quirks", "expected"),
    [
        ((), {}, ["0"]),
        (("b", "a"), {}, ["0", "a", "b"]),
        (("7",), {"numeric_workspace_ids": True}, ["0", "7"]),
        (("a",), {"workspaces_call": "absent"}, ["0"]),
        (IDS, {}, ["0", *IDS]),
    ],
)
def test_all_workspaces_are_found(
    known: tuple[str, ...], quirks: Mapping[str, Any], expected: list[str]
) -> None:
    with FakeApi([], workspaces=known, quirks=Quirks(**quirks)) as api:
        assert fetch_workspaces(client_for(api.url), "p") == expected


def test_more_pages_than_there_can_be_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projects, "MAX_WORKSPACE_PAGES", 2)
    with FakeApi([], workspaces=IDS) as api, pytest.raises(SourceBroken, match="announces"):
        fetch_workspaces(client_for(api.url), "p")


def test_a_refusal_is_an_error() -> None:
    with (
        FakeApi([], quirks=Quirks(workspaces_call="refused")) as api,
        pytest.raises(SourceRefused, match="permission to list workspaces, or name the w"),
    ):
        fetch_workspaces(client_for(api.url), "p")


def test_wrong_credentials_do_not_suggest_naming_workspaces() -> None:
    with Faulty(reply(401)) as server, pytest.raises(SourceRefused) as refused:
        fetch_workspaces(client_for(server.url), "p")
    assert "name the workspaces" not in str(refused.value)


class Constant:
    """A client that always returns the same body."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def get(self, _path: str, _params: Mapping[str, str]) -> Any:
        return Response(200, self.body, {}, "r-1", NOW)


def test_fewer_than_announced_is_an_error() -> None:
    body = b'{"total_count": 5, "workspaces": [{"id": 0}, {"id": "a"}]}'
    with pytest.raises(SourceBroken, match="announces 5 workspaces and lists 2"):
        fetch_workspaces(Constant(body), "p")  # type: ignore[arg-type]


def test_a_response_without_a_list_is_an_error() -> None:
    with pytest.raises(SourceBroken, match="the response is not a list of workspaces"):
        fetch_workspaces(Constant(b'{"workspaces": null}'), "p")  # type: ignore[arg-type]


def test_projects_of_the_regions_are_sorted_by_name_without_disabled_ones() -> None:
    projects = [
        {"id": "3", "name": "cn-north-4_b"},
        {"id": "1", "name": "cn-north-4"},
        {"id": "2", "name": "cn-north-4_a", "enabled": False},
        {"id": "4", "name": "cn-south-1"},
        {"id": "5", "name": "cn-north-44"},
    ]
    with FakeApi([], projects=projects) as api:
        found = fetch_projects(client_for(api.url), ["cn-north-4"])
    assert [(each.project_id, each.project_name) for each in found] == [
        ("1", "cn-north-4"),
        ("3", "cn-north-4_b"),
    ]


def test_a_response_without_projects_is_an_error() -> None:
    with pytest.raises(SourceBroken, match="not a list of projects"):
        fetch_projects(Constant(b"{}"), ["cn-north-4"])  # type: ignore[arg-type]
