"""Whole runs on both databases: what a served catalogue comes to in the tables."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from etl.database.engine import open_engine
from etl.errors import UsageError
from etl.load.locks import source_lock
from etl.load.rejects import reject_digest
from etl.maintenance.decisions import replay_rejects
from etl.run import run_sync
from etl.sync_options import SyncOptions
from tests.support.fake_api import Quirks, Request, Response, error_response
from tests.support.syncing import Place, catalogue, image, place
from tests.support.verified import assert_consistent

OTHER = "a" * 32
REFERENCE = Path(__file__).parents[1] / "data" / "reference_example.json"


@pytest.fixture
def here(database_url: str) -> Iterator[Place]:
    """Six images, nothing stored yet."""
    with place(database_url) as here:
        yield here


def without(here: Place, *numbers: int) -> list[Any]:
    gone = {f"id-{number:04}" for number in numbers}
    return [each for each in here.api.images if each["id"] not in gone]


def removals(here: Place) -> list[dict[str, Any]]:
    return here.rows("select * from image_removals order by image_id, removed_at")


def detail_of(row: dict[str, Any]) -> dict[str, Any]:
    told = row["evidence_detail"]
    return json.loads(told) if isinstance(told, str) else told


def is_show(request: Request) -> bool:
    return "/images/" in request.path


# What is there.


def test_the_first_run_stores_the_catalogue(here: Place) -> None:
    run = here.run()
    outcome = run.sources[0]
    assert (run.status, run.exit_code, run.is_dry_run) == ("succeeded", 0, False)
    assert (outcome.added, outcome.seen, outcome.present, outcome.changed) == (6, 6, 6, 0)
    assert outcome.facts.certificate == "exact"
    assert here.states() == {each["id"]: "present" for each in here.api.images}
    [row] = here.rows("select * from sync_runs")
    assert (row["status"], row["exit_code"]) == ("succeeded", 0)


def turned(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "dev_services": record["dev_services"][::-1]}


def lettered(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "arch": "X86_64", "type": "build_in", "status": " active "}


def nulled(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "description": None, "tags": None, "size": None}


def doubled(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "dev_services": record["dev_services"] * 2}


@pytest.mark.parametrize("tell", [dict, turned, lettered, nulled, doubled])
def test_an_unchanged_catalogue_writes_only_its_run_rows(here: Place, tell: Any) -> None:
    here.sync()
    before = here.tables()
    here.api.images = [tell(each) for each in here.api.images]
    outcome = here.sync()
    assert (outcome.unchanged, outcome.changed, outcome.added) == (6, 0, 0)
    assert here.tables() == before
    assert len(here.rows("select * from source_runs")) == 2


def test_a_new_unknown_field_on_all_images_makes_one_row(here: Place) -> None:
    here.sync()
    before = here.tables()
    here.api.images = [{**each, "novelty": each["id"]} for each in here.api.images]
    assert here.sync().unchanged == 6
    after = here.tables()
    assert [row["field"] for row in after["source_fields"]] == ["novelty"]
    assert {**after, "source_fields": []} == {**before, "source_fields": []}


def test_a_changed_value_is_the_next_version(here: Place) -> None:
    here.sync()
    here.api.images = [image(0, name="other", arch="aarch64"), *without(here, 0)]
    outcome = here.sync()
    assert (outcome.changed, outcome.unchanged) == (1, 5)
    assert outcome.changed_fields == {"arch": 1, "name": 1}
    versions = here.rows(
        "select version, name, valid_to from image_versions"
        " where image_id = 'id-0000' order by version"
    )
    assert [(row["version"], row["name"]) for row in versions] == [(1, "image 0"), (2, "other")]
    assert [row["valid_to"] is None for row in versions] == [False, True]


def test_observed_at_increases_even_if_the_clock_does_not(here: Place) -> None:
    first = here.sync()
    here.now -= timedelta(days=1)
    second = here.sync()
    assert second.observed_at == first.observed_at + timedelta(milliseconds=1)


# What is gone, and how it is known.


@pytest.mark.parametrize("status", [400, 404])
def test_an_image_that_its_lookup_does_not_find_is_removed(here: Place, status: Any) -> None:
    here.sync()
    here.api.quirks = Quirks(missing_image_status=status)
    here.api.images = without(here, 2)
    outcome = here.sync()
    assert (outcome.removed, outcome.missing, outcome.status) == (1, 0, "succeeded")
    assert here.states()["id-0002"] == "removed"
    [row] = removals(here)
    assert row["evidence"] == "lookup_not_found"
    detail = detail_of(row)
    assert (detail["http_status"], detail["error_code"]) == (status, "ModelArts.6404")
    assert detail["request_id"]
    assert detail["time"].endswith("Z")


def test_an_image_that_its_lookup_reports_as_deleted_is_removed(here: Place) -> None:
    here.sync()
    here.api.images = [*without(here, 2), image(2, status="DELETED")]
    here.api.quirks = Quirks(unlisted=frozenset({"id-0002"}))
    assert here.sync().removed == 1
    [row] = removals(here)
    assert row["evidence"] == "lookup_deleted"
    assert detail_of(row)["status"] == "DELETED"


def test_an_image_that_is_listed_as_deleted_is_removed_without_a_lookup(here: Place) -> None:
    here.sync()
    here.api.images = [*without(here, 2), image(2, status="deleted", name="tomb")]
    here.api.requests.clear()
    assert here.sync().removed == 1
    assert not any(is_show(request) for request in here.api.requests)
    [row] = removals(here)
    assert (row["evidence"], row["name"]) == ("listed_deleted", "image 2")
    assert here.sync().removed == 0


def test_an_image_that_its_lookup_finds_stays_present(here: Place) -> None:
    here.sync()
    here.api.quirks = Quirks(unlisted=frozenset({"id-0002"}))
    for _ in range(3):
        outcome = here.sync()
        assert (outcome.removed, outcome.missing, outcome.status) == (0, 0, "succeeded")
        assert outcome.facts.detail["found_by_lookup"] == 1
    assert here.states()["id-0002"] == "present"


def test_with_two_walks_as_evidence_an_image_absent_twice_is_removed(here: Place) -> None:
    here.removals = {"evidence": "two_walks"}
    here.sync()
    here.api.images = without(here, 2)
    first = here.sync()
    assert (first.removed, first.missing, first.status) == (0, 1, "succeeded")
    second = here.sync()
    assert (second.removed, second.missing) == (1, 0)
    [row] = removals(here)
    assert row["evidence"] == "absent_twice"
    assert detail_of(row)["walks"] == 2
    assert not any(is_show(request) for request in here.api.requests)


@pytest.mark.parametrize(
    ("policy", "show"),
    [
        ({"evidence": "two_walks"}, "permitted"),
        ({"max_lookups": 0}, "permitted"),
        ({}, "refused"),
    ],
)
def test_rows_without_id_may_be_images_that_seem_absent(
    here: Place, policy: dict[str, Any], show: Any
) -> None:
    others = without(here, 2)
    here.removals = policy
    here.sync()
    here.api.quirks = Quirks(show=show)
    for name in ("one", "two", "three"):  # its record changes, and has lost its id
        here.api.images = [*others, image(2, id=..., name=name)]
        outcome = here.sync()
        assert (outcome.removed, outcome.missing) == (0, 1)
    here.api.images = others
    assert here.sync().missing == 1, "the run before listed a row without id"
    assert here.sync().removed == 1


def test_an_image_seen_between_two_absences_is_not_absent_twice(here: Place) -> None:
    here.removals = {"evidence": "two_walks"}
    everything = here.api.images
    here.sync()
    for images in (without(here, 2), everything, without(here, 2)):
        here.api.images = images
        assert here.sync().removed == 0
    assert here.states()["id-0002"] == "present"


@pytest.fixture
def warnings_told() -> Iterator[list[str]]:
    """What a sync warns about, whatever a command before has done to the program's log."""
    told: list[str] = []
    logger, handler = logging.getLogger("etl"), logging.Handler(logging.WARNING)
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    yield told
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_if_all_lookups_are_refused_two_walks_decide(here: Place, warnings_told: list[str]) -> None:
    here.sync()
    here.api.quirks = Quirks(show="refused")
    here.api.images = without(here, 2, 3)
    assert (here.sync().missing, len(here.present())) == (2, 6)
    assert warnings_told == ["lookups not permitted"]
    assert here.sync().removed == 2
    assert {row["evidence"] for row in removals(here)} == {"absent_twice"}


