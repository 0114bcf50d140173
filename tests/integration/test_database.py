"""Opening and upgrading a database: strange URLs, strange files, newer schemas, a schema's name."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Engine, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from etl.cli.main import run
from etl.database import migrate
from etl.database import postgresql as opening
from etl.database.engine import open_engine, psycopg_parameters, translated_errors
from etl.database.migrate import create_objects
from etl.errors import DatabaseUnavailable, SchemaNotAtHead, UsageError
from tests.support.loading import Loading, record
from tests.support.migration import files as migration_files
from tests.support.postgres import conninfo


@pytest.mark.parametrize("url", ["nonsense", "mysql://h/d", "sqlite://images.db"])
def test_a_url_that_is_none_of_ours(url: str) -> None:
    with pytest.raises(UsageError, match="sqlite:///PATH"):
        open_engine(url)


@pytest.mark.parametrize(
    "url", ["sqlite:///file:x.db?uri=true", "sqlite:///file:x.db", "sqlite+pysqlite:///x.db?uri=1"]
)
@pytest.mark.parametrize("command", ["status", "check", "db copy"])
def test_a_uri_of_sqlite_s_own(
    url: str,
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"file: URI .*sqlite:///x\.db"):
        open_engine(url)
    given = [url] if command == "db copy" else ["--database", url]
    assert run([*command.split(), *given]) == 2
    assert "name the file itself" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_at_sign_in_the_password_is_neither_taken_for_the_host_nor_told() -> None:
    with pytest.raises(UsageError, match=r"more than one @.*%40") as caught:
        open_engine("postgresql+psycopg://ann:canary@canary@db.example.com/d")
    assert "canary" not in str(caught.value)
    assert open_engine("postgresql+psycopg://ann:p%40ss@h/d").url.password == "p@ss"


@pytest.mark.parametrize("host", ["h:port", "h:", "h:²", f"h:{'9' * 5000}", "u:p@ss:canary@h"])
def test_the_port_is_a_number(host: str) -> None:
    with pytest.raises(UsageError, match=r"the port is a number, .* %40") as caught:
        open_engine(f"postgresql://{host}/x")
    assert "canary" not in str(caught.value)


def test_both_spellings_of_postgresql() -> None:
    for url in ("postgres://u@h/d", "postgresql://u@h/d"):
        assert open_engine(url).url.drivername == "postgresql+psycopg"


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_args: object, **_kwargs: object) -> None:
        raise ModuleNotFoundError("psycopg")

    monkeypatch.setattr(opening, "create_engine", missing)
    with pytest.raises(DatabaseUnavailable, match=r"\[postgres\]"):
        open_engine("postgresql://u@h/d")


def test_any_error_of_the_database_is_ours() -> None:
    engine = open_engine("sqlite://")
    with pytest.raises(DatabaseUnavailable, match="odd"), translated_errors(engine):
        raise SQLAlchemyError("odd")


@pytest.mark.parametrize("auto_upgrade", [True, False])
def test_a_newer_schema_is_left_alone(database_url: str, *, auto_upgrade: bool) -> None:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("update image_sync_version set version_num = '9999'"))
    with pytest.raises(SchemaNotAtHead, match=r"newer than this program .*; upgrade image-sync,"):
        migrate.ensure_head(engine, auto_upgrade=auto_upgrade)
    engine.dispose()


def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/other.db")
    with engine.begin() as connection:
        connection.execute(text("create table theirs (a integer)"))
    with pytest.raises(DatabaseUnavailable, match="'theirs'"):
        migrate.ensure_head(engine, auto_upgrade=True)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["theirs"]


def test_a_downgrade_that_leaves_tables_leaves_the_views(database_url: str) -> None:
    engine = open_engine(database_url)
    migrate.downgrade(engine, migrate.head())
    with engine.connect() as connection:
        assert "images" in inspect(connection).get_view_names()
    engine.dispose()


@pytest.mark.parametrize("schema", ["images_of_ours", "Mixed", "user", 'odd \\ "name", two'])
@pytest.mark.parametrize("is_there", [False, True])
def test_a_schema_of_its_own(postgres_url: str, schema: str, *, is_there: bool) -> None:
    if is_there:
        with psycopg.connect(conninfo(postgres_url), autocommit=True) as connection:
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    engine = open_engine(postgres_url, schema=schema)
    migrate.ensure_head(engine, auto_upgrade=True)
    migrate.ensure_head(engine, auto_upgrade=False)
    with engine.connect() as connection:
        assert "current_images" in inspect(connection).get_table_names(schema=schema)
        assert inspect(connection).get_table_names(schema="public") == []
    engine.dispose()
    with psycopg.connect(**psycopg_parameters(postgres_url, schema=schema)) as connection:
        assert connection.execute("select current_schema()").fetchone() == (schema,)


def test_a_sync_lives_in_a_schema_with_capitals(
    postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f'[database]\nurl = "{postgres_url}"\nschema = "Mixed"\n'
        '[[source]]\nname = "s"\nendpoint = "sample:"\nproject_id = "p"\n'
    )
    for command in ("sync", "verify", "db check"):
        assert run(["-q", "-c", str(config), *command.split()]) == 0, capsys.readouterr().err


def test_no_schema_is_made_that_is_not_asked_for(postgres_url: str) -> None:
    url = make_url(postgres_url).update_query_dict({"options": "-c search_path=absent,missing"})
    engine = open_engine(url.render_as_string(hide_password=False))
    with pytest.raises(DatabaseUnavailable, match=r"no schema .* in database\.schema"):
        migrate.ensure_head(engine, auto_upgrade=True)
    with engine.connect() as connection:
        assert not {"absent", "absent, missing"} & set(inspect(connection).get_schema_names())
    engine.dispose()


def test_an_upgrade_prints_the_revision_it_reached(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    assert migrate.upgrade(engine, "+1") == "image_sync_0001"
    assert migrate.upgrade(engine) == migrate.head()
    assert migrate.upgrade(engine, "image_sync_0001") == migrate.head()  # takes nothing back
    engine.dispose()


def test_an_upgrade_of_a_current_schema_changes_nothing(database_url: str) -> None:
    loading = Loading(database_url)
    loading.run([record(0), record(1)])

    def state() -> tuple[object, ...]:
        there = inspect(loading.engine)
        return there.get_table_names(), there.get_view_names(), loading.dump()

    before = state()
    assert migrate.upgrade(loading.engine) == migrate.head()
    migrate.ensure_head(loading.engine, auto_upgrade=False)
    assert state() == before
    loading.engine.dispose()


def test_the_revisions_are_those_that_alembic_names() -> None:
    scripts = ScriptDirectory.from_config(migrate._config())
    found = [each.revision for each in scripts.walk_revisions()]
    assert migrate.known_revisions() == found[::-1]
    assert scripts.get_current_head() == migrate.head()


def test_the_newest_migration_is_written_from_the_tables_and_views() -> None:
    for path, statements in migration_files():
        assert path.read_text("utf-8") == statements, "run `make migration`"


def test_a_pre_release_is_refused_and_not_changed(
    empty_database_url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[[source]]\nname = "s"\nendpoint = "sample:"\nproject_id = "p"\n')
    engine = open_engine(empty_database_url)
    with engine.begin() as connection:
        for table in ("alembic_version", "catalogue", "superseded", "sync_runs", "source_runs"):
            connection.execute(text(f"create table {table} (version_num text)"))
        connection.execute(text("insert into alembic_version values ('0002')"))
    before = _names(engine)
    for command in ("sync", "plan", "status", "verify", "db upgrade", "db current", "db check"):
        given = ["-c", str(config), "--database", empty_database_url, *command.split()]
        assert run(given) == 21, command
        assert "a pre-release of image-sync wrote this database" in capsys.readouterr().err
    assert _names(engine) == before
    engine.dispose()


@pytest.mark.parametrize("command", ["upgrade", "downgrade"])
def test_an_unknown_revision_is_a_usage_error(
    database_url: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate.upgrade(open_engine(database_url))
    assert run(["--database", database_url, "db", command, "nope"]) == 2
    error = capsys.readouterr().err
    assert "invalid revision 'nope'" in error
    assert "known: base, image_sync_0001" in error


def test_a_foreign_alembic_revision_is_not_ours(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("create table alembic_version (version_num text)"))
        connection.execute(text("insert into alembic_version values ('image_sync_0001')"))
    with engine.connect() as connection:
        assert migrate.current_revision(connection) is None
    migrate.upgrade(engine)
    migrate.downgrade(engine, "base")
    assert _names(engine) == {"alembic_version"}
    engine.dispose()


@pytest.mark.parametrize("kind", ["table images (a text)", "view images as select 1 as a"])
def test_a_name_of_ours_that_another_program_uses(postgres_url: str, kind: str) -> None:
    engine = open_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text(f"create {kind}"))
    with pytest.raises(DatabaseUnavailable, match=r"'images'.*database\.schema"):
        migrate.ensure_head(engine, auto_upgrade=True)
    assert _names(engine) == {"images"}
    engine.dispose()


def test_a_revision_without_its_tables_is_refused(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    with engine.begin() as connection:
        connection.execute(text("create table image_sync_version (version_num text)"))
        connection.execute(text("insert into image_sync_version values ('image_sync_0001')"))
    with pytest.raises(SchemaNotAtHead, match="sync_runs is missing"):
        migrate.upgrade(engine)
    engine.dispose()


@pytest.mark.parametrize("table", ["_litestream_seq", "crsql_master"])
def test_tables_of_sqlite_tools_do_not_make_a_file_another_program_s(
    tmp_path: Path, table: str
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/images.db")
    with engine.begin() as connection:
        connection.execute(text(f"create table {table} (id integer)"))
    migrate.ensure_head(engine, auto_upgrade=True)
    migrate.downgrade(engine, "base")
    assert _names(engine) == {table}
    engine.dispose()


def test_a_view_is_replaced_under_a_view_of_the_user_s(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("create view mine as select image_id from images"))
        create_objects(connection, "0001_views")
    with pytest.raises(SchemaNotAtHead, match=r"view mine depends on view images.*drop what"):
        migrate.downgrade(engine, "base")
    with engine.begin() as connection:
        connection.execute(text("drop view mine"))
        connection.execute(text("drop view images"))
        connection.execute(text("create view images as select 1 as other"))
        create_objects(connection, "0001_views")
        connection.execute(text("select image_id from images"))
    engine.dispose()


def test_another_error_of_a_view_is_not_hidden(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("drop view images"))
        connection.execute(text("create table images (a text)"))
    with pytest.raises(DatabaseUnavailable, match="not a view"):
        migrate.upgrade(engine)
    engine.dispose()


def test_a_revision_that_cannot_be_reached_is_named(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    with pytest.raises(SchemaNotAtHead, match="there is no schema of image-sync"):
        migrate.downgrade(engine, "base")
    with pytest.raises(UsageError, match="nonsense"):
        migrate.upgrade(engine, "nonsense")
    engine.dispose()


def _names(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        found = inspect(connection)
        return {*found.get_table_names(), *found.get_view_names()}
