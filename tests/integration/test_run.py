"""One execution as a whole: locks, signals, kills, several sources, no database."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, make_url, text

from etl.config import DatabaseSettings, HttpSettings, Settings, SourceSettings
from etl.database.engine import open_engine
from etl.errors import (
    DatabaseUnavailable,
    ImageSyncError,
    Interrupted,
    SchemaNotAtHead,
    UsageError,
)
from etl.load.runs import RunStart
from etl.model import Outcome, WalkFacts
from etl.run import run_plan, run_sync, run_work, status_and_exit_code
from etl.run_context import RunContext
from etl.sync import sync_source
from etl.sync_options import SyncOptions
from tests.support.fake_api import (
    FakeApi,
    Quirks,
    Request,
    Response,
    error_response,
    generation,
    workspaces,
)

ALIVE = [image for image in generation(1) if image.get("status") != "DELETED"]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi(ALIVE, workspaces=workspaces()) as api:
        yield api


def settings_for(url: str, api: FakeApi, *names: str, **database: Any) -> Settings:
    http = HttpSettings(page_size=10, max_retries=0)
    return Settings(
        database=DatabaseSettings(url=url, **database),
        sources=tuple(
            SourceSettings(name=name, endpoint=api.url, project_id="p", http=http)
            for name in names or ("s",)
        ),
    )


@pytest.fixture
def settings(database_url: str, api: FakeApi) -> Settings:
    return settings_for(database_url, api)


def rows(url: str, query: str) -> list[Any]:
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]
    finally:
        engine.dispose()


class Gate:
    """Stops the API's answers until it is opened."""

    def __init__(self, api: FakeApi) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()
        api.before_request = self._wait

    def _wait(self, _request: Request) -> None:
        self.reached.set()
        assert self.opened.wait(60)


def test_a_second_run_of_a_source_exits_with_22_immediately(
    settings: Settings, api: FakeApi, tmp_path: Path
) -> None:
    gate = Gate(api)
    first: list[int] = []
    thread = threading.Thread(target=lambda: first.append(run_sync(settings).exit_code))
    thread.start()
    assert gate.reached.wait(60)
    second = subprocess.run(
        [sys.executable, "-m", "etl", "--config", str(_written(settings, api, tmp_path)), "sync"],
        capture_output=True,
        text=True,
        check=False,
    )
    gate.opened.set()
    thread.join()
    assert second.returncode == 22
    assert "source s is locked by another run 1 on host" in second.stdout
    assert "run 2 on" not in second.stdout
    assert first == [0]


