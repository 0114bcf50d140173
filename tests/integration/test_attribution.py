"""Whole runs with `actors = "cts"`: who removed an image, in the record and in the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from etl.clock import utc_now
from etl.database.engine import open_engine
from tests.support.fake_api import Request, Response, error_response
from tests.support.syncing import Place, image, place
from tests.support.verified import assert_consistent

USER = {"name": "alice", "principal_urn": "iam::1:user:alice"}


class Traces:
    """The Cloud Trace Service of a fake API: pages of `records`, or `failure`."""

    def __init__(self, here: Place) -> None:
        self.here = here
        self.records: list[dict[str, Any]] = []
        self.failure: Response | None = None
        self.queries: list[dict[str, str]] = []
        here.api.before_request = self._respond

    def add(self, number: int, **fields: Any) -> None:
        """A deletion of an image, half an hour before the next run."""
        at = self.here.now + timedelta(minutes=30)
        usual = {
            "trace_id": f"trace-{len(self.records)}",
            "trace_name": "deleteNotebookImage",
            "trace_rating": "normal",
            "trace_type": "ConsoleAction",
            "resource_type": "NotebookImage",
            "resource_id": f"id-{number:04}",
            "resource_name": f"image {number}",
            "source_ip": "192.0.2.7",
            "time": int(at.timestamp() * 1000),
            "user": json.dumps(USER),
        }
        self.records.insert(0, {**usual, **fields})

    def _respond(self, request: Request) -> Response | None:
        if not request.path.endswith("/traces"):
            return None
        self.queries.append(dict(request.query))
        if self.failure:
            return self.failure
        first, last = int(request.query["from"]), int(request.query["to"])
        wanted = [each for each in self.records if first < each["time"] < last]
        start, limit = int(request.query.get("next", "0")), int(request.query["limit"])
        page = wanted[start : start + limit]
        marker = str(start + limit) if start + limit < len(wanted) else None
        body = {"traces": page, "meta_data": {"count": len(page), "marker": marker}}
        return Response(200, json.dumps(body).encode(), {"Content-Type": "application/json"})


@pytest.fixture
def here(database_url: str) -> Iterator[Place]:
    with place(database_url) as made:
        made.source = replace(made.source, actors="cts")
        made.sync()
        yield made


@pytest.fixture
def traces(here: Place) -> Traces:
    return Traces(here)


def without(here: Place, *numbers: int) -> list[Any]:
    ids = {f"id-{number:04}" for number in numbers}
    return [each for each in here.api.images if each["id"] not in ids]


def actors(here: Place) -> dict[str, tuple[Any, ...]]:
    columns = ("attribution", "removed_by", "removed_by_kind", "removed_via", "source_ip")
    rows = here.rows(f"select image_id, {', '.join(columns)} from image_removals")
    return {row["image_id"]: tuple(row[name] for name in columns) for row in rows}


def is_verified(here: Place) -> None:
    engine = open_engine(here.url)
    with engine.connect() as connection:
        assert_consistent(connection)
    engine.dispose()


def test_a_removal_names_who_deleted_the_image(here: Place, traces: Traces) -> None:
    traces.add(2)
    traces.add(3, resource_id=None, trace_type="ApiCall")
    traces.add(5, trace_rating="warning")
    here.api.images = without(here, 2, 3, 4)
    assert here.sync().removed == 3
    assert actors(here) == {
        "id-0002": ("exact", "alice", "user", "ConsoleAction", "192.0.2.7"),
        "id-0003": ("likely", "alice", "user", "ApiCall", "192.0.2.7"),
        "id-0004": ("none", None, None, None, None),
    }
    assert len(traces.queries) == 1
    is_verified(here)


def test_a_late_trace_is_filled_in_by_a_later_run_as_its_own_event(
    here: Place, traces: Traces
) -> None:
    here.api.images = without(here, 2)
    traces.add(2)
    late, traces.records = traces.records, []
    here.sync()
    assert actors(here)["id-0002"][0] == "none"
    traces.records = late
    here.sync()
    assert actors(here)["id-0002"][:2] == ("exact", "alice")
    asked = len(traces.queries)
    here.sync()  # everything is known: nobody is asked
    assert len(traces.queries) == asked == 2
    rows = here.rows("select run_id, attribution from removal_attributions order by run_id")
    assert [(row["run_id"], row["attribution"]) for row in rows] == [(2, "none"), (3, "exact")]
    is_verified(here)


def test_a_query_that_finds_nothing_new_is_not_recorded_again(here: Place, traces: Traces) -> None:
    here.api.images = without(here, 2)
    here.sync()
    here.sync()
    assert len(traces.queries) == 2
    rows = here.rows("select run_id, attribution from removal_attributions")
    assert [(row["run_id"], row["attribution"]) for row in rows] == [(2, "none")]
    is_verified(here)


@pytest.mark.parametrize(
    ("status", "code", "recorded"),
    [(403, "CTS.0002", "refused"), (404, "CTS.0214", "refused"), (400, "CTS.0300", None)],
)
def test_a_query_that_fails_never_fails_the_run(
    here: Place, traces: Traces, status: int, code: str, recorded: str | None
) -> None:
    traces.add(2)
    here.api.images = without(here, 2)
    traces.failure = error_response(status, code, "no")
    run = here.run()
    assert (run.exit_code, run.sources[0].removed) == (0, 1)
    assert "error" in run.sources[0].facts.detail["traces"]
    assert actors(here)["id-0002"][:2] == (recorded, None)
    traces.failure = None
    here.sync()
    assert actors(here)["id-0002"][:2] == ("exact", "alice")
    is_verified(here)


def test_a_removal_older_than_the_traces_is_not_asked_for_again(
    here: Place, traces: Traces
) -> None:
    here.api.images = without(here, 2)
    here.sync()
    here.now += timedelta(days=8)
    here.sync()
    assert len(traces.queries) == 1


def test_traces_are_read_in_pages_of_200(here: Place, traces: Traces) -> None:
    traces.add(2)
    for number in range(100, 500):
        traces.add(number)
    here.api.images = without(here, 2)
    here.sync()
    assert actors(here)["id-0002"][:2] == ("exact", "alice")
    assert [query["limit"] for query in traces.queries] == ["200"] * 3
    assert all(query["trace_type"] == "system" for query in traces.queries)


def test_nobody_is_asked_without_a_removal_or_for_a_plan(here: Place, traces: Traces) -> None:
    here.api.images = [image(9), *here.api.images]
    here.sync()
    here.api.images = without(here, 2)
    assert here.sync(is_dry_run=True).removed == 1
    assert traces.queries == []
    here.source = replace(here.source, actors="none")
    here.sync()
    assert traces.queries == []
    assert actors(here)["id-0002"][0] is None


def test_the_sample_names_who_removed_its_images(database_url: str) -> None:
    with place(database_url) as here:
        here.source = replace(
            here.source,
            endpoint="sample:",
            cts_endpoint="",
            actors="cts",
            workspaces=("*",),
            types=("BUILD_IN", "DEDICATED"),
        )
        here.now = utc_now() - timedelta(minutes=90)  # the sample's images are deleted now
        here.sync()
        assert here.sync().removed > 0
        rows = here.rows("select evidence, attribution, removed_by from image_removals")
        assert {tuple(row.values()) for row in rows} == {
            ("listed_deleted", "none", None),  # still listed, so the sample shows no trace of it
            ("lookup_not_found", "exact", "mlops"),
        }
        is_verified(here)
