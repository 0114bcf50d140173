"""What every run of a source records: its endpoint, its project, its time, an overridden guard."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from etl.errors import ConfigError
from etl.maintenance.check import check
from tests.support.syncing import Place, catalogue, place

FACTS = (
    "select endpoint, previous_endpoint, project_id, guard_override, walk_detail"
    " from source_runs order by run_id desc limit 1"
)


@pytest.fixture
def here(database_url: str) -> Iterator[Place]:
    with place(database_url, catalogue(6)) as here:
        here.sync()
        yield here


def test_a_source_name_belongs_to_one_project(here: Place) -> None:
    before = here.rows("select * from sync_runs")
    here.source = replace(here.source, project_id="another")
    for is_dry_run in (False, True):
        with pytest.raises(ConfigError, match="project_id is another, but the record") as raised:
            here.run(is_dry_run=is_dry_run)
        assert raised.value.exit_code == 2
    assert here.rows("select * from sync_runs") == before


def test_a_check_reports_a_source_of_another_project(here: Place) -> None:
    here.sync()
    here.source = replace(here.source, project_id="another")
    results, exit_code = check(here.settings())
    assert exit_code == 2
    assert "project_id is another, but the record" in results[-1].message


def test_another_endpoint_is_a_warning_that_is_recorded(
    here: Place, caplog: pytest.LogCaptureFixture
) -> None:
    [first] = here.rows(FACTS)
    assert (first["endpoint"], first["previous_endpoint"]) == (here.api.url, None)
    moved = here.api.url.replace("127.0.0.1", "localhost")
    here.source = replace(here.source, endpoint=moved)
    with caplog.at_level(logging.WARNING):
        assert here.sync().unchanged == 6
    assert "endpoint changed" in caplog.text
    [second] = here.rows(FACTS)
    assert (second["endpoint"], second["previous_endpoint"]) == (moved, here.api.url)
    here.sync()
    assert here.rows(FACTS)[0]["previous_endpoint"] is None


def test_an_overridden_guard_is_recorded(here: Place) -> None:
    assert here.rows(FACTS)[0]["guard_override"] is None
    here.sync(accepts_removals=True)
    assert here.rows(FACTS)[0]["guard_override"] == "accept_removals"


def test_a_run_after_one_in_the_future_follows_it_and_warns(
    here: Place, caplog: pytest.LogCaptureFixture
) -> None:
    here.now += timedelta(days=400)
    future = here.sync().observed_at
    here.now -= timedelta(days=400)
    with caplog.at_level(logging.WARNING):
        outcome = here.sync()
    assert outcome.observed_at == future + timedelta(milliseconds=1)
    assert "last run lies in the future" in caplog.text
    detail = here.rows(FACTS)[0]["walk_detail"]
    detail = json.loads(detail) if isinstance(detail, str) else detail
    assert detail["last_run_at"] == future.isoformat(timespec="milliseconds")[:-6] + "Z"
