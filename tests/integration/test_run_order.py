"""A run that began earlier may meet a source later: what counts is when it met it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from etl.cli.context import CliContext
from etl.cli.main import run
from etl.load.removals import read_held
from tests.support.databases import opened
from tests.support.history import BEGINNING, History, Reading, holding, record
from tests.support.verified import assert_consistent

# Run 3 begins later than run 2, and meets the source earlier.
FIRST, OVERTAKEN, OVERTAKING = 1, 2, 3


def _overtaken(engine):
    history = History(engine)
    history.run([record("a"), record("b"), record("c")])
    history.run_all(
        {"sample": Reading([record("a", size=2), record("b"), record("d")])},
        meanwhile=lambda: history.run([record("a", size=1), record("b")]),
    )


@pytest.fixture
def history(backend, databases, monkeypatch):
    """A record in which the third run overtook the second one."""
    monkeypatch.setattr(CliContext, "clock", staticmethod(lambda: BEGINNING + timedelta(days=10)))
    with databases.recorded(backend, _overtaken) as url, opened(url) as engine:
        monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", url)
        history = History.resumed(engine)
        history.at += timedelta(minutes=1)
        yield history


def is_whole(engine):
    with engine.connect() as connection:
        assert_consistent(connection)


def told(capsys, *args):
    assert run([*args, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def sizes(capsys, run_id, *options):
    rows = told(capsys, "images", "--as-of", str(run_id), *options)
    return {row["image_id"]: row["size"] for row in rows}


def test_a_run_shows_what_it_read(history, capsys):
    assert sizes(capsys, FIRST) == {"a": None, "b": None, "c": None}
    assert sizes(capsys, OVERTAKING) == {"a": 1, "b": None}
    assert sizes(capsys, OVERTAKEN) == {"a": 2, "b": None, "d": None}
    assert sizes(capsys, OVERTAKING, "--state", "removed") == {"c": None}
    assert sizes(capsys, OVERTAKEN, "--state", "all") == {"a": 2, "b": None, "c": None, "d": None}
    history.run([record("x")], source="other")
    assert sizes(capsys, 4, "--source", "sample") == {"a": 2, "b": None, "d": None}


def test_runs_are_compared_as_they_met_the_source(history, capsys):
    changed = told(capsys, "diff", str(OVERTAKING), str(OVERTAKEN))
    assert [(row["image_id"], row["kind"], row["new_value"]) for row in changed] == [
        ("a", "changed", "2"),
        ("d", "added", None),
    ]
    assert run(["diff", str(OVERTAKEN), str(OVERTAKING)]) == 2
    assert "FROM is later than TO for source 'sample'" in capsys.readouterr().err
    changed = told(capsys, "diff", str(FIRST), str(OVERTAKING))
    assert [(row["image_id"], row["kind"]) for row in changed] == [
        ("a", "changed"),
        ("c", "removed"),
    ]


def test_counts_of_runs_match_their_rows(history):
    is_whole(history.engine)
    history.run([record("a", size=3)])
    is_whole(history.engine)


def test_removals_held_by_both_runs_are_held_by_both(engine):
    history = History(engine)
    history.run([record("a"), record("b")])
    history.run_all(
        {"sample": Reading([record("a")], decide=holding)},
        meanwhile=lambda: history.run([record("a")], decide=holding),
    )
    with engine.connect() as connection:
        for run_id in (OVERTAKING, OVERTAKEN):
            assert read_held(connection, run_id) == {"sample": ["b"]}
        assert read_held(connection, FIRST) == {}
    is_whole(engine)


@pytest.mark.parametrize(
    ("minutes", "changes_left"), [(0, 2), (1, 1)], ids=["up to run 3", "up to run 2"]
)
def test_history_is_cut_where_they_met_the_source(history, minutes, changes_left, capsys):
    cut = history.at - timedelta(minutes=1) + timedelta(seconds=30, minutes=minutes)
    history.run([record("a", size=3), record("b"), record("d")])
    assert (
        run(
            [
                "-q",
                "prune",
                "--keep",
                f"{(BEGINNING + timedelta(days=10) - cut).total_seconds():.0f}s",
            ]
        )
        == 0
    )
    is_whole(history.engine)
    with history.engine.connect() as connection:
        kept = connection.scalars(text("select run_id from field_changes order by run_id")).all()
    assert len(kept) == changes_left, kept
    for run_id in (FIRST, OVERTAKING, OVERTAKEN)[: 1 + minutes]:
        assert run(["images", "--as-of", str(run_id)]) == 2
        assert "was pruned" in capsys.readouterr().err
    assert sizes(capsys, 4) == {"a": 3, "b": None, "d": None}
    history.run([record("a", size=4)])
    is_whole(history.engine)