@pytest.mark.parametrize("status", [403, 500])
def test_an_image_whose_lookup_is_refused_or_fails_is_missing(
    here: Place, status: int, warnings_told: list[str]
) -> None:
    here.sync()
    here.api.images = without(here, 2, 3)

    def refuse(request: Request) -> Response | None:
        is_meant = request.path.endswith("/images/id-0002")
        return error_response(status, "ModelArts.0108") if is_meant else None

    here.api.before_request = refuse
    first = here.sync()
    assert (first.removed, first.missing, first.status) == (1, 1, "succeeded")
    assert warnings_told == ["lookups failed"]
    [row] = here.rows("select missing_since from images where image_id = 'id-0002'")
    assert row["missing_since"]
    if status == 500:  # alone and failing: nothing is proven, however often
        assert [here.sync().missing for _ in range(2)] == [1, 1]
    here.api.before_request = None
    assert here.sync().removed == 1


@pytest.mark.parametrize("said", [b"<html>Not Found</html>", b"404 page not found"])
def test_the_error_page_of_a_proxy_is_no_evidence(here: Place, said: bytes) -> None:
    here.sync()
    here.api.images = without(here, 2)

    def page(request: Request) -> Response | None:
        headers = {"Content-Type": "text/html"}
        is_lookup = "/images/" in request.path
        return Response(404, said, headers) if is_lookup else None

    here.api.before_request = page
    assert [here.sync().missing for _ in range(3)] == [1, 1, 1]
    here.api.before_request = None
    assert here.sync().removed == 1


