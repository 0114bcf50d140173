"""Very many new rows on SQLite: quicker, and the database as strict as before and after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from etl.load import apply, bulk
from etl.load.turn import Before, Turn
from tests.support.databases import Databases
from tests.support.loading import Loading, record

RECORDS = [record(number) for number in range(30)]
INDEXES = "select name, sql from sqlite_master where tbl_name = 'current_images' order by name"


@pytest.fixture
def loading(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loading]:
    monkeypatch.setattr(bulk, "MANY", 1)
    with databases.migrated("sqlite") as url:
        yield Loading(url)


def is_strict(loading: Loading) -> bool:
    """Whether the CHECKs still refuse what can't be, and nothing that is there breaks one."""
    with pytest.raises(IntegrityError), loading.engine.begin() as connection:
        connection.execute(text("update current_images set state = 'gone'"))
    return loading.rows("pragma integrity_check") == [("ok",)]


def test_an_empty_catalogue_gets_its_indexes_when_the_rows_are_there(loading: Loading) -> None:
    before = loading.rows(INDEXES)
    outcome = loading.run([*RECORDS, record(99, status="DELETED")])
    assert (outcome.added, outcome.removed) == (31, 1)
    assert loading.rows(INDEXES) == before
    assert is_strict(loading)
    found = loading.rows("explain query plan select 1 from current_images where name = 'name 3'")
    assert "ix_current_images_name" in str(found)
    assert loading.rows("select count(*) from current_images where name = 'name 3'") == [(1,)]


def test_a_catalogue_that_has_rows_keeps_its_indexes(
    loading: Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading.run(RECORDS[:5])
    monkeypatch.setattr(bulk, "current_images", None)  # whose indexes nobody may touch
    assert loading.run(RECORDS).added == 25
    assert is_strict(loading)


@pytest.mark.parametrize("fails", [False, True])
def test_what_comes_behind_the_rows_is_checked_again(loading: Loading, *, fails: bool) -> None:
    asked = "pragma ignore_check_constraints"
    with loading.engine.connect() as connection, connection.begin():
        turn = Turn(
            connection=connection,
            run_id=1,
            source="s",
            observed_at=loading.now,
            is_certified=True,
            before=Before(),
        )
        with suppress(KeyError), bulk.many_new_rows(turn, 1):
            assert connection.scalar(text(asked)) == 1
            if fails:
                raise KeyError
        assert connection.scalar(text(asked)) == 0


def test_a_load_that_fails_leaves_everything_as_it_was(
    loading: Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = loading.rows(INDEXES)

    def fail(*_: Any, **__: Any) -> None:
        raise KeyError

    with monkeypatch.context() as patched:
        patched.setattr(apply, "write_source_run", fail)
        with pytest.raises(KeyError):
            loading.run(RECORDS)
    assert loading.rows(INDEXES) == before
    assert loading.run(RECORDS).added == 30
    assert is_strict(loading)
