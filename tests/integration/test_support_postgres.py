"""The tests' own PostgreSQL does what the other tests rely on."""

from __future__ import annotations

import os

import psycopg
import pytest

from tests.support.postgres import conninfo, own_server, short_folder


def test_databases_are_separate(postgres_server, postgres_url):
    with postgres_server.database() as other:
        with psycopg.connect(conninfo(postgres_url)) as connection:
            connection.execute("create table mine (n integer)")
        with psycopg.connect(conninfo(other)) as connection:
            assert connection.execute("select to_regclass('mine')").fetchone() == (None,)


def test_drop_ends_connections_that_were_left_open(postgres_server):
    url = postgres_server.create()
    with psycopg.connect(conninfo(url)) as left_open:
        postgres_server.drop(url)
        with pytest.raises(psycopg.OperationalError):
            left_open.execute("select 1")


def test_stop_and_start_keep_the_data():
    with own_server() as server:
        url = server.create()
        server.stop()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(conninfo(url))
        server.start()
        psycopg.connect(conninfo(url)).close()


def test_a_long_temporary_folder_is_not_used_for_the_socket(tmp_path, monkeypatch):
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    folder = short_folder(None)
    try:
        assert len(str(folder)) < 100 < len(str(long))
    finally:
        os.rmdir(folder)