def test_beyond_max_lookups_two_walks_decide(here: Place) -> None:
    here.sync()
    here.removals = {"max_lookups": 2}
    here.api.images = without(here, 0, 1, 2)
    first = here.sync()
    assert (first.removed, first.missing) == (2, 1)
    assert here.sync().removed == 1


def test_an_image_that_comes_back_is_restored(here: Place) -> None:
    here.sync()
    everything = here.api.images
    here.api.images = without(here, 2, 3)
    here.sync()
    here.api.images = [*everything[:3], image(3, name="new"), *everything[4:]]
    outcome = here.sync()
    assert (outcome.restored, outcome.added, outcome.present) == (2, 0, 6)
    assert outcome.changed_fields == {"name": 1}
    assert all(row["restored_at"] and row["restored_run_id"] == 3 for row in removals(here))
    rows = here.rows("select image_id, version from images where version > 1 order by image_id")
    assert [row["version"] for row in rows] == [2, 2]
    kinds = here.rows("select kind, field from image_changes where run_id = 3 order by image_id")
    assert ("restored", None) in {(row["kind"], row["field"]) for row in kinds}


# The guard.


def test_few_removals_are_never_held(here: Place) -> None:
    here.removals = {"always_allow": 5, "max_count": 1, "max_percent": 1}
    here.sync()
    here.api.images = without(here, 0, 1, 2, 3, 4)
    assert here.sync().removed == 5


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        ({"always_allow": 1, "max_count": 2, "max_percent": 100}, "max_count"),
        ({"always_allow": 2, "max_count": 9, "max_percent": 40}, "max_percent"),
    ],
)
def test_too_many_removals_are_held_and_the_rest_applied(
    here: Place, policy: dict[str, Any], rule: str
) -> None:
    here.removals = policy
    here.sync()
    here.api.images = [image(3, name="new"), image(9), *without(here, 0, 1, 2, 3)]
    run = here.run()
    outcome = run.sources[0]
    assert (run.status, run.exit_code, outcome.held_rule) == ("held", 30, rule)
    assert (outcome.held, outcome.removed, outcome.added, outcome.changed) == (3, 0, 1, 1)
    held = here.rows("select * from held_removals")
    assert {(row["rule"], row["evidence"], row["released_at"]) for row in held} == {
        (rule, "lookup_not_found", None)
    }
    assert here.run().exit_code == 30
    assert len(here.rows("select * from held_removals")) == 3
    accepted = here.run(accepts_removals=True)
    assert (accepted.exit_code, accepted.sources[0].removed) == (0, 3)
    assert {row["released_as"] for row in here.rows("select * from held_removals")} == {"removed"}


def test_held_images_that_return_are_released(here: Place) -> None:
    here.removals = {"always_allow": 0, "max_count": 0}
    everything = here.api.images
    here.sync()
    here.api.images = without(here, 0)
    assert here.run().exit_code == 30
    here.api.images = everything
    assert here.run().exit_code == 0
    [row] = here.rows("select * from held_removals")
    assert row["released_as"] == "withdrawn"