def _written(settings: Settings, api: FakeApi, folder: Path) -> Path:
    path = folder / "run.toml"
    path.write_text(
        f'[database]\nurl = "{settings.database.url}"\n'
        f'[[source]]\nname = "s"\nendpoint = "{api.url}"\nproject_id = "p"\n'
    )
    return path


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, "interrupted"), (signal.SIGKILL, "abandoned")]
)
def test_an_interrupted_run_does_not_block_the_next_one(
    settings: Settings, api: FakeApi, tmp_path: Path, number: signal.Signals, status: str
) -> None:
    gate = Gate(api)
    config = str(_written(settings, api, tmp_path))
    process = subprocess.Popen(
        [sys.executable, "-m", "etl", "--config", config, "sync"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert gate.reached.wait(60)
    process.send_signal(number)
    assert process.wait(30) == (128 + number if status == "interrupted" else -number)
    gate.opened.set()
    assert run_sync(settings).exit_code == 0
    found = rows(settings.database.url, "select status from sync_runs order by run_id")
    assert found == [(status,), ("succeeded",)]


def test_parallel_sources_have_separate_outcomes(database_url: str, api: FakeApi) -> None:
    settings = settings_for(database_url, api, "a", "b", "c")
    outcome = run_sync(settings, SyncOptions(parallel=3))
    assert [each.name for each in outcome.sources] == ["a", "b", "c"]
    assert [each.added for each in outcome.sources] == [len(ALIVE)] * 3
    only = run_sync(settings, SyncOptions(source_names=["b"]))
    assert [each.name for each in only.sources] == ["b"]
    with pytest.raises(UsageError, match="unknown source 'd'"):
        run_sync(settings, SyncOptions(source_names=["d"]))
    with pytest.raises(UsageError, match="no \\[\\[source\\]\\]"):
        run_sync(Settings(database=settings.database))


def test_a_slow_source_does_not_delay_the_others(
    database_url: str, api: FakeApi, engine: Engine
) -> None:
    done: list[str] = []

    def work(source: SourceSettings, context: RunContext) -> Outcome:
        outcome = sync_source(source, context)
        done.append(source.name)
        if len(done) == 2:
            gate.opened.set()
        return outcome

    with FakeApi(ALIVE, workspaces=workspaces()) as slow:
        gate = Gate(slow)
        first, *others = settings_for(database_url, api, "slow", "b", "c").sources
        sources = (replace(first, endpoint=slow.url), *others)
        settings = Settings(database=DatabaseSettings(url=database_url), sources=sources)
        context = RunContext(settings=settings, engine=engine, options=SyncOptions(parallel=2))
        outcome = run_work(RunStart(kind="sync", started_at=context.now()), context, sources, work)
    assert done == ["b", "c", "slow"]
    assert [each.added for each in outcome.sources] == [len(ALIVE)] * 3


def test_an_unexpected_error_in_one_source_ends_the_run(settings: Settings, engine: Engine) -> None:
    def fails(source: SourceSettings, _context: RunContext) -> Any:
        raise ZeroDivisionError(source.name)

    for parallel in (1, 2):
        options = SyncOptions(parallel=parallel)
        context = RunContext(settings=settings, engine=engine, options=options)
        with pytest.raises(ZeroDivisionError):
            run_work(
                RunStart(kind="sync", started_at=context.now()),
                context,
                settings.sources * 2,
                fails,
            )
    found = rows(settings.database.url, "select status, exit_code from sync_runs")
    assert found == [("failed", 1)] * 2


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = open_engine(settings.database.url)
    yield engine
    engine.dispose()


def test_a_dry_run_needs_and_creates_no_database(tmp_path: Path, api: FakeApi) -> None:
    file = tmp_path / "none.db"
    outcome = run_plan(settings_for(f"sqlite:///{file}", api)).outcome
    assert outcome.sources[0].added == len(ALIVE)
    assert outcome.run_id is None
    assert list(tmp_path.iterdir()) == []


def test_a_parallel_dry_run_before_the_first_sync(
    empty_database_url: str, api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    settings = settings_for(empty_database_url, api, "a", "b")
    outcome = run_plan(settings, SyncOptions(parallel=2)).outcome
    assert [each.added for each in outcome.sources] == [len(ALIVE)] * 2
    assert not Path(make_url(empty_database_url).database or "").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_over_a_database_without_tables_counts_rejected_records(
    empty_database_url: str, api: FakeApi
) -> None:
    api.images = [{"id": "broken", "size": "huge"}, *api.images]
    plan = run_plan(settings_for(empty_database_url, api, "a"), SyncOptions())
    outcome = plan.outcome.sources[0]
    assert (outcome.rejected, outcome.newly_rejected) == (1, 1)


def test_a_dry_run_over_a_database_without_tables(empty_database_url: str, api: FakeApi) -> None:
    settings = settings_for(empty_database_url, api)
    assert run_plan(settings).outcome.sources[0].added == len(ALIVE)
    with pytest.raises(SchemaNotAtHead):
        run_sync(settings_for(empty_database_url, api, auto_upgrade=False))


def test_a_dry_run_reports_a_source_that_cannot_be_read(settings: Settings, api: FakeApi) -> None:
    run_sync(settings)
    api.before_request = _refuse
    outcome = run_plan(settings).outcome
    assert (outcome.exit_code, outcome.sources[0].present) == (10, len(ALIVE))


def _refuse(_request: Request) -> Any:
    return error_response(403, "ModelArts.0108", "no")


def test_a_missing_database_is_unavailable(api: FakeApi, tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="unable to open"):
        run_sync(settings_for(f"sqlite:///{tmp_path}/no/such/folder/a.db", api))


def test_the_exit_code_follows_the_documented_order() -> None:
    def made(status: Any, kind: str | None = None, code: int = 0) -> Outcome:
        return Outcome(
            name="s",
            status=status,
            observed_at=None,  # type: ignore[arg-type]  # not looked at
            facts=WalkFacts(),
            error_kind=kind,
            error_exit_code=code,
        )

    well, partial, held = made("succeeded"), made("partial"), made("held")
    refused, away = made("failed", "refused", 10), made("failed", "unavailable", 11)
    locked = made("failed", "locked", 22)
    assert status_and_exit_code([well]) == ("succeeded", 0)
    assert status_and_exit_code([well, partial]) == ("partial", 3)
    assert status_and_exit_code([well, refused]) == ("partial", 3)
    assert status_and_exit_code([refused, away]) == ("failed", 10)
    assert status_and_exit_code([away, refused]) == ("failed", 11)
    assert status_and_exit_code([held, partial, refused]) == ("held", 30)
    assert status_and_exit_code([held, locked]) == ("partial", 22)
    assert status_and_exit_code([locked]) == ("failed", 22)


@pytest.mark.parametrize(
    ("error", "ended"),
    [
        (Interrupted(signal.SIGTERM), ("interrupted", 143)),
        (DatabaseUnavailable("away"), ("failed", 20)),
    ],
)
def test_an_interrupted_run_records_how_it_ended(
    settings: Settings, engine: Engine, error: ImageSyncError, ended: tuple[str, int]
) -> None:
    def fails(_source: SourceSettings, _context: RunContext) -> Any:
        raise error

    context = RunContext(settings=settings, engine=engine)
    with pytest.raises(type(error)):
        run_work(RunStart(kind="sync", started_at=context.now()), context, settings.sources, fails)
    assert rows(settings.database.url, "select status, exit_code from sync_runs") == [ended]


def test_a_listing_that_is_certified_is_not_read_again(settings: Settings, api: FakeApi) -> None:
    dedicated = sum(image["type"] == "DEDICATED" for image in ALIVE)
    here = sum(
        image["type"] == "DEDICATED" and str(image["workspace_id"]) == "0" for image in ALIVE
    )
    api.quirks = Quirks(total=lambda count: count + (count in {dedicated, here}))
    (source,) = run_sync(settings).sources
    assert (source.facts.certificate, source.facts.walks) == ("ordered", 2)
    readings = {each["listing"]: each["readings"] for each in source.facts.detail["listings"]}
    assert readings["BUILD_IN/0"] == 1
    assert readings["DEDICATED/0"] == 2


def test_a_short_page_in_the_middle_is_counted(settings: Settings, api: FakeApi) -> None:
    def shorten(request: Request) -> Response | None:
        if request.query.get("offset") != "10" or request.query.get("sort_key") != "updateTime":
            return None
        answer = api.respond(request)
        assert isinstance(answer.body, bytes)
        page = msgspec.json.decode(answer.body)
        page["data"].pop()
        return replace(answer, body=msgspec.json.encode(page))

    api.before_request = shorten
    (source,) = run_sync(settings).sources
    assert source.facts.detail["short_pages"] == 1
    assert source.facts.certificate in {"none", "agreed"}


def test_a_listing_that_ends_before_its_total_is_not_exact(
    settings: Settings, api: FakeApi
) -> None:
    api.quirks = Quirks(total=lambda count: count + 40, past_the_end="strict")
    api.images = [image for image in ALIVE if image["type"] == "BUILD_IN"][:10]
    (source,) = run_sync(settings).sources
    assert (source.seen, source.facts.certificate) == (10, "agreed")
    assert source.facts.detail["past_the_end"] > 0


def test_conflicting_values_of_two_listings_are_counted(settings: Settings, api: FakeApi) -> None:
    twin = {**ALIVE[0], "type": "DEDICATED", "description": "another"}
    api.images = [*ALIVE, twin]
    (source,) = run_sync(settings).sources
    assert source.facts.detail["conflicts"] == 1
    query = f"select type from images where image_id = '{twin['id']}'"
    assert rows(settings.database.url, query) == [(ALIVE[0]["type"],)]
