"""Faults of the database: each ends in one line that names it, with its code, nothing half done.

After each fault the record is as it was, or as the run would have left it; `verify` passes, and the
next run is whole. Soak tries every statement where CI tries some.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, text

from etl.cli.main import run
from etl.database import sqlite as opening
from etl.database.engine import open_engine
from etl.load import spool as spooling
from etl.load.spool import Reject, Spool
from tests.support.counts import add_count
from tests.support.postgres import conninfo, own_server
from tests.support.privileges import rights
from tests.support.proxy import Proxy

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
CONFIG = '[[source]]\nname = "s"\nendpoint = "sample:"\nproject_id = "p"\n'
STATE = """
    select image_id, state, version, name, status, extra, missing_since is null, removed_at is null
    from images order by image_id
"""
RUNS = "select run_id, status, exit_code from sync_runs order by run_id"


class Desk:
    """The command line, on the built-in sample: each run that commits meets another generation."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._config = folder / "config.toml"
        self._config.write_text(CONFIG)
        self._capsys = capsys

    def run(self, url: str, *arguments: str) -> tuple[int, str]:
        """Exit code, and what was said on standard error."""
        self._capsys.readouterr()
        code = run(["-q", "--config", str(self._config), "--database", url, *arguments])
        return code, self._capsys.readouterr().err

    def fails(self, url: str, *arguments: str, code: int = 20, kind: str = "database fault") -> str:
        """The one line in which a command fails with `code`."""
        found, told = self.run(url, *arguments)
        assert found == code, told
        assert told.startswith("image-sync: ")
        assert told.count("\n") == 1
        add_count(kind, tried=1)
        return told

    def is_whole(self, url: str) -> None:
        """A run needs no one, and the record adds up."""
        assert self.run(url, "sync") == (0, "")
        assert self.run(url, "verify") == (0, "")
        assert "running" not in {status for _, status, _ in rows(url, RUNS)}


@pytest.fixture
def desk(tmp_path, capsys):
    return Desk(tmp_path, capsys)


@pytest.fixture
def synced_url(database_url, desk):
    """A database of either kind with one run in it."""
    assert desk.run(database_url, "sync")[0] == 0
    return database_url


@pytest.fixture
def synced_file(databases, desk):
    """A SQLite file with one run in it."""
    with databases.migrated("sqlite") as url:
        assert desk.run(url, "sync")[0] == 0
        yield Path(make_url(url).database)


@pytest.fixture(scope="module")
def server():
    """A server of our own: to stop, and to make roles in."""
    with own_server() as server:
        yield server


@pytest.fixture(scope="module")
def synced_template(server, tmp_path_factory):
    """The name of a database of our own server, with one run in it."""
    config = tmp_path_factory.mktemp("template") / "config.toml"
    config.write_text(CONFIG)
    url = server.create()
    assert run(["-q", "--config", str(config), "--database", url, "sync"]) == 0
    return name_of(url)


@pytest.fixture
def synced_own(server, synced_template):
    """A database of our own server with one run in it."""
    with server.database(template=synced_template) as url:
        yield url


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]
    finally:
        engine.dispose()


def administer(url: str, *statements: str) -> None:
    """As somebody else, each statement in its own transaction."""
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")
        for statement in statements:
            connection.execute(statement.encode())


def name_of(url: str) -> str:
    return str(make_url(url).database)


def as_role(url: str, role: str, **query: str) -> str:
    given = make_url(url).set(username=role).update_query_dict(query)
    return given.render_as_string(hide_password=False)


# PostgreSQL: the connection


