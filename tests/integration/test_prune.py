"""`prune` as a person types it: what it says, what it leaves, what can't be asked any more."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from etl.audit.verify import verify
from etl.cli.context import CliContext
from etl.cli.main import run
from etl.database.engine import open_engine
from etl.errors import LedgerBroken
from etl.load.locks import source_lock
from tests.support.history import BEGINNING, History, record

NOW = BEGINNING + timedelta(days=10)


@pytest.fixture
def old(database_url, monkeypatch):
    """Four runs in two days, a removal in the third, a changed image in each; and a failed run."""
    monkeypatch.setattr(CliContext, "clock", staticmethod(lambda: NOW))
    monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", database_url)
    engine = open_engine(database_url)
    history = History(engine)
    history.run([record("a"), record("b")])
    history.run([record("a", size=1), record("b")])
    history.run([record("a", size=2)])
    history.at += timedelta(days=2)
    history.run([record("a", size=3)])
    history.run([record("a", size=4)], source="other")
    yield engine
    engine.dispose()


def test_a_dry_run_says_what_would_go_and_a_run_does_it(old, capsys):
    assert run(["prune", "--keep", "8d", "--dry-run"]) == 0
    planned = capsys.readouterr().out
    assert "Nothing was written." in planned
    assert run(["prune", "--keep", "8d"]) == 0
    done = capsys.readouterr().out
    assert planned.splitlines()[:2] == done.splitlines()[:2]
    assert done.splitlines()[2:] == ["runs that no source needs: sync_runs 2"]
    assert "other: nothing is that old" in done
    assert "sample: up to run 3, 2026-09-01 09:00Z" in done
    assert "field_changes 2, past_versions 2, source_runs 2" in done
    with old.connect() as connection:
        assert verify(connection)
    with old.connect() as connection:
        runs = connection.scalars(text("select run_id from source_runs order by 1")).all()
        assert runs == [3, 4, 5], "the run that a removal names stays"
        assert connection.scalars(text("select run_id from sync_runs order by 1")).all() == runs
    assert run(["prune", "--keep", "8d"]) == 0
    assert "sample: nothing is that old" in capsys.readouterr().out


def test_for_programs(old, capsys):
    assert run(["prune", "--keep", "8d", "--source", "sample", "--output", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["dry_run"] is False
    (source,) = told["pruned"]
    assert (source["source"], source["run_id"]) == ("sample", 3)
    assert source["rows"]["past_versions"] == 2


def test_what_is_not_on_record_any_more_is_not_answered(old, capsys):
    assert run(["-q", "prune", "--keep", "8d"]) == 0
    assert capsys.readouterr() == ("", "")
    before, behind = "2026-09-01T08:30Z", "2026-09-01T09:30Z"
    for asked in (
        ["images", "--as-of", before],
        ["images", "--as-of", "2"],
        ["diff", before, behind],
        ["export", "then.csv", "--as-of", before],
    ):
        assert run(asked) == 2
        assert "was pruned" in capsys.readouterr().err
    assert run(["images", "--as-of", before, "--source", "other"]) == 0
    assert run(["images", "--as-of", behind, "--format", "json"]) == 0
    assert [each["size"] for each in json.loads(capsys.readouterr().out)] == [2]
    assert run(["removals", "--format", "json"]) == 0
    assert [each["image_id"] for each in json.loads(capsys.readouterr().out)] == ["b"]


def test_a_source_that_no_run_has_read(old, capsys):
    assert run(["prune", "--keep", "8d", "--source", "none"]) == 2
    assert "no source 'none' on record (there: other, sample)" in capsys.readouterr().err


def test_it_waits_for_no_one_unless_asked(old, capsys, databases):
    if old.dialect.name == "sqlite":
        pytest.skip("on SQLite one process writes several sources at once")
    with source_lock(old, "sample"):
        assert run(["prune", "--keep", "8d"]) == 22
    assert "sample" in capsys.readouterr().err


def test_verify_looks_at_the_sources_named_alone(old):
    assert run(["-q", "prune", "--keep", "8d"]) == 0
    with old.begin() as connection:
        connection.execute(text("update prune_checkpoints set kept_digest = '00'"))
    assert run(["-q", "verify", "--source", "other"]) == 0
    assert run(["-q", "verify", "--source", "sample"]) == 41


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ("update prune_checkpoints set kept_digest = '00'", "not as sealed"),
        ("update prune_checkpoints set catalogue_digest = 'none'", "catalogue_digest is not"),
        ("update current_images set tags = '[1]' where image_id = 'b'", "not as sealed"),
        ("delete from source_runs where source = 'sample' and run_id > 3", "no later run"),
    ],
)
def test_verify_holds_what_was_kept_against_its_seal(old, edit, told):
    assert run(["-q", "prune", "--keep", "8d"]) == 0
    with old.connect() as connection:
        sealed = connection.scalar(text("select digest from prune_checkpoints"))
    with old.connect() as connection:
        assert verify(connection, head=sealed)
    with old.begin() as connection:
        assert connection.execute(text(edit)).rowcount
    with old.connect() as connection, pytest.raises(LedgerBroken, match=f"(?s){told}"):
        verify(connection)
