"""Projects become sources, by themselves; one that vanishes is marked, and never emptied."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest

from etl.cli.main import run
from etl.config import (
    AuthSettings,
    DatabaseSettings,
    DiscoverSettings,
    HttpSettings,
    Settings,
    SourceSettings,
)
from etl.database.engine import open_engine
from etl.errors import UsageError
from etl.load.discovered import Discovered, write_discovered
from etl.maintenance.check import check, probe_source
from etl.run import run_plan, run_sync
from etl.sources.selection import find_sources, regions_of
from etl.sync_options import SyncOptions
from tests.support.databases import BACKENDS
from tests.support.fake_api import FakeApi, Quirks, Response, User
from tests.support.syncing import catalogue

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
NORTH, TEAM, SOUTH = "1" * 32, "2" * 32, "3" * 32
PROJECTS = [
    {"id": NORTH, "name": "cn-north-4", "enabled": True},
    {"id": TEAM, "name": "cn-north-4_team", "enabled": True},
    {"id": SOUTH, "name": "cn-south-1"},
    {"id": "4" * 32, "name": "cn-north-4_off", "enabled": False},
    {"id": "5" * 32, "name": "cn-north-42", "enabled": True},
    {"id": "6" * 32, "name": "MOS", "enabled": True},
]


class World:
    """IAM and ModelArts at one address, a database, and a clock; each run is an hour later."""

    def __init__(self, api, url):
        self.api, self.url, self.now = api, url, START
        self.projects = list(PROJECTS)
        self.answer = None  # what IAM says in place of the projects
        self.asked = 0
        self.sources = ()
        self.discover = [self.rule()]
        api.before_request = self.before

    def rule(self, regions=("cn-north-4", "cn-south-1"), label="default", **template):
        usual = {"name": "{project}", "endpoint": self.api.url, "project_id": ""}
        http = HttpSettings(max_retries=0)
        source = SourceSettings(**{**usual, "http": http, **template})
        return DiscoverSettings(
            label=label, iam_endpoint=self.api.url, regions=regions, source=source
        )

    def before(self, request):
        if request.path != "/v3/auth/projects":
            return None
        self.asked += 1
        body = json.dumps({"projects": self.projects}).encode()
        return self.answer or Response(200, body, {"Content-Type": "application/json"})

    def settings(self):
        return Settings(
            database=DatabaseSettings(url=self.url),
            sources=tuple(self.sources),
            discover=tuple(self.discover),
        )

    def run(self, **how):
        self.now += timedelta(hours=1)
        outcome = run_sync(self.settings(), SyncOptions(**how), now=lambda: self.now)
        return outcome.exit_code, {each.name: each.status for each in outcome.sources}

    def names(self):
        return [each.name for each in find_sources(self.settings())[0]]

    def forget(self, project_id):
        self.projects = [each for each in self.projects if each["id"] != project_id]


@pytest.fixture
def world(request, databases):
    """On SQLite, unless a test asks for both databases."""
    kind = getattr(request, "param", "sqlite")
    with databases.migrated(kind) as url, FakeApi(catalogue(3)) as api:
        yield World(api, url)


on_both = pytest.mark.parametrize("world", BACKENDS, indirect=True)


ALL = {"cn-north-4": "succeeded", "cn-north-4_team": "succeeded", "cn-south-1": "succeeded"}
LEFT = {"cn-north-4": "succeeded", "cn-south-1": "succeeded"}


def rows(world, statement):
    engine = open_engine(world.url)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]
    finally:
        engine.dispose()


def vanished(world):
    found = rows(world, "select source, vanished_at is not null from discovered_sources")
    return sorted(source for source, is_gone in found if is_gone)


@on_both
def test_the_enabled_projects_of_the_regions_are_sources(world):
    assert world.names() == list(ALL)
    found, failed = find_sources(world.settings())
    assert [(each.project_id, each.endpoint) for each in found] == [
        (NORTH, world.api.url),
        (TEAM, world.api.url),
        (SOUTH, world.api.url),
    ]
    assert failed == ()
    assert rows(world, "select * from discovered_sources") == []
    assert world.run() == (0, ALL)
    assert len(rows(world, "select * from discovered_sources")) == 3


def test_a_plan_before_the_first_run_needs_no_tables(world, empty_database_url):
    world.url = empty_database_url
    plan = run_plan(world.settings(), SyncOptions())
    assert {each.name: each.status for each in plan.outcome.sources} == ALL


def test_a_new_project_is_read_by_itself(world):
    world.forget(TEAM)
    assert world.run() == (0, LEFT)
    world.projects = PROJECTS
    assert world.run() == (0, ALL)


@on_both
def test_several_hosts_find_the_same_projects_at_once(world):
    engine = open_engine(world.url)
    found = [
        Discovered(source=name, label="default", project_id=name, region="a", project_name=name)
        for name in ("one", "two")
    ]
    for _ in range(2):  # neither knows what the other found
        with engine.connect() as connection:
            write_discovered(connection, found, known=(), searched=(), now=START)
    engine.dispose()
    assert rows(world, "select source from discovered_sources order by 1") == [("one",), ("two",)]


@on_both
def test_a_vanished_project_is_marked_and_keeps_its_images(world, caplog):
    assert world.run() == (0, ALL)
    before = rows(world, "select state, count(*) from images group by state")
    world.forget(TEAM)
    assert world.run() == (0, LEFT)
    (event,) = (each for each in caplog.records if each.message == "project vanished")
    assert event.source == "cn-north-4_team"
    assert vanished(world) == ["cn-north-4_team"]
    first = rows(world, "select vanished_at from discovered_sources order by source")
    assert world.run() == (0, LEFT)
    assert rows(world, "select vanished_at from discovered_sources order by source") == first
    assert rows(world, "select state, count(*) from images group by state") == before
    with pytest.raises(UsageError, match="unknown source 'cn-north-4_team'"):
        world.run(source_names=["cn-north-4_team"])
    world.projects = PROJECTS
    assert world.run() == (0, ALL)
    assert vanished(world) == []


def test_an_empty_answer_empties_nothing(world):
    world.run()
    world.projects = []
    with pytest.raises(UsageError, match="no project"):
        world.run()
    assert len(vanished(world)) == 3
    assert rows(world, "select distinct state from images") == [("present",)]


def test_a_region_that_is_wanted_no_more_has_not_vanished(world):
    world.run()
    world.discover = [world.rule(regions=("cn-south-1",))]
    assert world.run() == (0, {"cn-south-1": "succeeded"})
    assert vanished(world) == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Response(503), 11),
        (Response(200, b"<html>"), 12),
        (Response(200, b'{"projects": null}'), 12),
        (Response(403, b'{"error":{"code":403}}'), 10),
    ],
)
def test_if_iam_fails_the_known_projects_are_read(world, answer, code):
    world.answer = answer
    assert world.run() == (code, {"discover default": "failed"})
    world.answer = None
    world.run()
    world.answer = answer
    assert world.run() == (3, {**ALL, "discover default": "failed"})
    assert vanished(world) == []


def test_refused_credentials_are_not_tried_on_every_source(world):
    world.run()
    world.answer = Response(401)
    assert world.run() == (10, {"discover default": "failed"})
    assert vanished(world) == []


def test_a_known_project_is_read_without_asking(world):
    assert world.run(source_names=["cn-south-1"]) == (0, {"cn-south-1": "succeeded"})
    assert world.asked == 1
    assert world.run(source_names=["cn-south-1"]) == (0, {"cn-south-1": "succeeded"})
    assert world.asked == 1
    with pytest.raises(UsageError, match="unknown source 'nope'"):
        world.run(source_names=["nope"])


def test_a_source_keeps_its_first_name(world):
    world.run()
    world.projects = [{**PROJECTS[1], "name": "cn-north-4_crew"}]
    world.discover = [world.rule(name="x-{project}-{region}-{project_id}")]
    assert world.run() == (0, {"cn-north-4_team": "succeeded"})
    world.projects += [PROJECTS[2]]
    assert f"x-cn-south-1-cn-south-1-{SOUTH}" not in world.names()  # known as cn-south-1


def test_a_name_that_is_taken_is_refused(world):
    world.run()
    world.projects = [{**PROJECTS[1], "id": "9" * 32}]
    code, states = world.run()
    assert (code, states) == (2, {"discover default": "failed"})
    found, failed = find_sources(world.settings())
    assert found == ()
    assert "put {project_id} into discover.source.name" in str(failed[0].error_message)


def test_a_project_of_the_configuration_is_not_read_twice(world):
    world.sources = [SourceSettings(name="mine", endpoint=world.api.url, project_id=TEAM)]
    assert world.run() == (0, {"mine": "succeeded", **LEFT})
    world.asked = 0
    assert world.run(source_names=["mine"]) == (0, {"mine": "succeeded"})
    assert world.asked == 0


def test_two_accounts_side_by_side(world):
    world.discover = [
        world.rule(regions=("cn-north-4",), name="a {project}"),
        world.rule(regions=("cn-south-1",), label="second", name="b {project}"),
    ]
    assert world.names() == ["a cn-north-4", "a cn-north-4_team", "b cn-south-1"]


def test_a_password_gets_its_token_for_the_regions_own_project(world):
    user = User("acme", "ann", "pw")
    world.api.quirks = Quirks(user=user)
    world.api._identity._projects = PROJECTS
    world.api.before_request = None
    auth = AuthSettings(
        method="password", iam_endpoint=world.api.url, domain="acme", user="ann", password="pw"
    )
    world.discover = [world.rule(auth=auth)]
    assert world.run() == (0, ALL)
    world.discover = [world.rule(auth=dataclasses.replace(auth, password="no"))]
    assert world.run() == (10, {"discover default": "failed"})


def test_check_and_probe_know_them(world):
    findings, code = check(world.settings())
    assert ([each.place for each in findings], code) == (["database", *ALL], 0)
    assert probe_source(world.settings(), "cn-south-1")
    world.answer = Response(503)
    findings, code = check(world.settings())
    assert ([each.place for each in findings], code) == (["database", "discover default"], 11)


def test_the_regions_of_workers(world):
    far = "https://modelarts.{region}.myhuaweicloud.com"
    world.discover = [world.rule(endpoint=far)]
    world.sources = [SourceSettings(name="s", endpoint="sample:", project_id="a")]
    assert regions_of(world.settings()) == ["cn-north-4", "cn-south-1", "sample"]


CONFIG = """
[[discover]]
iam_endpoint = "{url}"
regions = ["cn-north-4"]
[discover.source]
endpoint = "{url}"
[discover.source.http]
max_retries = 0
"""


@pytest.fixture
def typed(world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", world.url)
    (tmp_path / "config.toml").write_text(CONFIG.format(url=world.api.url))
    return world


def test_the_commands(typed, capsys):
    assert run(["sync", "-q"]) == 0
    typed.forget(TEAM)
    assert run(["sync", "-q"]) == 0
    told = capsys.readouterr()
    assert (told.out, "vanished" in told.err) == ("", False)
    assert run(["sources", "--output", "json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == ["cn-north-4"]
    assert run(["status", "--max-age", "1h", "--output", "json"]) == 0
    states = {each["source"]: each for each in json.loads(capsys.readouterr().out)}
    assert states["cn-north-4_team"]["vanished_at"] is not None
    assert states["cn-north-4_team"]["is_configured"] is True
    assert states["cn-north-4"]["vanished_at"] is None
    typed.answer = Response(503)
    assert run(["sources"]) == 3
    told = capsys.readouterr()
    assert told.out.splitlines()[1].startswith("cn-north-4 ")
    assert "discover default: " in told.err
    assert run(["replay-rejects", "-q"]) == 0
