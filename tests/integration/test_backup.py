"""The commands of docs/backup.md, while a sync writes: what they take is one whole state."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text

from etl.database.engine import open_engine, writing
from etl.database.migrate import upgrade
from tests.support.databases import Databases
from tests.support.history import record, varied
from tests.support.postgres import BIN_VARIABLE, own_server
from tests.support.verified import assert_consistent

PAGE = Path(__file__).parents[2] / "docs" / "backup.md"
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for line in block.splitlines()
]


def command(beginning: str) -> str:
    (found,) = [each for each in COMMANDS if each.startswith(beginning)]
    return found


def heads(url: str):
    engine = open_engine(url)
    with engine.connect() as connection:
        found = assert_consistent(connection).entries
    engine.dispose()
    return found.size, found.root


@contextmanager
def a_commit_under_way(engine: Engine) -> Iterator[None]:
    """A sync that has written, and not committed yet; in the end it never does."""
    with engine.connect() as connection, suppress(KeyboardInterrupt), writing(connection):
        assert connection.execute(text("update source_runs set added = 99")).rowcount
        yield
        raise KeyboardInterrupt


@pytest.mark.parametrize("program", ["sqlite3", "python3"])
def test_a_backup_of_sqlite_while_a_sync_commits(databases: Databases, tmp_path: Path, program):
    if not shutil.which(program):
        pytest.skip(f"there is no {program} here")
    with databases.migrated("sqlite") as url:
        engine = open_engine(url)
        history = varied(engine, runs=4)
        shown = command(program).replace("images.db", str(make_url(url).database))
        with a_commit_under_way(engine):
            subprocess.run(shown, shell=True, check=True, cwd=tmp_path)  # noqa: S602  # as people type it
        history.run([record("later")])
        before = heads(url)
        backup = f"sqlite:///{tmp_path}/images-backup.db"
        taken = heads(backup)
        assert taken[0] == before[0] - 1
        assert heads(url) == before

        restored = open_engine(backup)
        history.engine = restored
        assert history.run([record("later")]).added == 1
        assert heads(backup)[0] == before[0]
        restored.dispose()
        engine.dispose()


def test_a_backup_of_postgresql_while_a_sync_commits(tmp_path: Path, monkeypatch):
    folder = _postgresql_programs()
    monkeypatch.setenv(BIN_VARIABLE, str(folder))  # pg_dump wants a server of its own version
    with own_server() as server, server.database() as url, server.database() as other:
        engine = open_engine(url)
        upgrade(engine)
        varied(engine, runs=4)
        environ = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", **_reached(url)}
        dump = command("pg_dump").replace("catalogue", str(make_url(url).database))
        restore = command("pg_restore").replace("catalogue_restored", str(make_url(other).database))
        with a_commit_under_way(engine):
            subprocess.run(dump.split(), check=True, cwd=tmp_path, env=environ)
        subprocess.run(restore.split(), check=True, cwd=tmp_path, env=environ)
        assert heads(other) == heads(url)
        engine.dispose()


def _postgresql_programs() -> Path:
    for each in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (each / "pg_dump").exists():
            return each
    found = shutil.which("pg_dump")
    if not found:
        pytest.skip("there is no pg_dump here")
    return Path(found).parent


def _reached(url: str) -> dict[str, str]:
    parts = make_url(url)
    return {"PGHOST": str(parts.query["host"]), "PGUSER": str(parts.username)}


def test_a_plain_copy_may_miss_rows_of_the_wal(databases: Databases, tmp_path: Path):
    with databases.migrated("sqlite") as url:
        file = str(make_url(url).database)
        engine = open_engine(url)
        with sqlite3.connect(file) as reader:
            reader.execute("pragma journal_mode = wal")
        with sqlite3.connect(file) as reader:  # keeps the log from being written back
            reader.execute("select count(*) from sync_runs").fetchone()
            varied(engine, runs=2)
            shutil.copy(file, tmp_path / "copied.db")
        reader.close()
        assert heads(url)[0] == 2
        assert heads(f"sqlite:///{tmp_path}/copied.db")[0] == 0
        engine.dispose()