def test_removals_of_an_empty_listing_are_held_however_few(here: Place) -> None:
    here.removals = {"always_allow": 100, "max_count": 100, "max_percent": 100}
    here.sync()
    here.api.images = []
    run = here.run()
    assert (run.exit_code, run.sources[0].held_rule) == (30, "empty_listing")
    assert len(here.present()) == 6


# The coverage.


def both_types() -> list[dict[str, Any]]:
    return [image(0), image(1), image(2, type="DEDICATED"), image(3, type="DEDICATED")]


def test_images_of_a_dropped_type_are_out_of_scope_until_it_returns(here: Place) -> None:
    here.api.images = both_types()
    here.cover(types=("BUILD_IN", "DEDICATED"))
    here.removals = {"always_allow": 0, "max_count": 0}
    here.sync()
    here.cover(types=("BUILD_IN",))
    here.api.requests.clear()
    outcome = here.sync()
    assert (outcome.out_of_scope, outcome.removed, outcome.held, outcome.present) == (2, 0, 0, 2)
    assert not any(is_show(request) for request in here.api.requests)
    assert here.states()["id-0002"] == "out_of_scope"
    here.cover(types=("DEDICATED", "BUILD_IN"))
    back = here.sync()
    assert (back.in_scope, back.restored, back.added, back.present) == (2, 0, 0, 4)
    assert removals(here) == []


def test_images_of_a_dropped_workspace_are_out_of_scope(here: Place) -> None:
    here.api.workspaces = (OTHER,)
    here.api.images = [image(0), image(1, workspace_id=OTHER)]
    here.cover(workspaces=("0", OTHER))
    here.sync()
    here.cover(workspaces=("0",))
    assert here.sync().out_of_scope == 1
    here.cover(workspaces=("0", OTHER))
    assert here.sync().in_scope == 1


def test_an_image_moves_to_the_listing_that_shows_it(here: Place) -> None:
    """An endpoint that shows its images in every workspace, of which one is left out."""

    def in_every_workspace(request: Request) -> None:
        if not is_show(request):
            request.query["workspace_id"] = "0"

    here.api.before_request = in_every_workspace
    here.cover(workspaces=("0", OTHER))
    assert here.sync().added == 6
    here.cover(workspaces=(OTHER,))
    here.removals = {"always_allow": 0, "max_percent": 50}
    relisted = here.sync()
    assert (relisted.changed, relisted.unchanged, relisted.out_of_scope) == (0, 6, 0)
    listings = here.rows("select distinct listing from images where state = 'present'")
    assert listings == [{"listing": f"BUILD_IN/{OTHER}"}]
    before = here.tables()
    here.sync()
    assert here.tables() == before
    here.api.images = without(here, 0)
    gone = here.sync()
    assert (gone.removed, gone.out_of_scope) == (1, 0)
    assert [row["evidence"] for row in removals(here)] == ["lookup_not_found"]
    here.api.images = []
    run = here.run()
    assert (run.exit_code, run.sources[0].held_rule) == (30, "empty_listing")
    with open_engine(here.url).connect() as connection:
        assert_consistent(connection)


def test_a_missing_image_that_comes_back_in_another_listing_is_recorded_once(here: Place) -> None:
    def in_every_workspace(request: Request) -> Response | None:
        if is_show(request):
            return error_response(500, "ModelArts.0001", "no")
        request.query["workspace_id"] = "0"
        return None

    here.api.before_request = in_every_workspace
    here.cover(workspaces=("0", OTHER))
    here.sync()
    everything, here.api.images = here.api.images, without(here, 0)
    assert here.sync().missing == 1
    here.api.images = everything
    here.cover(workspaces=(OTHER,))
    assert (here.sync().unchanged, here.present()) == (6, {f"id-{n:04}" for n in range(6)})
    rows = here.rows(
        "select kind, missing_since, relisted_as from presence_changes"
        " where image_id = 'id-0000' order by run_id"
    )
    assert [row["kind"] for row in rows] == ["missing", "listed"]
    assert (rows[1]["missing_since"], rows[1]["relisted_as"]) == (None, f"BUILD_IN/{OTHER}")
    with open_engine(here.url).connect() as connection:
        assert_consistent(connection)