def chosen(statements: int, *, is_after: bool) -> list[int]:
    """In soak each statement; else some of the read, the commit and the end of the run."""
    if IS_SOAK:
        return list(range(1, statements + 1))
    commit = statements - 13  # what follows ends the run and publishes its checkpoint
    return [commit - 7, commit] if is_after else [9, commit + 2, statements]


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
def test_a_connection_cut_at_any_statement_leaves_nothing_half_done(
    is_after, postgres_server, postgres_url, desk
):
    desk.run(postgres_url, "sync")
    template = name_of(postgres_url)
    old = rows(postgres_url, STATE)
    with postgres_server.database(template=template) as url, Proxy(url) as proxy:
        proxy.count()
        assert desk.run(proxy.url, "sync") == (0, "")
        statements, new = proxy.statements, rows(url, STATE)
    assert old != new
    told = 0
    for number in chosen(statements, is_after=is_after):
        with postgres_server.database(template=template) as url, Proxy(url) as proxy:
            proxy.cut_at(number, is_after=is_after)
            code, line = desk.run(proxy.url, "sync")
            if code == 0:  # the run had ended; a checkpoint is published by the next one
                assert rows(url, STATE) == new
                continue
            assert (code, line.count("\n")) == (20, 1), (number, line)
            assert "nothing was applied partially" in line, (number, line)
            add_count("cut", tried=1)
            assert rows(url, STATE) in (old, new), number
            told += rows(url, STATE) == new
            desk.is_whole(url)
    assert told > 0  # a commit whose answer is lost, or the end of the run after it


def test_an_unreachable_server_is_reported_and_the_next_run_succeeds(server, synced_own, desk):
    before = rows(synced_own, STATE)
    server.stop()
    try:
        for command in ("sync", "plan", "status", "verify"):
            line = desk.fails(synced_own, command)
            assert "check that PostgreSQL is running there" in line
            assert str(make_url(synced_own).query["host"]) in line
    finally:
        server.start()
    assert rows(synced_own, STATE) == before
    desk.is_whole(synced_own)


@pytest.mark.parametrize("is_back", [False, True], ids=["stopped", "restarted"])
def test_a_server_that_ends_during_a_run(is_back, server, synced_own, desk, monkeypatch):
    """In the middle of the walk, when no transaction is open."""
    before = rows(synced_own, STATE)
    stop = once(server.stop, server.start if is_back else None)
    monkeypatch.setattr("etl.source_facts.next_observed_at", stop)
    try:
        line = desk.fails(synced_own, "sync")
    finally:
        if not is_back:
            server.start()
    assert "run again" in line or "check that PostgreSQL is running there" in line
    assert rows(synced_own, STATE) == before
    ended = ("failed", 20) if is_back else ("running", None)
    assert rows(synced_own, RUNS)[-1][1:] == ended
    monkeypatch.undo()
    desk.is_whole(synced_own)
    assert rows(synced_own, RUNS)[1][1] == ("failed" if is_back else "abandoned")


def once(*steps):
    """Takes the steps where the run asks for the time of its commit, then answers."""
    from etl.source_facts import next_observed_at

    def stand_in(*given):
        for step in filter(None, steps):
            step()
        return next_observed_at(*given)

    return stand_in


def test_a_refusing_and_a_silent_proxy_are_reported(postgres_url, desk):
    patient = make_url(postgres_url).update_query_dict({"connect_timeout": "2"})
    with Proxy(patient.render_as_string(hide_password=False)) as proxy:
        proxy.refuse()
        assert "run again" in desk.fails(proxy.url, "sync")
        proxy.refuse(is_refusing=False)
        proxy.deafen()
        assert "check that PostgreSQL is running there" in desk.fails(proxy.url, "sync")
        proxy.deafen(is_deaf=False)
        desk.is_whole(proxy.url)


# PostgreSQL: what it refuses


def test_a_statement_timeout_is_reported(synced_own, desk):
    before = rows(synced_own, STATE)
    administer(synced_own, f"alter database {name_of(synced_own)} set statement_timeout = '150ms'")
    with psycopg.connect(conninfo(synced_own)) as other:
        other.execute("lock table current_images in share mode")
        assert "longer statement_timeout" in desk.fails(synced_own, "sync")
    assert rows(synced_own, STATE) == before
    administer(synced_own, f"alter database {name_of(synced_own)} reset statement_timeout")
    desk.is_whole(synced_own)


def test_a_serializable_default_and_a_writer_in_the_way(synced_own, desk):
    name = name_of(synced_own)
    administer(
        synced_own, f"alter database {name} set default_transaction_isolation = serializable"
    )
    with psycopg.connect(conninfo(synced_own)) as other:
        other.execute("update current_images set listing = listing")
        thread = threading.Thread(target=_commit_when_waited_for, args=(other,))
        thread.start()
        assert desk.run(synced_own, "sync") == (0, "")
        thread.join()
    desk.is_whole(synced_own)


