"""The roles of deploy/postgresql-rights.sql: the writer syncs, the reader reads and can't write."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from etl.config import read_settings
from etl.database.engine import open_engine
from etl.database.migrate import upgrade
from etl.run import run_sync
from etl.scale import Worker, enqueue, make_tables, queue_of
from tests.support.postgres import own_server

SCRIPT = Path(__file__).parents[2] / "deploy" / "postgresql-rights.sql"
SOURCE = """
[database]
url = "{url}"
auto_upgrade = false

[[source]]
name = "sample"
endpoint = "sample:"
project_id = "0123456789abcdef0123456789abcdef"
"""


@pytest.fixture(scope="module")
def url_of():
    """The database after the script and an upgrade, by each of the roles."""
    with own_server() as server:
        url = make_url(server.create())

        def as_role(role):
            return url.set(username=role).render_as_string(hide_password=False)

        with psycopg.connect(server_dsn(url), autocommit=True) as connection:
            connection.execute(SCRIPT.read_text())
        for _ in range(2):  # the second makes the views anew
            upgrade(open_engine(as_role("image_sync_owner")))
        yield as_role


def server_dsn(url):
    """The URL as psycopg reads it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def synced(url, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(SOURCE.format(url=url))
    return run_sync(read_settings(path, environ={}))


def test_the_writer_syncs_and_the_reader_reads(url_of, tmp_path):
    for expected in (40, 41):
        outcome = synced(url_of("image_sync"), tmp_path)
        assert (outcome.status, outcome.sources[0].seen) == ("succeeded", expected)
    with open_engine(url_of("image_sync_reader")).connect() as connection:
        present = "select count(*) from images where state = 'present'"
        assert connection.exec_driver_sql(present).scalar() == 41


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("image_sync_reader", "delete from current_images"),
        ("image_sync_reader", "update source_runs set added = 0"),
        ("image_sync", "drop view images"),
        ("image_sync", "create table mine (x integer)"),
    ],
)
def test_a_role_is_refused_other_statements(url_of, role, statement):
    url = make_url(url_of(role))
    with (
        psycopg.connect(server_dsn(url)) as connection,
        pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidSchemaName)),
    ):
        connection.execute(statement)


def test_the_owner_makes_the_queue_and_the_writer_works_it_off(url_of, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(SOURCE.format(url=url_of("image_sync_owner")))
    assert make_tables(read_settings(path, environ={})) is True
    path.write_text(SOURCE.format(url=url_of("image_sync")))
    settings = read_settings(path, environ={})
    assert enqueue(settings, settings.sources) == (["sample"], [])
    done = []
    worker = Worker(
        queues=[queue_of("sample")],
        concurrency=1,
        silent_seconds=30,
        sync=lambda source: not done.append(source),
    )
    worker.work(settings, is_once=True)
    assert done == ["sample"]