def mend_rejects(here: Place, good: list[Any]) -> None:
    """The records in hand, oldest first, as if another release had refused them."""
    with open_engine(here.url).connect() as connection, connection.begin():
        ids = connection.scalars(text("select reject_id from rejects order by reject_id")).all()
        for reject_id, each in zip(ids, good, strict=True):
            record = json.dumps(each)
            understood = {"record": record, "digest": reject_digest(record.encode())}
            statement = "update rejects set record = :record, record_digest = :digest"
            connection.execute(text(f"{statement} where reject_id = {reject_id}"), understood)


def replayed(here: Place) -> Any:
    here.now += timedelta(hours=1)
    return replay_rejects(here.settings()).sources[0]


@pytest.mark.parametrize("evidence", ["lookup", "two_walks"])
def test_a_reject_that_is_no_longer_listed_is_not_replayed(here: Place, evidence: str) -> None:
    """Its image has left, or has another record by now: a certified walk said so."""
    here.removals = {"evidence": evidence}
    here.sync()
    here.api.images = [image(0, size="big"), image(9, size="big"), *without(here, 0, 5)]
    here.sync()
    here.api.images = without(here, 0, 9)
    here.sync()
    rejects = here.rows("select image_id, resolved_run_id from rejects order by image_id")
    assert [row["resolved_run_id"] for row in rejects] == [3, 3]
    mend_rejects(here, [image(0, size=1), image(9, size=1)])
    outcome = replayed(here)
    assert (outcome.added, outcome.changed, outcome.restored) == (0, 0, 0)
    here.sync()
    assert here.states()["id-0000"] == "removed"
    assert "id-0009" not in here.states()


def test_the_latest_of_two_rejects_of_an_image_is_replayed(here: Place) -> None:
    numbers = count(1)
    here.api.quirks = Quirks(total=lambda rows: rows + next(numbers), sort_keys=frozenset())
    here.sync()
    for tag in ("y1", "y2"):
        here.api.images = [image(0, tag=tag, size="big"), *without(here, 0)]
        here.sync()
    mend_rejects(here, [image(0, tag="y1"), image(0, tag="y2")])
    assert replayed(here).changed == 1
    [row] = here.rows("select tag from images where image_id = 'id-0000'")
    assert row["tag"] == "y2"


def test_a_replayed_record_keeps_its_listing(here: Place) -> None:
    good = image(2, type="DEDICATED", tag="new")
    here.api.images = both_types()
    here.cover(types=("BUILD_IN", "DEDICATED"))
    here.sync()
    here.api.images = [*both_types()[:2], {**good, "size": "large"}, both_types()[3]]
    assert here.sync().rejected == 1
    mend_rejects(here, [good])
    here.now += timedelta(hours=1)
    replay_rejects(here.settings())
    rows = here.rows("select image_id, listing, tag from images where type = 'DEDICATED'")
    assert sorted((row["image_id"], row["listing"], row["tag"]) for row in rows) == [
        ("id-0002", "DEDICATED/0", "new"),
        ("id-0003", "DEDICATED/0", None),
    ]


@pytest.mark.parametrize(
    ("fields", "inside", "outside"),
    [
        ({"namespace": "org"}, {"namespace": "org"}, {"namespace": "other"}),
        ({"name_filter": "torch"}, {"name": "PyTorch"}, {"name": "tensorflow"}),
        ({"name_filter": "torch", "name_fuzzy": False}, {"name": "torch"}, {"name": "torch 2"}),
        ({"service_type": "TRAIN"}, {"service_type": "TRAIN"}, {"service_type": "DEV"}),
    ],
)
def test_images_that_a_new_filter_excludes_are_out_of_scope(
    here: Place, fields: dict[str, Any], inside: dict[str, str], outside: dict[str, str]
) -> None:
    here.api.images = [image(0, **inside), image(1, **inside), image(2, **outside)]
    here.sync()
    here.api.images = [image(0, **inside), image(2, **outside)]
    here.cover(**fields)
    outcome = here.sync()
    assert (outcome.out_of_scope, outcome.removed) == (1, 1)
    assert here.states() == {"id-0000": "present", "id-0001": "removed", "id-0002": "out_of_scope"}


