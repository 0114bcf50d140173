"""A ledger that an older release wrote: brought to head with its data, it reads and goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import inspect, text

from etl.audit.query import ask
from etl.audit.verify import verify
from etl.cli.entry import run
from etl.cli.session import Session
from etl.database import migrate
from etl.database.engine import open_engine, writing
from etl.errors import DatabaseUnavailable, SchemaNotAtHead
from etl.load.discovered import Discovered, write_discovered
from tests.support.databases import RELEASES, Backend, Databases
from tests.support.history import History, record, varied

OTHER_SOURCE = """
[[source]]
name = "another"
endpoint = "sample:"
project_id = "0123456789abcdef0123456789abcdef"
"""


@pytest.fixture(params=RELEASES)
def released_url(request, backend: Backend, databases: Databases) -> Iterator[str]:
    with databases.released(backend, request.param) as url:
        yield url


TABLES = ("image_removals", "held_removals", "sync_runs", "source_runs", "rejects")


def told(url: str, *more: str):
    """All that the relations say, column by column: a new column is no difference."""
    engine = open_engine(url)
    rows = {}
    with engine.connect() as connection:
        for name in (*inspect(connection).get_view_names(), *TABLES, *more):
            found = connection.execute(text(f"select * from {name}")).mappings().all()
            rows[name] = [{column: str(each[column]) for column in sorted(each)} for each in found]
    engine.dispose()
    return rows


# Release 0.1.0 told it wrong for an image that was only ever listed as DELETED.
CORRECTED = {"images": {"last_seen_at"}}


def without_new_columns(now, then):
    """The relations and columns that there were then."""
    told = {}
    for name, rows in then.items():
        columns = [each for each in rows[0] if each not in CORRECTED.get(name, ())] if rows else []
        told[name] = sorted(
            json.dumps({column: row[column] for column in columns}) for row in now[name]
        )
    return told


def test_every_row_is_as_it_was_and_the_ledger_adds_up(released_url):
    before = told(released_url)
    assert [name for name, rows in before.items() if not rows] == ["image_resource_categories"]
    assert run(["--database", released_url, "db", "check"]) == 21
    assert run(["--database", released_url, "db", "upgrade"]) == 0
    assert run(["--database", released_url, "db", "check"]) == 0
    after = told(released_url)
    assert without_new_columns(after, before) == without_new_columns(before, before)
    assert run(["--database", released_url, "verify"]) == 0


def test_status_counts_what_is_there(released_url):
    """It takes the word of each source's latest run."""
    engine = open_engine(released_url)
    migrate.ensure_head(engine, auto_upgrade=True)
    counts = "select source, count(*) from images where state = 'present' group by source"
    with engine.connect() as connection:
        answer = ask(connection, "status", limit=0)
        present = answer.columns.index("present")
        told = {row[0]: row[present] for row in answer.rows}
        assert told == dict(connection.execute(text(counts)).all())
    assert any(told.values())
    engine.dispose()


def test_the_next_runs_go_on_from_there(released_url):
    engine = open_engine(released_url)
    migrate.ensure_head(engine, auto_upgrade=True)
    with engine.connect() as connection:
        (head,) = verify(connection)
    history = History(engine, at=datetime(2026, 12, 1, tzinfo=UTC))
    assert history.run([record("new")]).added == 1
    with engine.connect() as connection:
        (after,) = verify(connection, head=head.digest)
    assert after.runs == head.runs + 1
    engine.dispose()


def test_a_sync_upgrades_by_itself_unless_told_not_to(released_url, tmp_path: Path):
    config = tmp_path / "config.toml"
    config.write_text(f'[database]\nurl = "{released_url}"\nauto_upgrade = false\n{OTHER_SOURCE}')
    assert run(["--config", str(config), "-q", "sync"]) == 21
    assert run(["--config", str(config), "-q", "images"]) == 21
    config.write_text(f'[database]\nurl = "{released_url}"\n{OTHER_SOURCE}')
    assert run(["--config", str(config), "-q", "sync"]) == 0
    assert run(["--config", str(config), "-q", "verify"]) == 0


def test_back_to_the_older_schema_and_forth_again(released_url):
    before = told(released_url)
    engine = open_engine(released_url)
    migrate.upgrade(engine)
    migrate.downgrade(engine, "0001")
    after = told(released_url)
    assert without_new_columns(after, before) == without_new_columns(before, before)
    migrate.upgrade(engine)
    with engine.connect() as connection:
        assert verify(connection)
    engine.dispose()


ADDED = ("prunings", "discovered_sources")  # tables of 0002


def test_what_an_older_schema_has_no_place_for_is_back_after_the_next_upgrade(
    database_url, monkeypatch
):
    engine = open_engine(database_url)
    history = varied(engine)
    now = history.at + timedelta(hours=1)
    monkeypatch.setattr(Session, "clock", staticmethod(lambda: now))
    assert run(["--database", database_url, "-q", "prune", "--keep", "6h"]) == 0
    with engine.connect() as connection:
        found = Discovered(
            source="found", label="all", project_id="p", region="r", project_name="p"
        )
        write_discovered(connection, [found], known=[], searched=[], now=now)
    before = told(database_url, *ADDED)
    assert before["prunings"]
    assert before["discovered_sources"]
    migrate.downgrade(engine, "0001")
    assert run(["--database", database_url, "db", "check"]) == 21
    migrate.upgrade(engine)
    assert told(database_url, *ADDED) == before
    assert run(["--database", database_url, "verify"]) == 0
    history.run([record("new")])
    assert run(["--database", database_url, "verify"]) == 0
    engine.dispose()


def test_a_downgrade_to_the_base_drops_everything(database_url):
    engine = open_engine(database_url)
    migrate.downgrade(engine, "0001")
    migrate.downgrade(engine, "base")
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
        assert inspect(connection).get_view_names() == []
    with pytest.raises(SchemaNotAtHead, match="no schema to take back"):
        migrate.downgrade(engine, "base")
    migrate.upgrade(engine)
    engine.dispose()


def test_two_upgrades_at_once_are_one(released_url):
    engines = [open_engine(released_url) for _ in range(2)]
    errors: list[Exception] = []

    def upgrade(engine) -> None:
        try:
            migrate.ensure_head(engine, auto_upgrade=True)
        except Exception as error:  # the main thread looks at it
            errors.append(error)

    threads = [Thread(target=upgrade, args=(each,)) for each in engines]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert errors == []
    with engines[0].connect() as connection:
        assert verify(connection)
    for each in engines:
        each.dispose()


def test_an_upgrade_waits_for_a_writer_so_long_and_no_longer(released_url, monkeypatch):
    monkeypatch.setattr("etl.database.sqlite.BUSY_SECONDS", 0)
    monkeypatch.setattr(migrate, "LOCK_SECONDS", 0.1)
    engine, other = open_engine(released_url), open_engine(released_url)
    with other.connect() as connection, writing(connection):
        connection.execute(text("update rejects set page = page"))
        with pytest.raises(DatabaseUnavailable, match=r"locked|lock timeout"):
            migrate.upgrade(engine)
    migrate.upgrade(engine)
    engine.dispose()
    other.dispose()
