"""Opening and upgrading a database: strange URLs, strange files, newer schemas, a schema's name."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

from etl.database import engine as opening
from etl.database import migrate
from etl.database.engine import open_engine, our_errors
from etl.errors import DatabaseUnavailable, SchemaNotAtHead, UsageError


@pytest.mark.parametrize("url", ["nonsense", "mysql://h/d"])
def test_a_url_that_is_none_of_ours(url: str) -> None:
    with pytest.raises(UsageError, match="sqlite:///PATH"):
        open_engine(url)


def test_an_at_sign_in_the_password_is_neither_taken_for_the_host_nor_told() -> None:
    with pytest.raises(UsageError, match=r"more than one @ .*%40") as caught:
        open_engine("postgresql+psycopg://ann:canary@canary@db.example.com/d")
    assert "canary" not in str(caught.value)
    assert open_engine("postgresql+psycopg://ann:p%40ss@h/d").url.password == "p@ss"


def test_both_spellings_of_postgresql() -> None:
    for url in ("postgres://u@h/d", "postgresql://u@h/d"):
        assert open_engine(url).url.drivername == "postgresql+psycopg"


def test_without_psycopg_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_args: object, **_kwargs: object) -> None:
        raise ModuleNotFoundError("psycopg")

    monkeypatch.setattr(opening, "create_engine", missing)
    with pytest.raises(DatabaseUnavailable, match=r"\[postgres\]"):
        open_engine("postgresql://u@h/d")


def test_any_error_of_the_database_is_ours() -> None:
    engine = open_engine("sqlite://")
    with pytest.raises(DatabaseUnavailable, match="odd"), our_errors(engine):
        raise SQLAlchemyError("odd")


def test_a_newer_schema_is_left_alone(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(SchemaNotAtHead, match="newer than this program"):
        migrate.ensure_head(engine, auto_upgrade=True)
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
    migrate.downgrade(engine, migrate.HEAD)
    with engine.connect() as connection:
        assert "images" in inspect(connection).get_view_names()
    engine.dispose()


def test_a_schema_of_its_own_is_made(postgres_url: str) -> None:
    engine = open_engine(postgres_url, schema="images_of_ours")
    migrate.ensure_head(engine, auto_upgrade=True)
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names(schema="images_of_ours")
        assert "catalogue" in tables
        assert inspect(connection).get_table_names(schema="public") == []
    engine.dispose()


def test_an_upgrade_says_what_it_reached(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    assert migrate.upgrade(engine, "0001") == "0001"
    assert migrate.upgrade(engine, "+1") == migrate.HEAD
    assert migrate.upgrade(engine, "0001") == migrate.HEAD  # it takes nothing back
    engine.dispose()


def test_an_upgrade_of_what_is_at_head_changes_nothing(database_url: str) -> None:
    engine = open_engine(database_url)
    migrate.upgrade(engine)
    migrate.require_head(engine)
    engine.dispose()