def _commit_when_waited_for(other):
    """What the run then updates has changed since its transaction began."""
    waiting = "select count(*) from pg_locks where not granted"
    deadline = time.monotonic() + 30
    while not other.execute(waiting).fetchone()[0] and time.monotonic() < deadline:
        time.sleep(0.02)
    other.commit()


@pytest.mark.parametrize(
    ("state", "hint"), [("40001", "another transaction"), ("40P01", "another transaction")]
)
def test_a_transaction_that_the_server_gives_up(state, hint, synced_own, desk):
    before = rows(synced_own, STATE)
    message = {"40001": "could not serialize access", "40P01": "deadlock detected"}[state]
    administer(
        synced_own,
        f"""create function give_up() returns trigger language plpgsql as
        $$ begin raise exception '{message}' using errcode = '{state}'; end $$""",
        "create trigger t before insert on source_runs execute function give_up()",
    )
    assert hint in desk.fails(synced_own, "sync")
    assert rows(synced_own, STATE) == before
    administer(synced_own, "drop trigger t on source_runs")
    desk.is_whole(synced_own)


def test_a_role_without_connections_left(synced_own, desk):
    before = rows(synced_own, STATE)
    administer(
        synced_own,
        "create role scarce login connection limit 1",
        "grant all on all tables in schema public to scarce",
        "grant all on all sequences in schema public to scarce",
    )
    url = as_role(synced_own, "scarce")
    line = desk.fails(url, "sync")
    assert "too many connections" in line
    assert "one more for each source" in line
    assert rows(synced_own, STATE) == before
    # A run needs two at a time; the backend of a closed connection may end a moment later.
    administer(synced_own, "alter role scarce connection limit 4")
    desk.is_whole(url)
    administer(synced_own, "drop owned by scarce", "drop role scarce")


def test_a_server_without_connections_left(server, synced_own, desk):
    most = int(rows(synced_own, "show max_connections")[0][0])
    taken = []
    try:
        with suppress(psycopg.OperationalError):
            for _ in range(most + 1):
                taken.append(psycopg.connect(conninfo(synced_own)))
        assert "one more for each source" in desk.fails(synced_own, "status")
    finally:
        for each in taken:
            each.close()
    desk.is_whole(synced_own)


def test_a_database_that_may_only_be_read(synced_own, desk):
    name = name_of(synced_own)
    administer(synced_own, f"alter database {name} set default_transaction_read_only = on")
    line = desk.fails(synced_own, "sync")
    assert "in a read-only transaction: " in line
    for command in ("status", "images", "changes", "runs", "verify", "report freshness"):
        assert desk.run(synced_own, *command.split())[0] == 0, command
    administer(synced_own, f"alter database {name} reset default_transaction_read_only")
    desk.is_whole(synced_own)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_in_another_encoding(encoding, server, desk):
    with server.database() as url:
        name = name_of(url)
        administer(
            server.url.render_as_string(hide_password=False),
            f"create database odd_{name} encoding '{encoding}' template template0"
            " lc_collate 'C' lc_ctype 'C'",
        )
        odd = make_url(url).set(database=f"odd_{name}").render_as_string(hide_password=False)
        try:
            for command in ("sync", "status"):
                line = desk.fails(odd, command)
                assert f"has the encoding {encoding}" in line
                assert "encoding 'UTF8' template template0" in line
            with psycopg.connect(conninfo(odd)) as connection:
                tables = "select count(*) from pg_tables where schemaname = 'public'"
                assert connection.execute(tables).fetchone() == (0,)
        finally:
            server.drop(odd)


def test_a_wrong_password_is_never_printed(server, synced_own, desk):
    access = Path(server._data) / "pg_hba.conf"
    usual = access.read_text()
    administer(synced_own, "create role locked login password 'the right one'")
    try:
        access.write_text(f"local all locked scram-sha-256\n{usual}")
        administer(synced_own, "select pg_reload_conf()")
        url = make_url(as_role(synced_own, "locked")).set(password="canary-4711")
        line = desk.fails(url.render_as_string(hide_password=False), "sync")
        assert "check the user and the password" in line
        assert "canary" not in line
        assert "locked:***@" in line
    finally:
        access.write_text(usual)
        administer(synced_own, "select pg_reload_conf()", "drop role locked")


