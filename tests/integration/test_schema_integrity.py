"""A schema that makes queries lie is found, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, make_url, text

from etl.cli.main import run
from etl.database.engine import open_engine, open_reader
from etl.database.integrity import schema_faults
from etl.database.migrate import upgrade
from etl.database.views import VIEWS
from tests.support.loading import Loading, record

HIDDEN = "where c.image_id <> 'id-0'"
OTHER_TAGS = (
    "select source, image_id, cast(null as text) as key, cast(null as text) as value"
    " from current_images"
)
ALTERED = {
    "sqlite": {
        "a view that hides a row": (
            *("drop view images", f"create view images as {VIEWS['images']['sqlite']} {HIDDEN}"),
        ),
        "a table in place of a view": ("drop view images", "create table images (image_id text)"),
        "a missing view": ("drop view image_tags",),
        "a view in place of a table": (
            "alter table held_removals rename to held_aside",
            "create view held_removals as select * from held_aside where 1 = 0",
        ),
        "a trigger": (
            "create trigger t after insert on image_removals begin"
            " update image_removals set evidence = 'lookup_deleted'; end",
        ),
        "a trigger on a view": (
            "create trigger t instead of delete on images begin select 1; end",
        ),
    },
    "postgresql": {
        "a view that hides a row": (
            f"create or replace view images as {VIEWS['images']['postgresql']} {HIDDEN}",
        ),
        "two columns that change places": (
            "drop view image_tags",
            "create view image_tags as select c.source, c.image_id, each.value ->> 'value' as key,"
            " each.value ->> 'key' as value"
            " from current_images as c, jsonb_array_elements(c.tags) as each(value)",
        ),
        "a view of another schema's table": (
            "create schema evil",
            "create table evil.current_images (like current_images)",
            "create or replace view image_tags as "
            + VIEWS["image_tags"]["postgresql"].replace("current_", "evil.current_"),
        ),
        "a table in place of a view": ("drop view images", "create table images (image_id text)"),
        "a view in place of a table": (
            "alter table held_removals rename to held_aside",
            "create view held_removals as select * from held_aside where false",
        ),
        "a renamed column": ("alter view image_tags rename column value to val",),
        "a materialized view": (
            "drop view image_tags",
            f"create materialized view image_tags as {VIEWS['image_tags']['postgresql']}",
        ),
        "a missing view": ("drop view image_tags",),
        "a trigger": (
            "create function f() returns trigger language plpgsql as 'begin return new; end'",
            "create trigger t before insert on image_removals for each row execute function f()",
        ),
        "a rule": ("create rule r as on insert to image_removals do instead nothing",),
        "row security": ("alter table current_images enable row level security",),
        "a table whose rows are read with ours": (
            "create table more () inherits (current_images)",
        ),
    },
}
CASES = [(backend, name) for backend, cases in ALTERED.items() for name in cases]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    loading = Loading(database_url)
    loading.run([record(0), record(1)])
    yield loading.engine
    loading.engine.dispose()


def test_a_schema_that_a_migration_made_has_no_fault(engine, database_url):
    reader = open_reader(database_url)
    with reader.connect() as connection:
        assert schema_faults(connection) == []
    reader.dispose()


@pytest.mark.parametrize(("backend", "name"), CASES, ids=[f"{n}-{b}" for b, n in CASES])
def test_an_altered_schema_is_found(backend, name, databases, capsys):
    with databases.migrated(backend) as url:
        engine = open_engine(url)
        with engine.begin() as connection:
            for statement in ALTERED[backend][name]:
                connection.exec_driver_sql(statement)
            assert len(schema_faults(connection)) == 1
        engine.dispose()
        assert run(["--database", url, "db", "check"]) == 21
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("backend", "name", "hint"),
    [
        ("sqlite", "a trigger", "drop the trigger t"),
        ("sqlite", "a missing view", "db upgrade` creates the views again"),
        ("postgresql", "a rule", "drop the rule r"),
        ("postgresql", "row security", "disable row-level security on current_images"),
        ("postgresql", "a table whose rows are read with ours", "end the inheritance of more"),
    ],
)
def test_the_hint_restores_the_schema(backend, name, hint, databases, capsys):
    with databases.migrated(backend) as url:
        engine = open_engine(url)
        with engine.begin() as connection:
            for statement in ALTERED[backend][name]:
                connection.exec_driver_sql(statement)
        engine.dispose()
        assert run(["--database", url, "db", "check"]) == 21
        assert capsys.readouterr().err.endswith(f"{hint}\n")


def test_views_are_compared_in_a_schema_of_their_own(postgres_url):
    engine = open_engine(postgres_url, schema="Mixed")
    upgrade(engine)
    with engine.begin() as connection:
        assert schema_faults(connection) == []
        connection.execute(text(f"create or replace view image_tags as {OTHER_TAGS}"))
        assert [fault.name for fault in schema_faults(connection)] == ["image_tags"]
    engine.dispose()


def test_an_upgrade_creates_the_views_of_a_current_schema_again(engine):
    with engine.begin() as connection:
        connection.execute(text("drop view images"))
    upgrade(engine)
    with engine.connect() as connection:
        assert schema_faults(connection) == []


def test_the_user_s_own_views_and_triggers_are_no_fault(engine):
    with engine.begin() as connection:
        connection.execute(text("create table mine (a integer)"))
        connection.execute(text("create view my_images as select image_id from images"))
        if make_url(engine.url).get_backend_name() == "sqlite":
            connection.execute(
                text("create trigger t after insert on mine begin delete from mine; end")
            )
        assert schema_faults(connection) == []


def test_db_check_lists_differences_as_json(empty_database_url, capsys):
    def told(*command: str) -> tuple[int, dict]:
        code = run(["--database", empty_database_url, "db", *command, "--output", "json"])
        return code, json.loads(capsys.readouterr().out)

    open_engine(empty_database_url).connect().close()  # makes the SQLite file
    assert told("current")[1]["revision"] is None
    assert told("check")[0] == 21
    assert told("upgrade")[1]["current"] is True
    with open_engine(empty_database_url).begin() as connection:
        connection.execute(text("drop view images"))
    code, state = told("check")
    assert (code, state["current"]) == (21, False)
    assert "images is missing" in state["problem"]
