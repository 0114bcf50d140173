"""Which workspaces there are: never fewer than announced, `0` always."""

from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Event
from typing import Any, cast

import pytest
from etl.extract.client import Client
from etl.extract.workspaces import fetch_workspaces, workspaces_as_known

from etl.errors import SourceBroken, SourceRefused
from etl.extract import workspaces
from etl.extract.exchange import Answer
from tests.support.fake_api import FakeApi, Quirks
from tests.support.faulty import Faulty, reply
from tests.support.wire import client_for

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
def test_all_that_the_project_has(
    known: tuple[str, ...], quirks: Mapping[str, Any], expected: list[str]
) -> None:
    with FakeApi([], workspaces=known, quirks=Quirks(**quirks)) as api:
        assert fetch_workspaces(client_for(api.url), "p") == expected


def test_more_pages_than_there_can_be_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspaces, "MOST_PAGES", 2)
    with FakeApi([], workspaces=IDS) as api, pytest.raises(SourceBroken, match="announced"):
        fetch_workspaces(client_for(api.url), "p")


def test_a_refusal_is_no_small_project() -> None:
    with (
        FakeApi([], quirks=Quirks(workspaces_call="refused")) as api,
        pytest.raises(SourceRefused, match="the right to list workspaces, or name those to read"),
    ):
        fetch_workspaces(client_for(api.url), "p")


def test_wrong_credentials_are_no_matter_of_workspaces() -> None:
    with Faulty(reply(401)) as server, pytest.raises(SourceRefused) as refused:
        fetch_workspaces(client_for(server.url), "p")
    assert "workspaces, or name" not in str(refused.value)


class Told:
    """Answers by record offset, or with what it is given."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def get(self, _path: str, _params: Mapping[str, str]) -> Any:
        return type("Answer", (), {"body": self.body, "request_id": "r-1"})


def test_fewer_than_announced_is_an_error() -> None:
    body = b'{"total_count": 5, "workspaces": [{"id": 0}, {"id": "a"}]}'
    with pytest.raises(SourceBroken, match="5 workspaces are announced, 2 came"):
        fetch_workspaces(Told(body), "p")  # type: ignore[arg-type]


def test_an_answer_that_is_no_list_is_an_error() -> None:
    with pytest.raises(SourceBroken, match="the answer is no list of workspaces"):
        fetch_workspaces(Told(b'{"workspaces": null}'), "p")  # type: ignore[arg-type]


class SlowClient:
    """Answers once it may."""

    def __init__(self) -> None:
        self.may_answer = Event()

    def get(self, _path: str, _params: dict[str, str]) -> Answer:
        assert self.may_answer.wait(10)
        body = b'{"workspaces":[{"id":"a"}],"total_count":1}'
        return Answer(200, body, {}, request_id="", received_at=datetime.now(UTC))


def test_the_default_workspace_is_known_before_the_answer() -> None:
    client = SlowClient()
    known = workspaces_as_known(cast(Client, client), "p")
    assert next(known) == "0"
    client.may_answer.set()
    assert [*known] == ["a"]