@pytest.mark.parametrize("place", ["role", "database"])
def test_a_missing_role_or_database_is_named(place, synced_own, desk):
    url = make_url(synced_own)
    url = url.set(username="nobody_here") if place == "role" else url.set(database="not_here")
    line = desk.fails(url.render_as_string(hide_password=False), "sync")
    assert "does not exist" in line
    assert "create it first" in line


# SQLite: locks


@pytest.fixture
def waits_a_second(monkeypatch):
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0)


@pytest.mark.usefixtures("waits_a_second")
def test_another_writer_is_waited_for_and_then_named(synced_file, desk):
    url, before = f"sqlite:///{synced_file}", rows(f"sqlite:///{synced_file}", STATE)
    with closing(sqlite3.connect(synced_file)) as other:
        other.execute("begin immediate")
        assert "another program uses it; try again" in desk.fails(url, "sync")
        assert desk.run(url, "images")[0] == 0
    assert rows(url, STATE) == before
    desk.is_whole(url)


def test_another_writer_that_ends_in_time_is_waited_for(synced_file, desk, monkeypatch):
    """Longer than one step, so that the wait is tried again."""
    with closing(sqlite3.connect(synced_file, check_same_thread=False)) as other:
        other.execute("begin immediate")
        thread = threading.Timer(2.2, other.rollback)
        thread.start()
        assert desk.run(f"sqlite:///{synced_file}", "sync") == (0, "")
        thread.join()


@pytest.mark.usefixtures("waits_a_second")
def test_a_file_that_another_program_keeps_for_itself(synced_file, desk):
    url = f"sqlite:///{synced_file}"
    with closing(sqlite3.connect(synced_file)) as other:
        other.execute("pragma locking_mode = exclusive")
        other.execute("begin exclusive")
        for command in ("status", "sync"):
            assert "another program uses it" in desk.fails(url, command)
    desk.is_whole(url)


# SQLite: rights


@pytest.fixture
def own_file(synced_file, tmp_path):
    """A synced file in a folder of its own."""
    folder = tmp_path / "folder"
    folder.mkdir()
    target = folder / "images.db"
    target.write_bytes(synced_file.read_bytes())
    return target


def test_a_file_that_may_only_be_read(own_file, desk):
    url, before = f"sqlite:///{own_file}", own_file.read_bytes()
    with rights((own_file, 0o444)):
        assert "this user cannot write the file or its folder" in desk.fails(url, "sync")
        assert desk.run(url, "images")[0] == 0
    assert own_file.read_bytes() == before
    desk.is_whole(url)


READING = (
    "status",
    "images",
    "changes --since 7d",
    "removals",
    "runs",
    "rejects",
    "report freshness",
    "verify",
    "db check",
    "export {folder}/out.csv",
    "dashboard {folder}/out.html",
)


def test_reading_commands_work_in_a_read_only_folder(own_file, desk, tmp_path):
    url = f"sqlite:///{own_file}"
    with rights((own_file, 0o444), (own_file.parent, 0o555)):
        for command in READING:
            told = desk.run(url, *command.format(folder=tmp_path).split())
            assert told[0] == 0, (command, told)
        assert "this user cannot write the file or its folder" in desk.fails(url, "sync")
    assert {each.name for each in own_file.parent.iterdir()} <= {"images.db", "images.db.lock"}
    desk.is_whole(url)


def test_a_file_that_may_not_even_be_read(own_file, desk):
    url = f"sqlite:///{own_file}"
    with rights((own_file, 0o000)):
        if os.geteuid() != 0:  # root may still read, and is not asked to lose that, too
            assert "this user may write in it" in desk.fails(url, "status")
    desk.is_whole(url)


def test_a_lock_file_of_another_user(own_file, desk):
    url = f"sqlite:///{own_file}"
    lock = Path(f"{own_file}.lock")
    lock.touch()
    with rights((lock, 0o444)):
        line = desk.fails(url, "sync")
    assert str(lock) in line
    assert "the owner of the file" in line
    desk.is_whole(url)


# SQLite: space


