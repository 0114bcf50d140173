"""`prune` as a person types it: what it says, what it leaves, what can't be asked any more."""

from __future__ import annotations

import json
from datetime import timedelta

import click
import pytest
from sqlalchemy import text

from etl.cli.context import CliContext
from etl.cli.main import run
from etl.load.locks import source_lock
from etl.proof.check import check
from tests.support.databases import opened
from tests.support.evidence import evidence_of, signer
from tests.support.history import BEGINNING, History, record
from tests.support.verified import ada_removes, assert_consistent, verified

NOW = BEGINNING + timedelta(days=10)


def _four_runs(engine):
    """Four runs in two days, a removal in the third, a changed image in each; another source."""
    history = History(engine)
    history.run([record("a"), record("b")])
    history.run([record("a", size=1), record("b")])
    history.run([record("a", size=2)])
    history.at += timedelta(days=2)
    history.run([record("a", size=3)])
    history.run([record("a", size=4)], source="other")


@pytest.fixture
def old(backend, databases, monkeypatch):
    monkeypatch.setattr(CliContext, "clock", staticmethod(lambda: NOW))
    with databases.recorded(backend, _four_runs) as url, opened(url) as engine:
        monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", url)
        yield engine


def test_a_dry_run_counts_the_rows_that_a_prune_then_drops(old, capsys):
    assert run(["prune", "--keep", "8d", "--dry-run"]) == 0
    planned = capsys.readouterr().out
    assert "Nothing was written." in planned
    assert run(["prune", "--keep", "8d"]) == 0
    done = capsys.readouterr().out

    assert "field_changes 2, past_versions 2, event_hashes 3, source_runs 2" in planned
    assert "other: nothing is that old" in done
    assert "sample: up to run 3, 2026-09-01 09:00Z" in done
    assert "event_hashes 3, source_runs 2, sync_runs 2" in done
    assert_consistent(old)
    with old.connect() as connection:
        runs = connection.scalars(text("select run_id from source_runs order by 1")).all()
        assert runs == [3, 4, 5], "the run that a removal names stays"
        assert connection.scalars(text("select run_id from sync_runs order by 1")).all() == runs
        entries = connection.scalars(text("select kind from log_entries order by entry")).all()
        assert entries == ["run"] * 5 + ["prune"]
        root = connection.scalar(text("select root from log_entries where entry = 5"))
    assert run(["verify", "--output", "json"]) == 0
    log = json.loads(capsys.readouterr().out)
    assert (log["entries"], log["recomputed"], log["pruned"]) == (6, 2, 3)
    assert log["root"] == root
    assert run(["prune", "--keep", "8d"]) == 0
    assert "sample: nothing is that old" in capsys.readouterr().out


def test_for_programs(old, capsys):
    assert run(["prune", "--keep", "8d", "--source", "sample", "--output", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["dry_run"] is False
    (source,) = told["pruned"]
    assert (source["source"], source["run_id"]) == ("sample", 3)
    assert source["rows"]["past_versions"] == 2


def test_a_question_about_pruned_history_is_refused(old, capsys):
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
    assert "unknown source 'none'; valid: other, sample" in capsys.readouterr().err


def test_it_waits_for_no_one_unless_asked(old, capsys):
    with source_lock(old, "sample"):
        assert run(["prune", "--keep", "8d"]) == 22
    assert "is locked" in capsys.readouterr().err


def test_verify_recomputes_the_selected_sources_only(old):
    assert run(["-q", "prune", "--keep", "8d"]) == 0
    with old.begin() as connection:
        connection.execute(text("update image_removals set evidence = 'lookup_deleted'"))
    assert run(["-q", "verify", "--source", "other"]) == 0
    assert run(["-q", "verify", "--source", "sample"]) == 41


@pytest.mark.parametrize(
    "edit",
    [
        "update prune_checkpoints set through_entry = 1",
        "update prune_checkpoints set pruned_at = observed_at",
        "delete from prune_checkpoints",
        "update current_images set size = 9 where image_id = 'b'",
        "update current_images set first_seen_at = valid_from where image_id = 'a'",
        "update source_runs set pages = 9 where run_id = 3",
        "update sync_runs set host = 'other' where run_id = 3",
        "delete from source_runs where source = 'sample' and run_id > 3",
        "delete from event_hashes where entry = 5",
        "update log_entries set kind = 'prune', run_id = null where entry = 4",
    ],
)
def test_an_edit_of_a_kept_row_is_found(old, edit):
    assert run(["-q", "prune", "--keep", "8d"]) == 0
    assert_consistent(old)
    with old.begin() as connection:
        assert connection.execute(text(edit)).rowcount
    assert not verified(old).is_consistent


def test_an_inconsistent_record_is_not_pruned(old, capsys):
    with old.begin() as connection:
        connection.execute(text("update image_removals set evidence = 'lookup_deleted'"))
    assert run(["prune", "--keep", "8d"]) == 41
    assert "the record is inconsistent: entry 2, event" in capsys.readouterr().err


@pytest.mark.parametrize("keep", ["6m", "23h", "90min", "3600s", "8"])
def test_a_duration_is_a_day_or_more_and_its_unit_is_clear(old, keep, capsys):
    assert run(["prune", "--keep", keep]) == 2
    assert keep in capsys.readouterr().err


def test_a_terminal_is_asked(old, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", lambda *_, **__: (_ for _ in ()).throw(click.Abort))
    assert run(["prune", "--keep", "8d"]) == 130
    assert run(["prune", "--keep", "8d", "--dry-run"]) == 0
    assert run(["prune", "--keep", "8d", "--yes"]) == 0


def test_either_history_or_actors_are_pruned(old, capsys):
    assert run(["prune"]) == 2
    assert run(["prune", "--keep", "8d", "--forget-actors"]) == 2
    assert "either" in capsys.readouterr().err


def test_actors_are_erased_and_the_record_stays_proven(old, capsys):
    with old.begin() as connection:
        run_id = connection.scalar(text("select max(run_id) from source_runs"))
        assert run_id
    history = History(old, at=NOW)
    history.run([record("a", size=5), record("c")])
    with ada_removes("c"):
        history.run([record("a", size=6)])
    assert_consistent(old)
    image_id = "c"
    key = signer()
    before = evidence_of(old, image_id, key)
    assert b"Ada" in before["README.txt"]
    assert run(["prune", "--forget-actors", "--dry-run"]) == 0
    capsys.readouterr()
    assert run(["prune", "--forget-actors", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["forgotten"] == 1
    assert_consistent(old)
    after = evidence_of(old, image_id, key)
    check(before, key.verifier_key)
    check(after, key.verifier_key)
    assert not any(b"Ada" in each for each in after.values())
    with old.begin() as connection:
        connection.execute(
            text("update image_removals set removed_by = 'Eve' where image_id = 'c'")
        )
    assert not verified(old).is_consistent
