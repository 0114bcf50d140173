"""`verify`: everything that the tables contain is recomputed, and every edit is located."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from etl.audit.verify import Finding, Keys
from etl.config import HttpSettings, ProofSettings
from etl.maintenance.decisions import prune
from etl.proof.checkpoint import make_key, make_note, read_key
from etl.publish import publish_checkpoint
from tests.support.databases import opened
from tests.support.history import History, record, three_runs
from tests.support.tampering import try_edits
from tests.support.verified import ada_removes, note_of, verified

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
EDITS = 4_000 if IS_SOAK else 60


def test_a_record_of_every_kind_of_event_is_consistent(varied_engine):
    result = verified(varied_engine)
    assert [str(each) for each in result.findings] == []
    assert result.entries.recomputed == result.entries.size > 10


def test_random_edits_are_found(varied_engine):
    try_edits(varied_engine, count=EDITS, seed=20261123)


# --- One edit of each kind, and what the finding says -----------------------------------------


@pytest.fixture
def runs(backend, databases):
    """A record of three runs of one source; the second one removes an image."""
    with databases.recorded(backend, three_runs) as url, opened(url) as engine:
        yield History.resumed(engine)


def edited(engine, *statements):
    with engine.begin() as connection:
        for each in statements:
            assert connection.execute(text(each)).rowcount


def problems(engine, notes=(), keys=None):
    return [each.problem for each in verified(engine, notes, keys).findings]


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (f"update log_entries set root = '{'0' * 64}' where entry = 1", "root does not follow"),
        (f"update log_state set size = 1, frontier = '{'0' * 64}'", "size and frontier do not fit"),
        ("delete from log_state", "the row is missing"),
        ("update log_entries set events = 9 where entry = 1", "column events is not the number"),
        ("update source_runs set entry = 9 where run_id = 2", "column entry is 9"),
        ("update current_images set size = 7", "fingerprint is not that of its values"),
        ("""update current_images set components = '{"x": ["1"]}'""", "components are not those"),
        ("""update current_images set dev_services = '{"x": 1}'""", "cannot be read"),
    ],
)
def test_an_edit_of_the_log_or_of_a_derived_column_is_named(runs, edit, problem):
    edited(runs.engine, edit)
    assert any(problem in each for each in problems(runs.engine))


def test_components_that_other_rules_read_are_not_compared(runs):
    edited(runs.engine, """update current_images set components = '{"x": ["1"]}'""")
    edited(runs.engine, "update source_runs set component_rules = 'of another table'")
    assert not any("components are not those" in each for each in problems(runs.engine))


def test_a_finding_names_what_is_known_of_its_place():
    place = {"entry": 3, "event": 0, "run_id": 2, "source": "s"}
    assert str(Finding(**place, row="row", problem="p")) == (
        "entry 3, event 0, run 2, source s: row: p"
    )
    assert str(Finding(row="row", problem="p")) == "row: p"
    assert str(Finding(entry=3, problem="p")) == "entry 3: p"


def test_only_entries_since_a_time_are_recomputed(runs):
    for since, count in ((runs.at - timedelta(minutes=30), 1), (runs.at + timedelta(hours=1), 0)):
        result = verified(runs.engine, since=since)
        assert (result.entries.recomputed, result.findings) == (count, [])


def test_findings_are_ordered_by_entry_event_and_row():
    ordered = [
        Finding(entry=1, event=1, row="b"),
        Finding(entry=1, event=2, row="a"),
        Finding(entry=1, row="a", problem="a"),
        Finding(entry=1, row="a", problem="b"),
        Finding(entry=1, row="b", problem="a"),
        Finding(entry=2, event=0),
        Finding(row="a"),
    ]
    backwards = ordered[::-1]
    assert sorted(backwards, key=Finding.sort_key) == ordered


def test_an_entry_that_is_gone_is_found(runs):
    edited(
        runs.engine,
        "delete from event_hashes where entry = 0",
        "delete from log_entries where entry = 0",
    )
    found = [each for each in problems(runs.engine) if "is missing" in each]
    assert found == ["entry 0 is missing"]


def test_events_without_their_rows_are_counted_from_the_first(runs):
    edited(runs.engine, "delete from field_changes where run_id = 2")
    (first,) = [each for each in verified(runs.engine).findings if each.event is not None]
    assert first.problem == "no row for 1 logged events"
    edited(runs.engine, "delete from image_removals where run_id = 2")
    found = [each for each in verified(runs.engine).findings if each.entry == 1]
    assert [(each.event, each.problem) for each in found] == [
        (first.event, "no row for 2 logged events")
    ]


def test_events_that_were_logged_in_another_order_are_found(runs):
    with runs.engine.begin() as connection:
        hashes = connection.scalar(text("select hashes from event_hashes where entry = 0"))
        assert len(hashes) == 64
        connection.execute(
            text("update event_hashes set hashes = :swapped where entry = 0"),
            {"swapped": hashes[32:] + hashes[:32]},
        )
    assert problems(runs.engine) == ["the rows are logged in another order"]


def test_a_prune_that_no_entry_seals_is_found(runs):
    list(prune(runs.engine, before=runs.at - timedelta(minutes=30), now=runs.at))
    edited(runs.engine, "update prune_checkpoints set entry = 1")
    found = problems(runs.engine)
    assert any("entry 1 does not seal it" in each for each in found)
    assert "the row that this entry seals is missing" in found
    edited(runs.engine, "update prune_checkpoints set entry = 3, source = 'other'")
    assert "entry 3 does not seal it" in problems(runs.engine)


def test_a_value_that_the_database_cannot_return_is_a_finding(runs):
    if runs.engine.dialect.name == "sqlite":
        edited(runs.engine, "update current_images set name = cast(x'ff' as text)")
    else:
        edited(runs.engine, "update current_images set created_at = 'infinity'")
    assert any("cannot be read" in each for each in problems(runs.engine))


def test_an_error_of_the_database_is_no_finding(runs):
    with runs.engine.begin() as connection:
        connection.execute(text("alter table log_entries rename to elsewhere"))
    with pytest.raises(DBAPIError, match="log_entries"):
        verified(runs.engine)


def test_a_stored_checkpoint_must_be_of_this_log_and_match_its_columns(runs):
    publish_checkpoint(runs.engine, ProofSettings(), http=HttpSettings(), now=runs.at)
    assert problems(runs.engine) == []
    edited(runs.engine, "update checkpoints set size = 2")
    assert [(each.entry, each.problem) for each in verified(runs.engine).findings] == [
        (1, "the columns differ from the note")
    ]
    origin = note_of(runs.engine).split("\n")[0]
    forged = make_note(origin, 9, bytes(32), None)
    with runs.engine.begin() as connection:
        connection.execute(
            text("update checkpoints set size = 9, root = :root, note = :note"),
            {"root": bytes(32).hex(), "note": forged},
        )
    assert [(each.entry, each.problem) for each in verified(runs.engine).findings] == [
        (8, "it covers 9 entries, the log has 3: entries were removed")
    ]


def test_a_signature_must_be_valid_and_of_a_key_that_is_given(runs):
    origin = note_of(runs.engine).split("\n")[0]
    key = read_key(make_key(), origin, location="test")
    other = read_key(make_key(), origin, location="test")
    note = note_of(runs.engine, key)
    assert (
        problems(runs.engine, [note], Keys(verifiers=(key.verifier_key,), is_complete=True)) == []
    )
    assert problems(
        runs.engine, [note], Keys(verifiers=(other.verifier_key,), is_complete=True)
    ) == ["it is not signed with one of the given keys"]
    without_keys = verified(runs.engine, [note])
    assert (without_keys.is_consistent, without_keys.checkpoints.signatures_unchecked) == (True, 1)
    head, _, signature = note.rpartition(" ")
    data = bytearray(b64decode(signature))
    data[-1] ^= 1
    forged = f"{head} {b64encode(data).decode()}\n"
    assert problems(runs.engine, [forged], Keys(verifiers=(key.verifier_key,))) == [
        "the signature is invalid"
    ]


def test_the_name_of_who_removed_an_image_must_be_the_logged_one(engine):
    history = History(engine)
    history.run([record("a"), record("b")])
    with ada_removes("b"):
        history.run([record("a")])
    assert problems(engine) == []
    edited(engine, "update image_removals set removed_by = 'Eve'")
    assert problems(engine) == ["who removed it is not what was logged"]
