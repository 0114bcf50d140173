"""Properties of an endpoint that `probe` measures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from etl.cli.main import run
from tests.support.fake_api import (
    FakeApi,
    Quirks,
    Request,
    Response,
    error_response,
    generation,
    workspaces,
)

ALIVE = generation(1)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi(ALIVE, workspaces=workspaces()) as api:
        yield api


@pytest.fixture
def config(tmp_path: Path, api: FakeApi) -> str:
    path = tmp_path / "config.toml"
    path.write_text(
        f'[database]\nurl = "sqlite:///{tmp_path}/x.db"\n[http]\nmax_retries = 0\n'
        f'[[source]]\nname = "s"\nendpoint = "{api.url}"\nproject_id = "p"\n'
    )
    return str(path)


@pytest.fixture
def probed(
    config: str, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> Callable[..., dict[str, str]]:
    def probed(images: list[Any] | None = None, **quirks: Any) -> dict[str, str]:
        api.images = ALIVE if images is None else images
        api.quirks = Quirks(**quirks)
        assert run(["-c", config, "probe", "s", "--output", "json"]) == 0
        return {each["name"]: each["value"] for each in json.loads(capsys.readouterr().out)}

    return probed


Probed = Callable[..., dict[str, str]]
TIMED = [{**image, "create_at": 1000 + at} for at, image in enumerate(ALIVE)]
UNSORTED = {"unsupported_sort": "ignored", "sort_keys": frozenset()}


def test_probe_measures_a_usual_endpoint(probed: Probed) -> None:
    usual = probed()
    assert usual["offset counts"] == "records, rounded down to whole pages"
    assert usual["first page index"] == "0"
    assert usual["maximum limit"] == "at least 1000"
    assert usual["sorts by createTime"].startswith("yes, but ")
    assert usual["sorts by createTime"].endswith(" have no such time")
    assert usual["sorts by updateTime"].startswith("yes")


def test_probe_measures_an_unusual_endpoint(probed: Probed) -> None:
    odd = probed(
        limit_cap=20,
        offset="page_number",
        first_page=1,
        sort_keys=frozenset(),
    )
    assert odd["maximum limit"] == "20"
    assert odd["offset counts"] == "page numbers"
    assert odd["first page index"] == "1"
    assert odd["sorts by createTime"] == "no: rejected"


@pytest.mark.parametrize(
    ("images", "quirks", "trait", "value"),
    [
        (None, {"first_page": 1}, "first page index", "1"),
        (None, {"limit_cap": 9, "size_is_asked": True}, "maximum limit", "9, not shown"),
        (None, {"offset": "page_number", "omitted": {"current"}}, "offset counts", "page numbers"),
        (None, {"offset": "records"}, "offset counts", "records"),
        (None, {"shuffle_seed": 3} | UNSORTED, "offset counts", "unknown: the order changes"),
        (None, {"shuffle_seed": 3}, "sorts by updateTime", "yes, but not stable: images with "),
        (None, UNSORTED, "sorts by updateTime", "no: the direction makes no "),
        (TIMED, {"shuffle_seed": 1} | UNSORTED, "sorts by createTime", "no: the rows are out of "),
        (TIMED, {}, "sorts by createTime", "yes"),
        ([TIMED[0]], {}, "sorts by createTime", "unknown: too few images"),
        ([TIMED[0]], {}, "offset counts", "unknown: too few images"),
        ([{"id": "a"}, {"id": "b"}], {}, "sorts by updateTime", "unknown: no image has such "),
        (TIMED[:9], {"total": lambda n: n + 9}, "images of the first listing", " announced, "),
    ],
)
def test_probe_measures_each_property(
    probed: Probed, images: list[Any] | None, quirks: dict[str, Any], trait: str, value: str
) -> None:
    told = probed(images, **quirks)[trait]
    assert told.startswith(value) or (value[0] == " " and value in told)


def test_probe_works_if_an_offset_inside_a_page_is_rejected(probed: Probed, api: FakeApi) -> None:
    def refuse(request: Request) -> Response | None:
        is_inside = request.query.get("offset") == "1"
        return error_response(400, "ModelArts.0104", "no multiple of limit") if is_inside else None

    api.before_request = refuse
    assert probed()["offset counts"] == "records, whole pages only"


def test_probe_prints_advice(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-c", config, "probe", "s"]) == 0
    assert "maximum limit" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("offset", "first_page", "unit"),
    [("records", 0, "record"), ("page_number", 0, "page"), ("page_number", 1, "page")],
)
def test_probe_advises_the_offset_unit_that_responses_hide(
    config: str,
    api: FakeApi,
    capsys: pytest.CaptureFixture[str],
    offset: Any,
    first_page: Any,
    unit: str,
) -> None:
    api.quirks = Quirks(offset=offset, first_page=first_page, omitted=frozenset({"current"}))
    assert run(["-c", config, "probe", "s"]) == 0
    assert f'walk.offset_unit = "{unit}"' in capsys.readouterr().out