@contextmanager
def file_size(limit: int):
    """No file may grow beyond so many bytes: what a full disk is to a program."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 4096, 20_000, 60_000] if IS_SOAK else [0, 20_000])
def test_a_disk_that_is_full(room, synced_file, desk):
    url, before = f"sqlite:///{synced_file}", rows(f"sqlite:///{synced_file}", STATE)
    with file_size(room):
        code, line = desk.run(url, "sync")
    assert (code, line.count("\n")) == (20, 1)
    assert "nothing was applied partially" in line.lower()
    add_count("database fault", tried=1)  # here, where a file may grow again
    assert rows(url, STATE) == before
    desk.is_whole(url)


def test_a_folder_for_temporary_files_that_is_full(monkeypatch):
    from etl.errors import DatabaseUnavailable

    monkeypatch.setattr(spooling, "MEMORY_BYTES", 1)
    spool = Spool(Reject)
    frame = Reject(None, "BUILD_IN/0", 0, 0, "reason", "x" * 100, 100, "digest")
    with file_size(10):
        spool.write([frame])  # into the file's buffer
        with pytest.raises(DatabaseUnavailable, match="TMPDIR"):
            list(spool)
    spool._file._file.raw.close()


# SQLite: what the file is


def test_a_file_that_is_no_database(tmp_path, desk):
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all, but long enough to have a head\n" * 40)
    for command in ("sync", "status", "verify"):
        line = desk.fails(f"sqlite:///{path}", command)
        assert "file is not a database" in line
        assert "name another one" in line
    assert path.read_text().startswith("not a database")


@pytest.mark.parametrize("damage", ["truncated", "overwritten"])
def test_a_damaged_file_is_no_bug_and_is_not_written(damage, synced_file, desk):
    whole = synced_file.read_bytes()
    pages = len(whole) // 4096
    if damage == "truncated":
        synced_file.write_bytes(whole[: pages // 2 * 4096])
    else:
        synced_file.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    url = f"sqlite:///{synced_file}"
    for command in ("images", "verify", "sync"):
        assert "put a backup in its place" in desk.fails(url, command)
    synced_file.write_bytes(whole)
    for left in ("-wal", "-shm"):
        Path(f"{synced_file}{left}").unlink(missing_ok=True)
    desk.is_whole(url)


def test_a_newer_schema_is_left_alone(synced_url, desk):
    engine = open_engine(synced_url)
    with engine.begin() as connection:
        connection.execute(text("update image_sync_version set version_num = '9999'"))
    for command in ("sync", "status", "verify", "plan", "db check", "db upgrade"):
        line = desk.fails(synced_url, *command.split(), code=21)
        assert "schema 9999 is newer than this program" in line
        assert "upgrade image-sync, or name another database" in line
    with engine.begin() as connection:
        from etl.database.migrate import head

        connection.execute(text(f"update image_sync_version set version_num = '{head()}'"))
    engine.dispose()
    desk.is_whole(synced_url)


def test_a_file_of_another_program_is_not_touched(tmp_path, desk):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table theirs (a)")
    before = path.read_bytes()
    for command in ("sync", "status", "plan", "db upgrade", "db check", "db current"):
        line = desk.fails(f"sqlite:///{path}", *command.split())
        assert "belongs to another program" in line, command
    assert path.read_bytes() == before


def test_a_folder_in_the_files_place(tmp_path, desk):
    for command in ("sync", "status"):
        line = desk.fails(f"sqlite:///{tmp_path}", command)
        assert "that is a folder; name a file" in line


def test_a_folder_that_is_not_there(tmp_path, desk):
    assert "check that the folder exists" in desk.fails(
        f"sqlite:///{tmp_path}/no/images.db", "sync"
    )
    line = desk.fails(f"sqlite:///{tmp_path}/no/images.db", "status")
    assert "no database at" in line
    assert "sync` creates it" in line


def test_a_lock_that_another_run_holds(synced_url, desk):
    from etl.load.locks import source_lock

    engine = open_engine(synced_url)
    with source_lock(engine, "s"):
        assert "source s is locked by another process; wait" in desk.fails(
            synced_url, "sync", code=22
        )
    engine.dispose()
    desk.is_whole(synced_url)