def test_the_namespace_filter_falls_back_to_the_organisation_of_the_path(here: Place) -> None:
    here.api.images = [
        image(number, swr_path=f"swr.example.com/org/a:{number}") for number in range(3)
    ]
    here.cover(namespace="org")
    assert here.sync().added == 3
    here.api.images = without(here, 1)
    outcome = here.sync()
    assert (outcome.removed, outcome.out_of_scope) == (1, 0)


@pytest.mark.parametrize(
    ("fields", "odd"),
    [
        ({"namespace": "org"}, {"namespace": "other"}),
        ({"service_type": "TRAIN"}, {"service_type": None}),
        ({"name_filter": "torch", "name_fuzzy": False}, {"name": "TORCH"}),
    ],
)
def test_images_that_the_api_filters_differently_are_looked_up(
    here: Place, fields: dict[str, Any], odd: dict[str, Any]
) -> None:
    """A filter that takes in more than an image's values say; then all that it took in is gone."""
    here.cover(**fields)
    here.api.images = [image(number, **odd) for number in range(12)]
    here.api.before_request = unfiltered(here)
    assert here.sync().added == 12
    living, here.api.images = here.api.images[:1], here.api.images[2:]
    outcome = here.sync()
    assert (outcome.removed, outcome.out_of_scope, outcome.facts.certificate) == (2, 0, "exact")
    here.api.images = []
    run = here.run()
    assert (run.exit_code, run.sources[0].held_rule) == (30, "empty_listing")
    here.api.images = living
    assert here.sync().restored == 1


def unfiltered(here: Place) -> Any:
    """The API takes in all images, whatever it is asked to filter by."""

    def answer(request: Request) -> Response | None:
        names = {"name", "name_fuzzy_match", "namespace", "service_type"}
        if not names & request.query.keys():
            return None
        query = {name: value for name, value in request.query.items() if name not in names}
        return here.api.respond(replace(request, query=query))

    return answer


def test_a_coverage_is_new_until_a_run_has_applied_it(here: Place) -> None:
    """The source fails, or decisions are taken, between its change and the next reading."""
    here.api.images = [image(0, namespace="org"), image(1, namespace="other")]
    here.sync()
    here.cover(namespace="org")
    here.api.before_request = lambda _: error_response(403, "ModelArts.0108", "no")
    assert here.sync().status == "failed"
    replayed(here)
    here.api.before_request = None
    outcome = here.sync()
    assert (outcome.removed, outcome.out_of_scope) == (0, 1)


def test_a_workspace_that_returns_must_be_read_twice(here: Place) -> None:
    here.removals = {"evidence": "two_walks"}
    here.cover(workspaces=("*",))
    here.api.workspaces = (OTHER,)
    here.api.images = [image(number, workspace_id=OTHER) for number in range(3)]
    here.sync()
    here.api.workspaces = ()
    assert here.sync().missing == 3
    here.api.workspaces, here.api.images = (OTHER,), without(here, 1)
    assert (here.sync().missing, here.states()["id-0001"]) == (1, "present")
    assert here.sync().removed == 1


def test_a_clock_that_goes_back_during_a_run_is_harmless(here: Place) -> None:
    times = iter([*[here.now] * 2, *[here.now - timedelta(hours=1)] * 100])
    run = run_sync(here.settings(), now=lambda: next(times))
    assert run.finished_at == run.started_at
    with open_engine(here.url).connect() as connection:
        assert_consistent(connection)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_vanished_workspace_is_no_evidence(here: Place, concurrency: int) -> None:
    here.source = replace(here.source, http=replace(here.source.http, concurrency=concurrency))
    here.api.workspaces = (OTHER,)
    here.api.images = [image(0), image(1, workspace_id=OTHER)]
    here.cover(workspaces=("*",))
    assert here.sync().added == 2
    here.api.workspaces = ()
    here.api.images = [image(0)]
    for _ in range(3):
        outcome = here.sync()
        assert (outcome.missing, outcome.removed, outcome.out_of_scope) == (1, 0, 0)
    assert here.states()["id-0001"] == "present"


def test_an_image_in_two_listings_counts_once(here: Place) -> None:
    here.api.workspaces = (OTHER,)
    here.cover(workspaces=("0", OTHER))
    here.api.images = [image(0, name="first"), image(0, name="second", workspace_id=OTHER)]
    outcome = here.sync()
    assert (outcome.added, outcome.seen, outcome.rejected) == (1, 1, 0)
    [row] = here.rows("select name from images")
    assert row["name"] == "first"
    assert here.sync().unchanged == 1


