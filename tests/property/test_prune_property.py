"""Whatever part of a history is dropped: what is kept says the same as before, and stays proven."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from hypothesis import Phase, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine, bindparam, text

from etl.database.columns import Instant
from etl.database.engine import open_engine
from etl.maintenance.decisions import prune
from tests.support.databases import BACKENDS, Backend, Databases
from tests.support.history import BEGINNING, History, record, varied
from tests.support.tampering import try_edits
from tests.support.verified import assert_consistent

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
ALIVE = """
    select {columns} from image_versions
    where valid_from <= :at and (valid_to is null or valid_to > :at) order by source, image_id
"""
FOR_EVER = {
    "images": "select * from images order by source, image_id",
    "image_removals": "select * from image_removals order by source, image_id, version",
    "open holds": "select * from held_removals where released_at is null order by image_id",
    "open rejects": "select * from rejects where resolved_at is null order by reject_id",
    "source_fields": "select * from source_fields order by source, field",
}


def kept(engine: Engine) -> dict[str, list[tuple]]:
    with engine.connect() as connection:
        return {name: list(connection.execute(text(each))) for name, each in FOR_EVER.items()}


def since(engine: Engine, instants) -> list[list[tuple]]:
    """The catalogue at each instant, and what changed after the first of them."""
    alive = text(ALIVE.format(columns="*")).bindparams(bindparam("at", type_=Instant()))
    later = text(
        "select * from image_changes where at > :at order by at, source, image_id, kind, field"
    ).bindparams(bindparam("at", type_=Instant()))
    with engine.connect() as connection:
        told = [list(connection.execute(alive, {"at": at})) for at in instants]
        return [*told, list(connection.execute(later, {"at": instants[0]}))]


def pruned(engine: Engine, before) -> None:
    list(prune(engine, before=before, now=before + timedelta(days=1)))


@pytest.mark.parametrize("backend", BACKENDS)
def test_answers_from_kept_rows_stay_the_same(databases: Databases, backend: Backend):
    @examples(max_examples=30 if IS_SOAK else 2, phases=[Phase.generate])
    @given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 22), min_size=1, max_size=3))
    def holds(seed: int, cuts: list[int]) -> None:
        with databases.migrated(backend) as url:
            engine = open_engine(url)
            history = varied(engine, runs=16, images=6, seed=seed)
            for cut in sorted(cuts):
                before = BEGINNING + timedelta(hours=cut, minutes=30)
                instants = [before + timedelta(hours=hours) for hours in range(24 - cut)]
                stays, tells = kept(engine), since(engine, instants)
                pruned(engine, before)
                assert kept(engine) == stays
                assert since(engine, instants) == tells
                assert_consistent(engine)
            history.run([record("new")])
            history.run([record("new", size=1)])
            assert_consistent(engine)
            engine.dispose()

    holds()


def test_edits_of_kept_rows_are_found(varied_engine: Engine):
    history = History.resumed(varied_engine)
    pruned(varied_engine, BEGINNING + timedelta(hours=8, minutes=30))
    history.run([record("new")])
    assert_consistent(varied_engine)
    try_edits(varied_engine, count=1000 if IS_SOAK else 30, seed=7)


def test_a_sources_latest_certified_run_stays(databases: Databases):
    with databases.migrated("sqlite") as url:
        engine = open_engine(url)
        history = History(engine)
        history.run([record("a")])
        history.run([record("a", size=1)])
        history.run([], is_failing=True)
        seen = kept(engine)["images"]
        pruned(engine, BEGINNING + timedelta(days=400))
        assert kept(engine)["images"] == seen
        with engine.connect() as connection:
            runs = connection.scalars(text("select run_id from source_runs order by run_id"))
            assert list(runs) == [2, 3]
            assert connection.scalar(text("select run_id from prune_checkpoints")) == 1
        engine.dispose()
