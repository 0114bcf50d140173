"""Newer rules for what is inside images: read anew at the next run, no versions, no alarm."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import text

from etl.audit.verify import runs, verify, versions
from etl.database.engine import open_engine
from etl.errors import LedgerBroken
from etl.load import refresh, rows
from etl.transform.component_tables import extended_tables
from tests.support.history import History, missing, record

SHOWN = [record(f"{number}", name=f"pytorch_1.{number}-py_3.7") for number in range(6)]


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def newer_rules(monkeypatch):
    """Rules that recognise one more component, in one of the names."""
    own = '[components]\ntoolkit = { spellings = ["pytorch_1.4-py"] }'
    rules = extended_tables(own, place="own.toml").compiled()
    monkeypatch.setattr(rows, "components_of", rules.components_of)
    for module in (refresh, versions):
        monkeypatch.setattr(module, "components", rules.components)
    for module in (refresh, runs):
        monkeypatch.setattr(module, "COMPONENT_RULES", rules.digest)


def asked(engine, statement):
    with engine.connect() as connection:
        return connection.execute(text(statement)).all()


def verified(engine):
    with engine.connect() as connection:
        return verify(connection)


COUNTS = "select count(*), max(version) from image_versions"
TOOLKITS = "select image_id, version from image_components where component = 'toolkit'"


def test_the_next_run_reads_the_components_anew(engine, request, caplog):
    history = History(engine)
    history.run(SHOWN)
    before = asked(engine, COUNTS)
    request.getfixturevalue("newer_rules")
    assert verified(engine)
    assert asked(engine, TOOLKITS) == []
    with caplog.at_level(logging.INFO, "etl.load.refresh"):
        history.run([], is_failing=True)
        assert asked(engine, TOOLKITS) == []
        assert verified(engine)
        history.run(SHOWN)
        history.run(SHOWN)
    assert asked(engine, TOOLKITS) == [("4", "3.7")]
    assert asked(engine, COUNTS) == before
    assert verified(engine)
    assert [each.images for each in caplog.records] == [1]


def test_what_our_own_rules_read_is_held_against_them(engine, newer_rules):
    History(engine).run(SHOWN)
    with engine.begin() as connection:
        connection.execute(text("update current_images set components = '[]' where image_id = '4'"))
    with pytest.raises(LedgerBroken, match="components"):
        verified(engine)


@pytest.mark.parametrize("blocks", [1, 2, 5000])
def test_all_images_are_read_whatever_the_blocks(engine, request, monkeypatch, blocks):
    history = History(engine)
    history.run(SHOWN)
    history.run(SHOWN, source="other")
    request.getfixturevalue("newer_rules")
    monkeypatch.setattr(refresh, "BLOCK", blocks)
    history.run(SHOWN)
    assert asked(engine, f"{TOOLKITS} and source = 'sample'") == [("4", "3.7")]
    assert asked(engine, f"{TOOLKITS} and source = 'other'") == []
    assert verified(engine)


@pytest.mark.parametrize(
    "edit",
    [
        "listing = 'DEDICATED/0' where image_id = '2'",
        "missing_since = null where missing_since is not null",
        "last_seen_at = first_seen_at where missing_since is not null",
        "last_seen_at = null where state = 'removed'",
        "last_seen_at = first_seen_at, missing_since = first_seen_at where image_id = '2'",
    ],
)
def test_how_an_image_was_met_is_proven(engine, edit):
    history = History(engine)
    history.run([*SHOWN, record("own", type="DEDICATED"), record("gone")])
    history.run([*SHOWN, record("own", type="DEDICATED", size=1)])
    history.run(SHOWN[1:], decide=missing)
    history.run(SHOWN[1:], decide=missing)
    verified(engine)
    with engine.begin() as connection:
        assert connection.execute(text(f"update current_images set {edit}")).rowcount
    with pytest.raises(LedgerBroken, match="first in run 4"):
        verified(engine)
    assert verified_alone(engine, "other") == []


def verified_alone(engine, source):
    with engine.connect() as connection:
        return verify(connection, sources=[source])


@pytest.mark.parametrize(
    "edit",
    ["started_at = finished_at", "version = 'x'", "host = 'x'", "pid = 7", "kind = 'replay'"],
)
def test_who_ran_is_proven(engine, edit):
    History(engine).run(SHOWN)
    with engine.begin() as connection:
        connection.execute(text(f"update sync_runs set {edit}"))
    with pytest.raises(LedgerBroken, match="its run in sync_runs"):
        verified(engine)
