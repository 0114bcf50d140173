"""`verify`: everything that the tables contain is recomputed, and every edit is located."""

from __future__ import annotations

import os

import pytest

from etl.audit.verify import Keys, Selection, verify
from etl.database.engine import open_engine
from tests.support.history import varied
from tests.support.tampering import try_edits

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
EDITS = 4_000 if IS_SOAK else 150


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def verified(engine, notes=(), keys=None, **selection):
    with engine.connect() as connection:
        return verify(
            connection, selection=Selection(**selection), keys=keys or Keys(), notes=notes
        )


def test_a_record_of_every_kind_of_event_is_consistent(engine):
    varied(engine)
    result = verified(engine)
    assert [str(each) for each in result.findings] == []
    assert result.entries.recomputed == result.entries.size > 10


def test_random_edits_are_found(engine):
    varied(engine)
    try_edits(engine, count=EDITS, seed=20261123)
