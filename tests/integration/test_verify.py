"""`verify` finds what was done to a ledger behind its back, and nothing on one that is whole."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, make_url, text

from etl.audit.verify import verify, versions
from etl.cli.main import run
from etl.database.engine import open_engine
from etl.database.schema import metadata
from etl.errors import LedgerBroken, UsageError
from tests.support.history import BEGINNING, History, record, varied
from tests.support.tampering import LEDGER, NOT_PROVEN, try_edits

EDITS = 1000 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 60


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def verified(engine: Engine, **options):
    with engine.connect() as connection:
        return verify(connection, **options)


def edited(engine: Engine, statement: str, **values) -> None:
    with engine.connect() as connection, connection.begin():
        assert connection.execute(text(statement), values).rowcount


def test_a_ledger_that_real_runs_wrote_adds_up(engine):
    varied(engine, runs=20)
    (head,) = verified(engine)
    assert head.source == "sample"
    assert len(head.digest) == 64
    assert verified(engine, since=3) == [head]
    assert verified(engine, since=BEGINNING + timedelta(hours=5)) == [head]


def test_an_empty_ledger_adds_up(engine):
    assert verified(engine) == []


def test_a_head_noted_elsewhere_is_looked_for(engine):
    history = varied(engine, runs=3)
    (noted,) = verified(engine)
    history.run([record("new")])
    assert verified(engine, head=noted.digest)
    assert verified(engine, head=noted.digest[:16].upper())
    with pytest.raises(LedgerBroken, match="no run of this ledger"):
        verified(engine, head="0" * 64)
    with pytest.raises(UsageError):
        verified(engine, head="abc")


def test_a_source_is_verified_by_itself(engine):
    history = History(engine)
    history.run([record("a")], source="one")
    history.run([record("a")], source="two")
    edited(engine, "update current_images set name = 'other' where source = 'two'")
    assert [head.source for head in verified(engine, sources=["one"])] == ["one"]
    with pytest.raises(LedgerBroken, match="source two: image a"):
        verified(engine)


def test_a_record_that_was_cut_is_not_compared(engine):
    big = b'{"id": "a", "size": "%s"}' % (b"x" * 70_000)
    History(engine).run([big])
    assert verified(engine)
    edited(engine, "update rejects set record_bytes = 5 where source = 'sample'")
    with pytest.raises(LedgerBroken, match="record is not what was received"):
        verified(engine)
    assert verified(engine, sources=["other"]) == []


def test_an_older_program_s_fingerprint_is_taken_as_it_is(engine, monkeypatch):
    History(engine).run([record("a")])
    monkeypatch.setattr(versions, "FINGERPRINT_VERSION", 2)
    monkeypatch.setattr(versions, "fingerprint", lambda _: b"\2" + bytes(16))
    assert verified(engine)


def test_the_command(engine, database_url, capsys):
    assert run(["--database", database_url, "verify"]) == 0
    assert "nothing on record" in capsys.readouterr().err
    History(engine).run([record("a")])
    (head,) = verified(engine)
    command = ["--database", database_url, "verify", "--since", "1", "--head", head.digest]
    assert run(command) == 0
    expected = f"{head.digest}  sample  run 1  (1 run, 1 images present)\n"
    assert capsys.readouterr().out == expected
    assert run([*command, "--source", "smaple"]) == 2
    assert capsys.readouterr().err == "image-sync: no source 'smaple' (there: sample)\n"
    edited(engine, "update current_images set name = 'other'")
    assert run(["--database", database_url, "verify"]) == 41
    assert "first in run 1, source sample: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("update current_images set name = 'x' where image_id = 'a'", "run 2.*image a, version 2"),
        ("update past_versions set size = 7 where image_id = 'a'", "image a, version"),
        ("update current_images set extra = '{\"x\": 1}' where image_id = 'b'", "catalogue_digest"),
        ("update field_changes set old_value = '\"x\"'", "field_changes"),
        ("delete from field_changes", "field_changes"),
        ("update current_images set components = '[]' where image_id = 'a'", "components"),
        ("delete from image_removals", "no row in image_removals"),
        ("update image_removals set evidence = 'absent_twice'", "digest"),
        ("update source_runs set added = added + 1 where run_id = 1", "run 1.*added"),
        ("update source_runs set walks = 7 where run_id = 1", "run 1.*digest"),
        ("delete from source_runs where run_id = 3", "."),
        ("update sync_runs set status = 'held' where run_id = 1", "sync_runs: held"),
        (
            "update current_images set fingerprint = record_digest where image_id = 'a'",
            "fingerprint",
        ),
        ("update rejects set record = '{}'", "reject 1: record"),
        ("update rejects set reason = 'none'", "digest"),
    ],
)
def test_it_names_the_first_run_and_row(engine, statement, told):
    history = History(engine)
    name = "pytorch_1.8.1-cuda_10.2-py_3.7-ubuntu_18.04-x86_64"
    history.run([record("a", name=name), record("b"), record("c")])
    history.run([record("a", name=name, size=1), record("b"), b'{"id": "c", "size": "big"}'])
    history.run([record("a", name=name, size=1), record("c")])
    verified(engine)
    edited(engine, statement)
    with pytest.raises(LedgerBroken, match=f"(?s){told}"):
        verified(engine)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("update current_images set tags = '[1]' where image_id = 'a'", "can't be read"),
        ("update past_versions set source = 'other'", "another image"),
        ("update past_versions set version = 7", "should be number"),
        ("update past_versions set opened_as = 'restored'", "first one was opened as restored"),
        ("update past_versions set valid_to = null where image_id = 'a'", "before the one before"),
        ("update past_versions set valid_to = null where image_id = 'a'", "do not agree"),
        ("update past_versions set valid_from = valid_to", "valid_from is not the instant"),
        ("update past_versions set closed_as = 'out_of_scope'", "after one closed as out_of_scope"),
        (
            "update current_images set valid_from = '2026-09-30T00:00:00.000Z'"
            " where image_id = 'a'",
            "does not begin where",
        ),
        ("update current_images set size = null where image_id = 'a'", "nothing differs"),
        (
            "insert into field_changes select image_key, 9, field, '1', '2', 2 from field_changes",
            "speak of a version 9",
        ),
        ("update image_removals set image_id = 'a' where image_id = 'b'", "has a row"),
        ("update image_removals set version = 9 where image_id = 'b'", "speaks of a version 9"),
        ("update image_removals set name = 'x'", "name in image_removals"),
        ("update current_images set state = 'removed' where image_id = 'a'", "state is removed"),
        (
            "update current_images set first_seen_at = valid_from where image_id = 'a'",
            "first_seen_at",
        ),
        (
            "update current_images set fingerprint = zeroblob(17) where image_id = 'a'",
            "fingerprint",
        ),
        (
            "update current_images set last_seen_at = '2026-09-30T00:00:00.000Z'"
            " where image_id = 'b'",
            "last_seen_at is no instant",
        ),
        (
            "update current_images set last_seen_at = '2026-09-30T00:00:00.000Z'"
            " where image_id = 'b'",
            "last_seen_at is not when",
        ),
        (
            "update current_images set missing_since = valid_from where image_id = 'a'",
            "missing_since is not after",
        ),
        ("update rejects set resolved_at = '2026-09-30T00:00:00.000Z'", "resolved_at"),
        ("update rejects set run_id = 99", "run 99.*no such run"),
        ("delete from current_images where image_id = 'a'", "an image that is not there"),
        ("delete from sync_runs where run_id = 2", "no such run in sync_runs"),
        ("delete from source_runs where run_id = 3", "no source has a row"),
        ("update sync_runs set status = 'succeeded' where run_id = 2", "not all of its sources"),
        ("update sync_runs set exit_code = 1 where run_id = 1", "with exit code 1"),
        ("update sync_runs set status = 'unheard' where run_id = 1", "unheard with exit code 0"),
        ("update sync_runs set finished_at = '2020-01-01T00:00:00.000Z'", "before it started"),
        ("update rejects set resolved_run_id = 99", "no such run of the source"),
        ("update rejects set resolved_run_id = null", "no run says it did"),
        ("update source_runs set present = 9 where run_id = 1", "present is 9"),
        ("update source_runs set run_id = 0 where run_id = 3", "no such run in sync_runs"),
        ("update current_images set opened_run_id = 77", "and 1 more|first in"),
    ],
)
def test_it_sees_what_no_constraint_would_let_pass(databases, statement, told):
    with databases.migrated("sqlite") as url:
        engine = open_engine(url)
        history = History(engine)
        history.run([record("a"), record("b"), *(record(f"{n}") for n in range(12))])
        history.run([record("a", size=1), record("b"), b'{"id": "c", "size": "big"}'])
        history.run([record("a", size=1)])
        verified(engine)
        driver = sqlite3.connect(make_url(url).database, isolation_level=None)
        driver.execute("pragma ignore_check_constraints = on")
        driver.executescript(RELAXED)
        driver.execute(statement)
        driver.close()
        with pytest.raises(LedgerBroken, match=f"(?s){told}"):
            verified(engine)
        engine.dispose()


# NOT NULL can't be switched off, but it can be taken out of the schema's text.
RELAXED = """
    pragma foreign_keys = off;
    pragma writable_schema = on;
    update sqlite_master set sql = replace(sql, ' NOT NULL', '') where name = 'past_versions';
    pragma writable_schema = reset;