# What can't be understood, or not be shown to be whole.


def test_a_record_that_is_rejected_keeps_its_image(here: Place) -> None:
    here.sync()
    here.api.images = [image(0, size="big"), 17, *without(here, 0, 5)]
    for seen_before in (False, True):
        run = here.run()
        ended = (0, "succeeded") if seen_before else (3, "partial")
        assert (run.exit_code, run.status) == ended
        outcome = run.sources[0]
        assert (outcome.rejected, outcome.removed) == (2, 0 if seen_before else 1)
    assert here.states()["id-0000"] == "present"
    rejects = here.rows("select image_id, reason, resolved_at from rejects order by image_id")
    assert {row["image_id"] for row in rejects} == {None, "id-0000"}
    assert len(rejects) == 2
    here.api.images = [image(0, size=5), *here.api.images[2:]]
    assert here.run().exit_code == 0


def test_an_uncertified_walk_adds_and_changes_and_removes_nothing(here: Place) -> None:
    here.sync()
    here.api.images = [image(0, name="new"), image(9), *without(here, 0, 1)]
    numbers = count(1)
    here.api.quirks = Quirks(total=lambda rows: rows + next(numbers), sort_keys=frozenset())
    for _ in range(3):
        run = here.run()
        assert (run.exit_code, run.sources[0].facts.certificate) == (3, "none")
        assert run.sources[0].removed == 0
    assert run.sources[0].facts.walks == 4
    assert here.present() == {*(f"id-{number:04}" for number in range(6)), "id-0009"}
    assert here.rows("select missing_since from images where missing_since is not null") == []
    assert here.rows("select name from images where image_id = 'id-0000'")[0]["name"] == "new"


@pytest.fixture
def reference() -> dict[str, Any]:
    return json.loads(REFERENCE.read_bytes())


def test_the_reference_example_is_stored_whole(
    database_url: str, reference: dict[str, Any]
) -> None:
    """28 are announced and 19 given: two readings that agree are enough."""
    records = reference["data"]
    with place(database_url, records, quirks=Quirks(total=lambda count: count + 9)) as here:
        runs = [here.run(), here.run()]
        stored = here.rows("select * from images order by image_id")
    assert [run.exit_code for run in runs] == [0, 0]
    assert [run.sources[0].facts.certificate for run in runs] == ["agreed", "agreed"]
    assert [run.sources[0].facts.reported_total for run in runs] == [28, 28]
    assert [run.sources[0].added for run in runs] == [19, 0]
    assert [run.sources[0].removed for run in runs] == [0, 0]
    assert len(stored) == 19
    for record, row in zip(sorted(records, key=lambda each: each["id"]), stored, strict=True):
        assert told_by(row) == record | {"name": record["name"].strip()}


def told_by(row: dict[str, Any]) -> dict[str, Any]:
    """A row of `images` in the API's words."""
    plain = ("arch", "description", "name", "namespace", "status", "swr_path", "tag", "type")
    told = {name: row[name] for name in (*plain, "workspace_id")}
    told["id"] = row["image_id"]
    for name in ("dev_services", "resource_categories"):
        told[name] = json.loads(row[name]) if isinstance(row[name], str) else row[name]
    told["create_at"] = milliseconds(row["created_at"])
    told["update_at"] = milliseconds(row["updated_at"])
    assert row["swr_tag"] == row["tag"]
    assert row["swr_registry"] == "swr.xxx.xxxx.com"
    return {name: value for name, value in told.items() if value is not None}


def milliseconds(value: Any) -> int | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value and round(value.timestamp() * 1000)


# What fails.


@pytest.mark.parametrize(
    ("response", "exit_code", "kind"),
    [
        (error_response(403, "ModelArts.0108"), 10, "refused"),
        (error_response(503, "ModelArts.0001"), 11, "unavailable"),
        (Response(200, b"<html>log in</html>"), 12, "broken"),
        (Response(200, b'{"data": [], "size": 1}'), 12, "broken"),
    ],
)
def test_a_source_that_cannot_be_read_changes_nothing(
    here: Place, response: Response, exit_code: int, kind: str
) -> None:
    here.sync()
    before = here.tables()
    here.api.before_request = lambda _request: response
    dry, run = here.run(is_dry_run=True), here.run()
    for each in (dry, run):
        assert (each.status, each.exit_code) == ("failed", exit_code)
        assert each.sources[0].error_kind == kind
        assert each.sources[0].present == 6
    assert here.tables() == before
    [row] = here.rows("select * from source_runs where status = 'failed'")
    assert (row["error_kind"], row["present"]) == (kind, 6)
    here.api.before_request = None
    assert here.run().exit_code == 0


