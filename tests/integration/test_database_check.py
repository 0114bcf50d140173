"""What `check` finds out about the database, without leaving a trace."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import make_url, text

from etl.config import DatabaseSettings, Settings
from etl.database import sqlite
from etl.database.engine import open_engine
from etl.database.migrate import upgrade
from etl.errors import LockHeld
from etl.maintenance.check import check_database
from etl.run_context import open_context
from tests.support.loading import Loading, record
from tests.support.postgres import conninfo, own_server
from tests.support.privileges import rights


def found(url, **settings):
    return [
        (each.status, each.message, each.exit_code)
        for each in check_database(DatabaseSettings(url=str(url), **settings))
    ]


def failed(url, **settings):
    """The message and code of the one failure."""
    [(status, message, code)] = found(url, **settings)
    assert status == "failed"
    return message, code


def test_a_current_database_passes_and_is_not_changed(database_url):
    loading = Loading(database_url)
    loading.run([record(0)])
    before = loading.dump()
    [(status, message, _)] = found(database_url)
    assert (status, "the schema is current" in message) == ("ok", True)
    assert loading.dump() == before
    assert loading.begin() == 2  # no run was numbered in between


def test_a_database_without_a_schema_passes_and_stays_empty(empty_database_url):
    [(status, message, _)] = found(empty_database_url)
    assert (status, "the next sync creates" in message) == ("ok", True)
    engine = open_engine(empty_database_url)
    with engine.connect() as connection:
        master = "sqlite_master" if engine.dialect.name == "sqlite" else "pg_tables"
        where = "" if engine.dialect.name == "sqlite" else "where schemaname = 'public'"
        assert connection.execute(text(f"select count(*) from {master} {where}")).scalar() == 0
    assert failed(empty_database_url, auto_upgrade=False)[1] == 21


def test_a_file_that_does_not_exist_is_not_created(tmp_path):
    [(status, message, _)] = found(f"sqlite:///{tmp_path}/images.db")
    assert (status, message) == ("ok", f"the next sync creates {tmp_path}/images.db")
    assert failed(f"sqlite:///{tmp_path}/images.db", auto_upgrade=False)[1] == 21
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder(tmp_path):
    message, code = failed(f"sqlite:///{tmp_path}/no/images.db")
    assert f"no file can be created in {tmp_path}/no" in message
    assert code == 20


def test_a_folder_that_this_user_cannot_write(tmp_path):
    with rights((tmp_path, 0o555)):
        assert failed(f"sqlite:///{tmp_path}/images.db")[1] == 20


def test_a_file_that_this_user_cannot_write(tmp_path):
    path = tmp_path / "images.db"
    upgrade(open_engine(f"sqlite:///{path}"))
    with rights((path, 0o444)):
        assert failed(f"sqlite:///{path}")[1] == 20


def test_a_deleted_working_directory(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    message, code = failed("sqlite:///images.db")
    assert "the working directory was deleted" in message
    assert code == 20
    os.chdir(tmp_path)


def test_an_old_sqlite(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "OLDEST_VERSION", (99, 0, 0))
    assert "image-sync needs 99.0.0 or newer" in failed(f"sqlite:///{tmp_path}/images.db")[0]


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    for _ in range(2):
        message, code = failed(f"sqlite:///{tmp_path}/images.db")
        assert "cannot be locked: No locks available" in message
        assert "use a file system that supports locks" in message
        assert code == 20
        upgrade(open_engine(f"sqlite:///{tmp_path}/images.db"))


def test_a_file_that_is_mounted_alone(tmp_path, monkeypatch):
    path = tmp_path / "my images.db"
    upgrade(open_engine(f"sqlite:///{path}"))
    mounts = tmp_path / "mountinfo"
    escaped = str(path).replace(" ", r"\040")
    mounts.write_text(f"36 35 98:0 /images.db {escaped} rw,noatime - ext4 /dev/root rw\n")
    monkeypatch.setattr(sqlite, "_MOUNTS", str(mounts))
    assert "mount its folder instead" in failed(f"sqlite:///{path}")[0]
    monkeypatch.setattr(sqlite, "_MOUNTS", str(tmp_path / "missing"))
    assert found(f"sqlite:///{path}")[0][0] == "ok"


@pytest.mark.parametrize(
    ("version", "has_bug"),
    [
        ((3, 34, 0), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_wal_is_warned_about_if_the_library_has_the_reset_bug(
    version, has_bug, tmp_path, monkeypatch
):
    path = tmp_path / "images.db"
    upgrade(open_engine(f"sqlite:///{path}"))
    monkeypatch.setattr("sqlite3.sqlite_version_info", version)
    assert [each[0] for each in found(f"sqlite:///{path}")] == ["ok"]
    with closing(sqlite3.connect(path)) as file:
        file.execute("pragma journal_mode = wal")
    assert ("warning" in [each[0] for each in found(f"sqlite:///{path}")]) is has_bug


def test_a_file_that_does_not_exist_is_not_in_wal_mode(tmp_path):
    assert sqlite.wal_warning(make_url(f"sqlite:///{tmp_path}/none.db")) == ""


def test_a_sync_warns_about_wal(tmp_path, monkeypatch):
    warnings = []
    monkeypatch.setattr("etl.run_context._log.warning", lambda *_, **__: warnings.append("wal"))
    settings = Settings(database=DatabaseSettings(url=f"sqlite:///{tmp_path}/images.db"))
    upgrade(open_engine(settings.database.url))
    with closing(sqlite3.connect(tmp_path / "images.db")) as file:
        file.execute("pragma journal_mode = wal")
    for version, expected in (((3, 51, 3), []), ((3, 40, 1), ["wal"])):
        monkeypatch.setattr("sqlite3.sqlite_version_info", version)
        with open_context(settings):
            assert warnings == expected


def test_an_altered_view_is_a_warning(database_url):
    with open_engine(database_url).begin() as connection:
        connection.execute(text("drop view images"))
    assert [each[0] for each in found(database_url)] == ["ok", "warning"]


def test_a_lock_held_by_a_sync_is_not_a_failure(database_url):
    from etl.load.locks import source_lock

    with source_lock(open_engine(database_url), "s"):
        assert found(database_url)[0][0] == "ok"


def test_a_lock_held_by_another_process_is_not_a_failure(database_url, monkeypatch):
    def held(*_):
        raise LockHeld("source s is locked")

    monkeypatch.setattr("etl.maintenance.check.source_lock", held)
    assert found(database_url)[0][0] == "ok"


@pytest.fixture(scope="module")
def server():
    with own_server() as server:
        with psycopg.connect(conninfo(server.url), autocommit=True) as connection:
            connection.execute("create role image_sync_guest login")
        yield server


@pytest.mark.parametrize("is_current", [False, True])
def test_a_role_without_the_rights(server, *, is_current):
    with server.database() as url:
        with psycopg.connect(conninfo(url), autocommit=True) as connection:
            if is_current:
                upgrade(open_engine(url))
                connection.execute(
                    "grant select on all tables in schema public to image_sync_guest"
                )
        guest = make_url(url).set(username="image_sync_guest")
        message, code = failed(guest.render_as_string(hide_password=False))
        assert "permission denied" in message
        assert "docs/rights.md" in message
        assert code == 20


def test_a_database_that_is_read_only_by_default(server):
    with server.database() as url:
        upgrade(open_engine(url))
        name = make_url(url).database
        with psycopg.connect(conninfo(url), autocommit=True) as connection:
            setting = f'alter database "{name}" set default_transaction_read_only = on'
            connection.execute(setting.encode())
        message, code = failed(url)
        assert "default_transaction_read_only" in message
        assert code == 20