"""


def test_random_edits_are_found(engine):
    varied(engine, runs=12)
    verified(engine)
    try_edits(engine, count=EDITS, seed=20261123)  # the same edits every time


STRANGE = ("yesterday", b"\xff\xfe", -1, 2**62, "{", 1e300, "9999-99-99T99:99:99.999Z")


def test_a_value_that_is_none_of_its_column_s_is_found_and_no_bug(databases, tmp_path):
    """SQLite keeps what it is given: each column of each table, one row, one strange value."""
    with databases.migrated("sqlite") as url:
        engine = open_engine(url)
        varied(engine, runs=8)
        engine.dispose()
        path = make_url(url).database
        shutil.copy(path, tmp_path / "whole.db")
        for number, (table, column) in enumerate(proven_columns()):
            shutil.copy(tmp_path / "whole.db", path)
            driver = sqlite3.connect(path, isolation_level=None)
            driver.execute("pragma ignore_check_constraints = on")
            last = f"where rowid = (select max(rowid) from {table})"
            value = STRANGE[number % len(STRANGE)]
            try:
                driver.execute(f"update {table} set {column} = ? {last}", (value,))
            except sqlite3.IntegrityError:
                continue  # it may be no key
            finally:
                changes = driver.total_changes
                driver.close()
            if changes:
                with pytest.raises(LedgerBroken):
                    verified(engine)
                engine.dispose()


def proven_columns():
    for table in (metadata.tables[name] for name in LEDGER):
        for column in table.columns:
            if column.name not in NOT_PROVEN.get(table.name, ()):
                yield table.name, column.name


def test_a_database_that_fails_is_no_finding(engine, database_url, monkeypatch, capsys):
    def failing(connection, *_):
        yield from connection.execute(text("select * from nothing"))

    History(engine).run([record("a")])
    monkeypatch.setattr("etl.audit.verify.check_versions", failing)
    assert run(["--database", database_url, "verify"]) == 20
    assert "nothing" in capsys.readouterr().err


def test_a_value_that_postgresql_can_t_reckon_with_is_found(databases):
    with databases.migrated("postgresql") as url:
        engine = open_engine(url)
        History(engine).run([record("a"), record("b")])
        edited(engine, "update current_images set created_at = 'infinity' where image_id = 'a'")
        with pytest.raises(LedgerBroken, match="the images' versions: can't be read"):
            verified(engine)
        engine.dispose()