def test_if_one_of_two_sources_fails_the_run_is_partial(here: Place) -> None:
    here.sync()
    settings = here.settings()
    dead = replace(here.source, name="dead", endpoint="http://127.0.0.1:9")
    settings = replace(settings, sources=(dead, here.source))
    for parallel in (1, 2):
        run = run_sync(settings, SyncOptions(parallel=parallel))
        assert (run.status, run.exit_code) == ("partial", 3)
        assert [each.status for each in run.sources] == ["failed", "succeeded"]
    assert run_sync(settings, SyncOptions(source_names=["dead"])).exit_code == 11


def test_unknown_or_missing_sources_are_errors(here: Place) -> None:
    with pytest.raises(UsageError, match=r"unknown source 'two'; .*valid: one"):
        here.run(source_names=["two"])
    with pytest.raises(UsageError, match=r"^configuration: no \[\[source\]\] is configured; "):
        run_sync(replace(here.settings(), sources=()))


def test_a_source_locked_by_another_run_is_skipped(here: Place) -> None:
    here.sync()
    engine = open_engine(here.url)
    with source_lock(engine, "one"):
        run = here.run()
    engine.dispose()
    assert (run.status, run.exit_code) == ("failed", 22)
    assert len(here.rows("select * from source_runs")) == 1
    assert [row["exit_code"] for row in here.rows("select * from sync_runs order by run_id")] == [
        0,
        22,
    ]


def test_an_unexpected_error_is_recorded_and_raised(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("etl.sync.commit", fail)
    for parallel in (1, 2):
        settings = replace(here.settings(), sources=(here.source, replace(here.source, name="two")))
        with pytest.raises(RuntimeError, match="a bug"):
            run_sync(settings, SyncOptions(parallel=parallel))
    rows = here.rows("select status, exit_code from sync_runs")
    assert [(row["status"], row["exit_code"]) for row in rows] == [("failed", 1)] * 2


# What is only shown.


def test_a_dry_run_reports_everything_and_writes_nothing(here: Place) -> None:
    here.sync()
    here.api.images = [image(0, name="new"), image(9), *without(here, 0, 1)]
    before, runs = here.tables(), here.rows("select * from sync_runs")
    plan = here.plan()
    run = plan.outcome
    assert (run.run_id, run.is_dry_run, run.exit_code) == (None, True, 0)
    outcome = run.sources[0]
    assert (outcome.added, outcome.changed, outcome.removed) == (1, 1, 1)
    assert [each.image.image_id for each in plan.previews[0].decision.removals] == ["id-0001"]
    assert here.tables() == before
    assert here.rows("select * from sync_runs") == runs
    assert here.sync().removed == 1


def test_a_dry_run_before_the_first_sync_creates_no_file(tmp_path: Path) -> None:
    with place(f"sqlite:///{tmp_path / 'images.db'}") as here:
        run = here.run(is_dry_run=True)
    assert run.sources[0].added == 6
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_on_an_empty_database_creates_no_table(empty_database_url: str) -> None:
    with place(empty_database_url) as here:
        assert here.run(is_dry_run=True).sources[0].added == 6
        engine = open_engine(here.url)
        assert inspect(engine).get_table_names() == []
        engine.dispose()


# The built-in sample.


def test_the_sample_shows_the_next_generation_in_each_run(here: Place) -> None:
    here.source = replace(here.source, endpoint="sample:", workspaces=("*",))
    here.source = replace(here.source, types=("BUILD_IN", "DEDICATED"))
    outcomes = [here.sync() for _ in range(4)]
    assert outcomes[0].added > 10
    assert sum(each.changed for each in outcomes[1:])
    assert sum(each.removed for each in outcomes[1:])
    assert sum(each.restored for each in outcomes[1:])


def test_many_pages_are_synced(here: Place) -> None:
    here.api.images = catalogue(450)
    here.cover(http={"page_size": 50})
    assert here.sync().added == 450
    here.api.images = [each for each in here.api.images if int(each["id"][3:]) % 100]
    assert here.sync().removed == 5
