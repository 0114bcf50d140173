"""What `probe` finds out, one trait after the other; it asks an endpoint, and no database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from etl.cli.main import run
from etl.extract.probe import _clock
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


def test_probe_finds_out_how_the_usual_endpoint_pages(probed: Probed) -> None:
    usual = probed()
    assert usual["offset counts"] == "records, rounded down to whole pages"
    assert usual["first page index"] == "0"
    assert usual["past the end"] == "an error (ModelArts.6400)"
    assert usual["cap of limit"] == "none up to 1000"
    assert usual["sorts by createTime"].startswith("yes, but ")
    assert usual["sorts by createTime"].endswith(" carry no such time")
    assert usual["sorts by updateTime"].startswith("yes")
    assert usual["lookups"] == "permitted"


def test_probe_finds_out_how_an_odd_endpoint_pages(probed: Probed) -> None:
    odd = probed(
        limit_cap=20,
        offset="page_number",
        first_page=1,
        past_the_end="empty",
        sort_keys=frozenset(),
        show="refused",
        workspaces_call="refused",
        clock_skew_seconds=1000,
    )
    assert odd["cap of limit"] == "20"
    assert odd["offset counts"] == "page numbers"
    assert odd["first page index"] == "1"
    assert odd["past the end"] == "an empty page"
    assert odd["sorts by createTime"] == "no: refused"
    assert odd["lookups"] == "no: 403"
    assert odd["workspaces"] == "no: 403"
    assert abs(int(odd["clock skew"].split()[0])) > 900


@pytest.mark.parametrize(
    ("images", "quirks", "trait", "value"),
    [
        (None, {"past_the_end": "repeat"}, "past the end", "a page with rows all the same"),
        (None, {"first_page": 1}, "first page index", "1"),
        (None, {"limit_cap": 9, "size_is_asked": True}, "cap of limit", "9"),
        (None, {"offset": "page_number", "omitted": {"current"}}, "offset counts", "page numbers"),
        (None, {"offset": "records"}, "offset counts", "records"),
        (None, {"shuffle_seed": 3} | UNSORTED, "offset counts", "records, in an order that "),
        (None, {"shuffle_seed": 3}, "sorts by updateTime", "yes, but not stable: images of one "),
        (None, UNSORTED, "sorts by updateTime", "no: the direction changes nothing"),
        (TIMED, {"shuffle_seed": 1} | UNSORTED, "sorts by createTime", "no: the rows are out of "),
        (TIMED, {}, "sorts by createTime", "yes"),
        ([TIMED[0]], {}, "sorts by createTime", "unknown: too few images"),
        ([TIMED[0]], {}, "offset counts", "unknown: too few images"),
        ([{"id": "a"}, {"id": "b"}], {}, "sorts by updateTime", "unknown: no image carries such "),
        ([], {}, "lookups", "unknown: there is no image"),
        (TIMED[:9], {"total": lambda n: n + 9}, "images of the first listing", " announced, "),
    ],
)
def test_probe_finds_out_each_trait(
    probed: Probed, images: list[Any] | None, quirks: dict[str, Any], trait: str, value: str
) -> None:
    told = probed(images, **quirks)[trait]
    assert told.startswith(value) or (value[0] == " " and value in told)


def test_probe_takes_it_where_an_offset_inside_a_page_is_refused(
    probed: Probed, api: FakeApi
) -> None:
    def refuse(request: Request) -> Response | None:
        is_inside = request.query.get("offset") == "1"
        return error_response(400, "ModelArts.0104", "no multiple of limit") if is_inside else None

    api.before_request = refuse
    assert probed()["offset counts"] == "records, whole pages of them alone"


def test_probe_gives_advice_to_people(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-c", config, "probe", "s"]) == 0
    assert "clock skew" in capsys.readouterr().out


def test_a_server_that_does_not_tell_its_time() -> None:
    class Silent:
        def fetch(self, _number: int) -> None:
            """No answer."""

    assert _clock(Silent()).value.startswith("unknown")  # type: ignore[arg-type]  # a stand-in
