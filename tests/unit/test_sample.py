"""The playground, compared with the fake API of the tests, which is independent code."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
import requests

from etl.client.auth import Keys, signed
from etl.client.messages import Request, query_of
from etl.clock import utc_now
from etl.sample import PLAYS, AccessKey, SampleApi, generation, read_story, workspaces
from etl.sample.catalogue import ApiError, list_page
from tests.support.fake_api import FakeApi

PROJECT = "/v1/0123456789abcdef0123456789abcdef"
WORKSPACE = workspaces()[-1]["id"]


@pytest.fixture(scope="module")
def sample() -> Iterator[SampleApi]:
    with SampleApi(generation(1), workspaces=workspaces()) as api:
        yield api


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeApi]:
    with FakeApi(generation(1), workspaces=workspaces()) as api:
        yield api


def answer(url: str, path: str, **params: Any) -> tuple[int, Any]:
    response = requests.get(url + path, params=params, timeout=5)
    assert response.headers["X-Request-Id"]
    return response.status_code, response.json()


FILTERS = [
    {"type": "BUILD_IN"},
    {"type": "DEDICATED", "workspace_id": WORKSPACE},
    {"name": "PYTORCH"},
    {"name": "pytorch", "name_fuzzy_match": "false"},
    {"namespace": "atelier"},
    {"service_type": "TRAIN"},
    {"workspace_id": "unknown"},
]
WINDOWS = [
    {},
    {"limit": "7", "offset": "14"},
    {"limit": "7", "offset": "9", "sort_key": "updateTime", "sort_dir": "ASC"},
    {"sort_key": "createTime"},
    {"sort_key": "name"},
    {"limit": "5", "offset": "500"},
    {"limit": "0"},
    {"offset": "-1"},
]


@pytest.mark.parametrize("window", WINDOWS)
def test_lists_are_those_of_the_fake_api(
    sample: SampleApi, fake: FakeApi, window: dict[str, str]
) -> None:
    for each in FILTERS:
        query = {**each, **window}
        assert answer(sample.url, f"{PROJECT}/images", **query) == answer(
            fake.url, f"{PROJECT}/images", **query
        ), query


@pytest.mark.parametrize(
    "path",
    ["images/none", "images/group", f"images/{generation(1)[3]['id']}", "workspaces", "other", ""],
)
def test_other_calls_are_those_of_the_fake_api(sample: SampleApi, fake: FakeApi, path: str) -> None:
    assert answer(sample.url, f"{PROJECT}/{path}") == answer(fake.url, f"{PROJECT}/{path}")


def test_traces_are_of_the_wanted_period_and_of_the_images_that_are_gone() -> None:
    at = int(utc_now().timestamp() * 1000)
    path = "/v3/0123456789abcdef0123456789abcdef/traces"
    images = generation(1)
    shown = {each["id"] for each in generation(1)}
    with SampleApi(images[1:]) as api:
        _, wanted = answer(api.url, path, **{"from": at - 1000, "to": at + 60_000})
        _, earlier = answer(api.url, path, **{"from": at - 2000, "to": at - 1000})
    assert [each["resource_id"] for each in wanted["traces"] if each["resource_id"] in shown] == [
        images[0]["id"]
    ]
    assert wanted["meta_data"] == {"count": len(wanted["traces"]), "marker": None}
    assert earlier == {"traces": [], "meta_data": {"count": 0, "marker": None}}


def test_workspace_zero_is_always_there() -> None:
    with SampleApi([], workspaces=[{"id": "a"}]) as api:
        _, body = answer(api.url, f"{PROJECT}/workspaces", limit="1", offset="1")
    assert (body["total_count"], body["workspaces"]) == (2, [{"id": "a"}])


def test_requests_must_be_signed_if_there_is_a_key() -> None:
    with SampleApi(generation(1), access_key=AccessKey("access", "secret")) as api:
        request = Request("GET", f"{PROJECT}/images", query_of({"name": "a b/ü~"}), origin=api.url)
        for secret, status in (("secret", 200), ("other", 401)):
            headers = signed(request, Keys("access", secret), at=utc_now())
            assert requests.get(request.url, headers=headers, timeout=5).status_code == status
        assert requests.get(request.url, timeout=5).json()["error_code"] == "APIGW.0301"


@pytest.mark.parametrize("number", range(1, 6))
def test_generations_follow_the_story(number: int) -> None:
    ids = [each["id"] for each in generation(number)]
    assert len(ids) == len(set(ids))
    last = len(read_story().then) + 1
    if number > last:
        assert sorted(ids) == sorted(each["id"] for each in generation(last))


def test_each_scenario_serves_what_it_describes() -> None:
    images = generation(1)
    removal = PLAYS["mass-removal"](images)
    assert len(removal["images"]) < len(images) / 2
    with SampleApi(**PLAYS["refused-key"](images)) as api:
        assert answer(api.url, f"{PROJECT}/images")[0] == 401
    with SampleApi(**PLAYS["changing-list"](images)) as api:
        totals = [answer(api.url, f"{PROJECT}/images")[1]["total"] for _ in range(3)]
    assert totals[1] == totals[0] + 1
    assert totals[2] == totals[0] + 2


def test_a_page_past_the_end_is_an_error() -> None:
    for size, count in product((1, 2), (0, 1, 2)):
        rows = [{"id": str(number), "type": "BUILD_IN"} for number in range(count)]
        with pytest.raises(ApiError, match="fromIndex"):
            list_page(rows, {"limit": str(size), "offset": str(4 * size)})
