"""Other component rules: images are read again at the next run, without new versions."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import text

from etl.database.engine import open_engine
from etl.load import versions
from etl.transform.component_tables import extended_tables
from tests.support.history import History, record

SHOWN = [record(f"{number}", name=f"pytorch_1.{number}-py_3.7") for number in range(6)]
OWN = '[components]\ntoolkit = { spellings = ["pytorch_1.4-py"] }'
OWN_RULES = extended_tables(OWN, place="own.toml").compiled()
COUNTS = "select count(*), max(version) from image_versions"
TOOLKITS = "select source, image_id, version from image_components where component = 'toolkit'"


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def rows(engine, statement):
    with engine.connect() as connection:
        return connection.execute(text(statement)).all()


def test_the_next_run_that_reads_the_source_refreshes_the_components(engine, caplog):
    history = History(engine)
    history.run(SHOWN)
    before = rows(engine, COUNTS)
    history.rules = OWN_RULES
    with caplog.at_level(logging.INFO, "etl.load.versions"):
        history.run([], is_failing=True)
        assert rows(engine, TOOLKITS) == []
        history.run(SHOWN)
        history.run(SHOWN)
    assert rows(engine, TOOLKITS) == [("sample", "4", "3.7")]
    assert rows(engine, COUNTS) == before
    assert [each.images for each in caplog.records] == [1]


def test_rules_that_are_taken_back_are_taken_back_in_the_record(engine):
    history = History(engine)
    history.run(SHOWN)
    before = rows(engine, "select * from image_components order by 1, 2, 3, 4")
    for rules in (OWN_RULES, history.rules):
        history.rules = rules
        history.run(SHOWN)
    assert rows(engine, TOOLKITS) == []
    assert rows(engine, "select * from image_components order by 1, 2, 3, 4") == before


@pytest.mark.parametrize("block", [1, 2, 5000])
def test_all_images_of_the_source_are_read_whatever_the_block(engine, monkeypatch, block):
    history = History(engine)
    history.run(SHOWN)
    history.run(SHOWN, source="other")
    history.rules = OWN_RULES
    monkeypatch.setattr(versions, "_BLOCK", block)
    history.run(SHOWN)
    assert rows(engine, TOOLKITS) == [("sample", "4", "3.7")]


def test_new_images_are_read_by_the_rules_of_their_run(engine):
    history = History(engine)
    history.rules = OWN_RULES
    history.run(SHOWN)
    assert rows(engine, TOOLKITS) == [("sample", "4", "3.7")]
    found = rows(engine, "select distinct component_rules from source_runs")
    assert found == [(OWN_RULES.digest,)]
