"""What a run writes: versions, changes, removals and counts, on both databases."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

import etl.load.commit
from etl.clock import instant_text
from etl.errors import LockHeld, SourceUnavailable
from etl.load.baseline import read_baseline
from etl.load.commit import Preview, commit, preview, record_failure
from etl.load.locks import source_lock
from etl.load.removals import read_held, read_held_evidence
from etl.load.transaction import SourceWrite
from etl.model import Decision, WalkFacts
from tests.support.history import missing, out_of_scope
from tests.support.loading import Loading, found_by_lookup, holding_all, pages, read, record
from tests.support.verified import assert_consistent


@pytest.fixture
def loading(database_url):
    return Loading(database_url)


TEN = [record(number) for number in range(10)]
LOG = ("log_entries", "log_state", "event_hashes")
EVERYTHING_BUT_RUNS = ("sync_runs", "source_runs", *LOG)


def test_a_first_run_adds_everything_and_writes_one_row_each(loading):
    outcome = loading.run(TEN)
    assert (outcome.seen, outcome.added, outcome.present) == (10, 10, 10)
    rows = {name: len(rows) for name, rows in loading.dump(without=LOG).items() if rows}
    assert rows == {"current_images": 10, "sync_runs": 1, "source_runs": 1}
    assert loading.rows("select distinct kind from image_changes") == [("added",)]


def test_an_unchanged_run_writes_its_run_rows_and_nothing_else(loading):
    loading.run(TEN)
    before = loading.dump(without=EVERYTHING_BUT_RUNS)
    outcome = loading.run(TEN)
    assert (outcome.unchanged, outcome.status) == (10, "succeeded")
    assert loading.dump(without=EVERYTHING_BUT_RUNS) == before


@pytest.mark.parametrize(
    "spelled",
    [
        {"dev_services": ["NOTEBOOK", "SSH", "SSH"]},
        {"status": " active "},
        {"description": None},
        {"name": "name 3 ", "id": "id-3"},
    ],
)
def test_another_spelling_is_no_change(loading, spelled):
    records = [record(number) for number in range(5)]
    loading.run(records)
    before = loading.dump(without=EVERYTHING_BUT_RUNS)
    again = [{**each, **({} if "id" in spelled else spelled)} for each in records]
    again[3] = {**again[3], **spelled}
    assert loading.run(again).unchanged == 5
    assert loading.dump(without=EVERYTHING_BUT_RUNS) == before


def test_a_new_unknown_field_is_recorded_once_and_opens_no_version(loading):
    loading.run(TEN)
    before = loading.dump(without=(*EVERYTHING_BUT_RUNS, "source_fields"))
    for _ in range(2):
        loading.run([{**each, "novel": 1} for each in TEN])
    assert loading.dump(without=(*EVERYTHING_BUT_RUNS, "source_fields")) == before
    assert loading.rows("select field, run_id from source_fields") == [("novel", 2)]


def test_a_change_keeps_the_previous_version_and_records_each_field(loading):
    loading.run(TEN)
    outcome = loading.run([record(0, name="other", create_at=1638238504493), *TEN[1:]])
    assert outcome.changed_fields == {"created_at": 1, "name": 1}
    changes = loading.rows(
        "select field, old_value, new_value from image_changes where kind = 'changed'"
        " order by field"
    )
    assert changes == [
        ("created_at", '"2021-11-30T02:15:04.492Z"', '"2021-11-30T02:15:04.493Z"'),
        ("name", '"name 0"', '"other"'),
    ]
    versions = "select version, name from image_versions where image_id = 'id-0' order by version"
    assert loading.rows(versions) == [(1, "name 0"), (2, "other")]


def test_a_removed_image_keeps_its_values_and_returns_as_the_next_version(loading):
    loading.run(TEN)
    assert loading.run(TEN[1:]).removed == 1
    removal = "select name, version, evidence, last_seen_at, missing_since, removed_at"
    (row,) = loading.rows(f"{removal} from image_removals where image_id = 'id-0'")
    assert row[:3] == ("name 0", 1, "lookup_not_found")
    assert row[4] == row[5] > row[3]
    assert loading.rows("select state, version, name from images where image_id = 'id-0'") == [
        ("removed", 1, "name 0")
    ]
    outcome = loading.run([record(0, name="back"), *TEN[1:]])
    assert (outcome.restored, outcome.changed, outcome.present) == (1, 0, 10)
    assert loading.rows("select state, version, name from images where image_id = 'id-0'") == [
        ("present", 2, "back")
    ]
    assert loading.rows("select restored_run_id from image_removals") == [(3,)]


def test_only_the_latest_removal_is_restored(loading):
    for records in (TEN, TEN[1:], TEN, TEN[1:], TEN):
        loading.run(records)
    assert loading.rows(
        "select version, run_id, restored_run_id from image_removals order by version"
    ) == [(1, 2, 3), (2, 4, 5)]


def test_leaving_and_reentering_the_scope_is_no_removal(loading):
    loading.run(TEN)
    assert loading.run(TEN[1:], decide=out_of_scope).out_of_scope == 1
    assert loading.run(TEN).in_scope == 1
    kinds = Counter(kind for (kind,) in loading.rows("select kind from image_changes"))
    assert kinds == {"added": 10, "out_of_scope": 1, "in_scope": 1}
    assert loading.rows("select count(*) from image_removals") == [(0,)]


def test_a_missing_image_stays_present_and_keeps_the_time_it_was_first_missed(loading):
    loading.run(TEN)
    outcome = loading.run(TEN[1:], decide=missing)
    assert (outcome.missing, outcome.present, outcome.status) == (1, 10, "succeeded")
    since = "select missing_since, last_seen_at from images where image_id = 'id-0'"
    first = loading.rows(since)
    before = loading.dump(without=EVERYTHING_BUT_RUNS)
    loading.run(TEN[1:], decide=missing)
    assert loading.dump(without=EVERYTHING_BUT_RUNS) == before
    assert loading.rows(since) == first
    loading.run(TEN)
    assert loading.rows("select count(*) from images where missing_since is not null") == [(0,)]
    assert loading.rows("select count(distinct last_seen_at) from images") == [(1,)]
    assert loading.rows("select count(*) from image_versions") == [(10,)]


def test_an_uncertified_walk_clears_missing_since_but_not_last_seen_at(loading):
    loading.run(TEN)
    loading.run(TEN[1:], decide=missing)
    loading.run(TEN, certificate="none")
    (row,) = loading.rows(
        "select missing_since, last_seen_at from current_images where image_id = 'id-0'"
    )
    assert row[0] is None
    assert row[1] is not None


def test_an_image_found_by_lookup_is_present_but_not_seen(loading):
    loading.run(TEN)
    loading.run(TEN[1:], decide=found_by_lookup)
    before = loading.dump(without=EVERYTHING_BUT_RUNS)
    loading.run(TEN[1:], decide=found_by_lookup)
    assert loading.dump(without=EVERYTHING_BUT_RUNS) == before
    (row,) = loading.rows(
        "select missing_since, last_seen_at from current_images where image_id = 'id-0'"
    )
    assert row[0] is None
    assert row[1] is not None


def test_an_image_found_by_lookup_is_no_longer_missing(loading):
    loading.run(TEN)
    loading.run(TEN[1:], decide=missing)
    marks = "select missing_since, last_seen_at from current_images where image_id = 'id-0'"
    ((_, last_seen_at),) = loading.rows(marks)
    loading.run(TEN[1:], decide=found_by_lookup)
    assert loading.rows(marks) == [(None, last_seen_at)]


def test_a_removal_knows_the_last_certified_walk_that_saw_the_image(loading):
    loading.run(TEN)
    loading.run(TEN)
    loading.run(TEN[1:], certificate="none")
    loading.run(TEN[1:])
    ((last_seen_at,),) = loading.rows("select last_seen_at from image_removals")
    ((second_run_at,),) = loading.rows("select observed_at from source_runs where run_id = 2")
    assert last_seen_at == second_run_at


def test_an_image_listed_as_deleted_is_removed_without_a_new_version(loading):
    loading.run(TEN)
    outcome = loading.run([record(0, status="DELETED"), *TEN[1:]])
    assert (outcome.removed, outcome.changed, outcome.seen) == (1, 0, 10)
    removal = "select evidence, missing_since from image_removals"
    assert loading.rows(removal) == [("listed_deleted", None)]
    before = loading.dump(without=EVERYTHING_BUT_RUNS)
    loading.run([record(0, status="DELETED"), *TEN[1:]])
    assert loading.dump(without=EVERYTHING_BUT_RUNS) == before


def test_a_new_image_listed_as_deleted_is_added_and_removed(loading):
    outcome = loading.run([*TEN, record(99, status="DELETED")])
    assert (outcome.added, outcome.removed, outcome.present) == (11, 1, 10)
    ((image_id, version, removed_at, detail),) = loading.rows(
        "select image_id, version, removed_at, evidence_detail from image_removals"
    )
    assert (image_id, version) == ("id-99", 1)
    detail = json.loads(detail) if isinstance(detail, str) else detail
    time = removed_at if isinstance(removed_at, str) else instant_text(removed_at)
    assert detail == {"listing": "BUILD_IN/0", "status": "DELETED", "time": time}
    assert set(loading.present()) == {each["id"] for each in TEN}


def test_an_image_that_reenters_the_scope_as_deleted_is_removed_at_once(loading):
    loading.run(TEN)
    loading.run(TEN[1:], decide=out_of_scope)
    gone = record(0, status="DELETED")
    assert loading.run([gone, *TEN[1:]], certificate="none").in_scope == 0
    outcome = loading.run([gone, *TEN[1:]])
    assert (outcome.in_scope, outcome.removed, outcome.present) == (1, 1, 9)
    assert loading.rows("select state, version, status from images where image_id = 'id-0'") == [
        ("removed", 2, "DELETED")
    ]
    kinds = "select kind, field from image_changes where image_id = 'id-0' and run_id = 4"
    assert set(loading.rows(kinds)) == {
        ("in_scope", None),
        ("changed", "status"),
        ("removed", None),
    }
    assert loading.rows("select image_id, version, evidence from image_removals") == [
        ("id-0", 2, "listed_deleted")
    ]
    before = loading.dump(without=EVERYTHING_BUT_RUNS)
    loading.run([gone, *TEN[1:]])
    assert loading.dump(without=EVERYTHING_BUT_RUNS) == before
    with loading.engine.connect() as connection:
        assert_consistent(connection)


def test_an_uncertified_walk_ignores_images_listed_as_deleted(loading):
    loading.run(TEN)
    outcome = loading.run(
        [record(0, status="DELETED"), record(99, status="DELETED")], certificate="none"
    )
    assert (outcome.added, outcome.removed, outcome.present) == (0, 0, 10)
    assert outcome.status == "partial"


def test_held_removals_are_held_once_and_released(loading):
    loading.run(TEN)
    outcome = loading.run(TEN[2:], decide=holding_all)
    assert (outcome.held, outcome.status, outcome.present) == (2, "held", 10)
    before = loading.dump(without=EVERYTHING_BUT_RUNS)
    loading.run(TEN[2:], decide=holding_all)
    assert loading.dump(without=EVERYTHING_BUT_RUNS) == before
    loading.run(TEN[1:])
    released = "select image_id, run_id, released_run_id, released_as from held_removals order by 1"
    assert loading.rows(released) == [
        ("id-0", 2, 4, "removed"),
        ("id-1", 2, 4, "withdrawn"),
    ]


def test_many_held_removals_cost_no_more_statements_than_few(loading):
    statements = []
    event.listen(
        loading.engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )

    def asked(*listings, **how):
        statements.clear()
        loading.run(*listings, **how)
        return sum("held_removals" in each for each in statements)

    many = [record(number) for number in range(60)]
    loading.run(many)
    few_held, few_released = asked(many[2:], decide=holding_all), asked(many)
    assert (asked(many[50:], decide=holding_all), asked(many)) == (few_held, few_released)
    held = "select count(*), count(released_at), count(distinct held_at) from held_removals"
    assert loading.rows(held) == [(52, 52, 2)]


def test_dismissed_removals_are_released(loading):
    loading.run(TEN)
    loading.run(TEN[1:], decide=holding_all)
    loading.run(
        decide=lambda _absent, _deleted: holding_all([], []), dismissed=["id-0"], certificate="none"
    )
    assert loading.rows("select released_as from held_removals") == [("dismissed",)]


def test_an_uncertified_walk_releases_only_images_that_it_saw(loading):
    loading.run(TEN)
    loading.run([*TEN[2:], record(0, status="DELETED")], decide=holding_all)
    loading.run([TEN[1], record(0, status="DELETED")], certificate="none")
    assert loading.rows("select image_id, released_as from held_removals order by 1") == [
        ("id-0", None),
        ("id-1", "withdrawn"),
    ]


def test_the_state_of_the_same_id_in_another_source_releases_nothing(loading):
    loading.source = "t"
    loading.run(TEN)
    loading.run(TEN[1:])
    loading.source = "s"
    loading.run(TEN)
    loading.run(TEN[1:], decide=holding_all)
    loading.run(TEN[1:], certificate="none")
    assert loading.rows("select source, image_id, released_as from held_removals") == [
        ("s", "id-0", None)
    ]


def test_a_removal_of_the_same_id_that_another_source_holds_stays_held(loading):
    for source in ("t", "s"):
        loading.source = source
        loading.run(TEN)
        loading.run(TEN[1:], decide=holding_all)
    loading.run(TEN)
    assert loading.rows("select source, released_as from held_removals order by source") == [
        ("s", "withdrawn"),
        ("t", None),
    ]


def test_a_rejected_record_is_kept_once_and_its_image_stays(loading):
    loading.run(TEN)
    broken = [b'{"id": "id-0", "name": 7}', b"null", *TEN[1:]]
    outcome = loading.run(broken)
    assert (outcome.rejected, outcome.removed, outcome.unchanged, outcome.seen) == (2, 0, 9, 10)
    assert (outcome.status, outcome.newly_rejected) == ("partial", 2)
    before = loading.dump(without=EVERYTHING_BUT_RUNS)
    outcome = loading.run(broken)
    assert (outcome.status, outcome.rejected, outcome.newly_rejected) == ("succeeded", 2, 0)
    assert loading.dump(without=EVERYTHING_BUT_RUNS) == before
    loading.run(TEN, certificate="none")
    kept = "select image_id, page, position, record, resolved_run_id from rejects order by 1"
    rows = {row[0]: row[1:] for row in loading.rows(kept)}
    assert rows["id-0"] == (0, 0, '{"id": "id-0", "name": 7}', 4)
    assert rows[None] == (0, 1, "null", None)


def test_an_image_counts_once_if_one_listing_shows_what_another_one_rejects(loading):
    loading.run(TEN)
    assert loading.run([b'{"id": "id-0", "name": 7}', *TEN[1:]], TEN).seen == 10


def test_a_rejected_record_without_an_id_is_resolved_by_a_certified_walk_without_it(loading):
    loading.run([*TEN, b"null"])
    loading.run([*TEN, b"null"])
    assert loading.rows("select resolved_run_id from rejects") == [(None,)]
    loading.run(TEN, certificate="none")
    assert loading.rows("select resolved_run_id from rejects") == [(None,)]
    loading.run(TEN)
    assert loading.rows("select resolved_run_id from rejects") == [(4,)]


def test_a_reject_of_a_new_image_is_resolved_when_a_record_of_it_is_readable(loading):
    loading.run([*TEN, b'{"id": "id-99", "name": 7}'])
    loading.run(TEN, certificate="none")
    assert loading.rows("select resolved_run_id from rejects") == [(None,)]
    loading.run([*TEN, record(99)], certificate="none")
    assert loading.rows("select resolved_run_id from rejects") == [(3,)]


def test_a_huge_or_unstorable_record_is_cut_or_repaired(loading):
    loading.run([b'{"id": "x", "name": [\xff\x00"' + b"y" * 100_000 + b'"]}'])
    ((text_kept, size),) = loading.rows("select record, record_bytes from rejects")
    assert len(text_kept) <= 65_536
    assert "\x00" not in text_kept
    assert size > 100_000


def test_the_first_listing_wins_and_a_reject_in_it_does_not(loading):
    first, second = (
        [record(1, name="first"), b'{"id": "id-2", "name": 1}'],
        [
            record(1, name="second"),
            record(2, name="good"),
        ],
    )
    outcome = loading.run(first, second)
    assert loading.present() == {"id-1": "first", "id-2": "good"}
    assert (outcome.seen, outcome.added, outcome.rejected) == (2, 2, 1)
    assert loading.rows("select image_id, resolved_at from rejects") == [("id-2", None)]
    outcome = loading.run([record(1, name="changed")], [record(1, name="first"), second[1]])
    assert loading.present()["id-1"] == "changed"
    assert outcome.changed == 1


def test_a_failed_source_leaves_a_row_and_nothing_else(loading):
    loading.run(TEN)
    before = loading.dump(without=EVERYTHING_BUT_RUNS)
    run_id = loading.begin()
    with source_lock(loading.engine, "s") as connection:
        baseline = read_baseline(connection, "s")
        outcome = record_failure(
            connection,
            SourceWrite(run_id=run_id, baseline=baseline, observed_at=loading.now),
            SourceUnavailable("no answer", request_id="r-1"),
        )
    loading.end(run_id)
    assert (outcome.status, outcome.present, outcome.error_exit_code) == ("failed", 10, 11)
    assert loading.dump(without=EVERYTHING_BUT_RUNS) == before
    row = "select status, present, error_kind, error_request_id from source_runs where run_id = 2"
    assert loading.rows(row) == [("failed", 10, "unavailable", "r-1")]


@pytest.mark.parametrize("border", ["write_changes", "write_decision", "append_run"])
def test_an_interrupted_commit_changes_nothing(loading, monkeypatch, border):
    loading.run(TEN)
    before = loading.dump(without=["sync_runs"])

    def broken(*_args, **_named):
        raise RuntimeError(border)

    with monkeypatch.context() as patch:
        patch.setattr(etl.load.commit, border, broken)
        with pytest.raises(RuntimeError, match=border):
            loading.run([record(0, name="other"), record(77), *TEN[2:]])
    assert loading.dump(without=["sync_runs"]) == before
    assert loading.run([record(0, name="other"), record(77), *TEN[2:]]).present == 10


@pytest.mark.parametrize(
    ("impossible", "condition"),
    [
        ("update current_images set state = 'gone'", "current_images_(state|open)"),
        ("update current_images set state = 'removed'", "current_images_(open|closed_state)"),
        ("update current_images set version = 0", "current_images_version"),
        ("update current_images set valid_to = valid_from", "current_images_(open|closed)"),
        ("update current_images set closed_as = 'removed'", "current_images_closed"),
        ("update current_images set opened_as = 'somehow'", "current_images_opened_as"),
        ("update source_runs set status = 'fine'", "source_runs_status"),
        ("update sync_runs set kind = 'party'", "sync_runs_kind"),
        ("update sync_runs set status = 'succeeded', finished_at = null", "sync_runs_end"),
    ],
)
def test_the_database_refuses_impossible_rows(loading, impossible, condition):
    loading.run(TEN)
    with (
        loading.engine.connect() as connection,
        pytest.raises(IntegrityError, match=condition),
    ):
        connection.execute(text(impossible))


def test_two_sources_in_one_database_do_not_affect_each_other(loading, database_url):
    other = Loading(database_url, source="t")
    loading.run(TEN)
    other.hours = loading.hours
    assert other.run(TEN).added == 10
    loading.hours = other.hours
    assert loading.run(TEN[:4]).removed == 6
    other.hours = loading.hours
    assert other.run(TEN).unchanged == 10


def test_the_held_removals_of_a_run_can_be_read_until_they_are_decided(loading):
    loading.run(TEN)
    loading.run(TEN[2:], decide=holding_all)
    loading.run(TEN[2:], decide=holding_all)
    loading.run(TEN[3:], decide=holding_all)
    with loading.engine.connect() as connection:
        assert read_held(connection, 1) == {}
        assert read_held(connection, 2) == read_held(connection, 3) == {"s": ["id-0", "id-1"]}
        assert read_held(connection, 4) == {"s": ["id-0", "id-1", "id-2"]}
    loading.run(TEN[3:], certificate="none")
    loading.source = "t"
    loading.run(TEN)
    loading.run(TEN[9:], decide=holding_all)
    loading.source = "s"
    with loading.engine.connect() as connection:
        assert read_held(connection, 5) == {}, "this run held nothing"
        assert [*read_held(connection, 7)] == ["t"]
        assert [*read_held_evidence(connection, "s")] == ["id-0", "id-1", "id-2"]
    loading.run(TEN[1:], decide=holding_all)
    with loading.engine.connect() as connection:
        assert read_held(connection, 2) == {"s": ["id-0"]}
        assert [*read_held_evidence(connection, "s")] == ["id-0"]


def certified_write(loading, changes):
    facts = WalkFacts(certificate="exact", walks=1)
    return SourceWrite(run_id=0, baseline=changes.baseline, observed_at=loading.now, facts=facts)


def test_a_preview_shows_what_would_be_written_and_writes_nothing(loading):
    loading.run(TEN)
    before = loading.dump()
    shown = [record(0, name="other"), *TEN[1:], record(11), record(12, status="DELETED")]
    with source_lock(loading.engine, "s") as connection:
        changes = read(read_baseline(connection, "s"), [shown], page_rows=4)
        outcome = preview(certified_write(loading, changes), changes, Decision())
        planned = Preview(outcome, Decision(), changes)
        for _ in range(2):
            assert [
                (each.image.image_id, each.kind, [change.field for change in each.fields])
                for each in planned.changes()
            ] == [("id-0", "changed", ["name"]), ("id-11", "added", []), ("id-12", "added", [])]
            [removal] = planned.removals()
            assert (removal.image.image_id, removal.evidence) == ("id-12", "listed_deleted")
        assert (outcome.added, outcome.removed) == (2, 1)
    assert loading.dump() == before


def test_a_commit_refuses_a_source_that_another_run_has_written_since_it_was_read(loading):
    loading.run(TEN)
    with loading.engine.connect() as connection:
        changes = read(read_baseline(connection, "s"), [TEN[1:]], page_rows=4)
        loading.run(TEN)
        before = loading.dump()
        write = SourceWrite(run_id=9, baseline=changes.baseline, observed_at=loading.now)
        with pytest.raises(LockHeld, match="run 2 wrote source s"):
            commit(connection, write, changes, Decision())
    assert loading.dump() == before


def test_the_fence_also_protects_the_first_commit_of_a_source(loading):
    with loading.engine.connect() as connection:
        changes = read(read_baseline(connection, "s"), [TEN], page_rows=4)
        loading.run(TEN)
        write = SourceWrite(run_id=9, baseline=changes.baseline, observed_at=loading.now)
        with pytest.raises(LockHeld, match="run 1 wrote source s"):
            commit(connection, write, changes, Decision())


def test_a_large_first_load_analyses_the_table(loading):
    loading.run([record(number) for number in range(1100)], page_rows=300)
    if loading.engine.dialect.name == "sqlite":
        statistics = "select count(*) > 0 from sqlite_stat1 where tbl = 'current_images'"
    else:
        statistics = "select count(*) > 0 from pg_stats where tablename = 'current_images'"
    assert loading.rows(statistics)[0][0]


def test_many_changes_are_written_in_batches(loading, monkeypatch):
    monkeypatch.setattr("etl.load.versions.BATCH", 3)
    loading.run(TEN)
    loading.run(TEN[8:], decide=missing)
    outcome = loading.run([record(n, tag="t") if n < 7 else TEN[n] for n in range(10)])
    assert (outcome.changed, outcome.unchanged) == (7, 3)
    assert loading.rows("select count(*), max(version) from image_versions") == [(17, 2)]
    assert loading.rows("select count(*) from images where missing_since is not null") == [(0,)]


def test_a_name_and_a_path_that_come_and_go_are_stored(loading):
    path = "swr.example.com/org/image:1"
    for values in ({"name": None}, {"swr_path": path}, {"swr_path": None}, {"name": "back"}):
        before = loading.rows("select name, swr_path from images where image_id = 'id-0'")
        loading.run([record(0, **values)])
        (row,) = loading.rows("select name, swr_path from images where image_id = 'id-0'")
        told = json.loads(json.dumps(record(0, **values)))
        assert row == (told.get("name"), told.get("swr_path")) != before
    assert loading.rows("select max(version) from image_versions") == [(4,)]


@pytest.mark.parametrize("length", [14, 15, 16])
@pytest.mark.parametrize("stale", ["fingerprint", "record_digest"])
def test_digests_of_other_rules_are_recomputed_without_a_new_version(loading, stale, length):
    loading.run(TEN)
    current = "select record_digest, fingerprint from current_images order by image_key"
    digests = loading.rows(current)
    loading.run(TEN[1:], decide=missing)
    with loading.engine.begin() as connection:
        other = {"digest": b"\0" * length}
        connection.execute(text("update current_images set record_digest = :digest"), other)
        if stale == "fingerprint":
            connection.execute(text("update current_images set fingerprint = :digest"), other)
    assert loading.run(TEN).unchanged == 10
    assert loading.rows(current) == digests
    assert loading.rows("select max(version), count(missing_since) from current_images") == [(1, 0)]


def test_a_preview_does_not_show_recomputed_digests(loading):
    loading.run(TEN)
    with loading.engine.begin() as connection:
        stale = {"digest": b"\0" * 16}
        connection.execute(
            text("update current_images set record_digest = :digest, fingerprint = :digest"), stale
        )
    with source_lock(loading.engine, "s") as connection:
        changes = read(read_baseline(connection, "s"), [TEN], page_rows=4)
        outcome = preview(certified_write(loading, changes), changes, Decision())
        planned = Preview(outcome, Decision(), changes)
        assert len([*changes.changes(is_certified=True)]) == 10
        assert ([*planned.changes()], [*planned.removals()]) == ([], [])


def test_a_rejected_record_shows_that_a_missing_image_is_there(loading):
    loading.run(TEN)
    loading.run(TEN[1:], decide=missing)
    broken = b'{"id": "id-0", "size": "huge"}'
    loading.run([broken, broken, *TEN[1:], b'{"id": "unknown", "size": 1.5}'])
    assert loading.rows("select count(*) from images where missing_since is not null") == [(0,)]
    assert loading.rows("select count(*) from rejects") == [(2,)]


def test_the_newest_reading_of_the_first_listing_decides(loading):
    """Readings of several listings arrive in any order; an image seen in any of them is seen."""
    loading.run(TEN)
    shown = [
        (1, 0, [record(2, name="second listing"), TEN[3], record(20, name="second listing")]),
        (0, 0, [record(2, name="older"), record(20, name="older"), TEN[4], record(5, tag="x")]),
        (1, 1, [record(2, name="second, newer"), TEN[3]]),
        (0, 1, [record(2, name="newer"), record(20, name="newer"), TEN[5]]),
    ]
    with loading.engine.connect() as connection:
        changes = read(read_baseline(connection, "s"), [], page_rows=2)
        for order, reading, records in shown:
            for page in pages(records, page_rows=2, order=order, reading=reading):
                changes.add(page)
        decided = {
            each.image.image_id: (each.image.name, each.listing)
            for each in changes.changes(is_certified=True)
        }
        assert decided == {"id-2": ("newer", "BUILD_IN/0"), "id-20": ("newer", "BUILD_IN/0")}
        assert {each.image_id for each in changes.absent()} == {
            f"id-{number}" for number in (0, 1, 6, 7, 8, 9)
        }
        assert (changes.seen_count, changes.parsed_count, changes.conflict_count) == (5, 4, 2)


@pytest.mark.parametrize(
    "newer", [record(0), record(0, name="other")], ids=["as stored", "changed"]
)
def test_a_status_deleted_of_an_older_reading_does_not_count(loading, newer):
    loading.run(TEN)
    with loading.engine.connect() as connection:
        changes = read(read_baseline(connection, "s"), [], page_rows=2)
        for reading, shown in enumerate([record(0, status="DELETED"), newer]):
            (page,) = pages([shown], page_rows=2, order=0, reading=reading)
            changes.add(page)
            assert len(changes.deleted_keys) == (1 if reading == 0 else 0)


@pytest.mark.parametrize(("shown", "listings"), [(TEN[3], []), (record(20), ["BUILD_IN/0"])])
def test_an_image_with_the_same_values_in_two_listings_is_no_conflict(loading, shown, listings):
    loading.run(TEN)
    with loading.engine.connect() as connection:
        changes = read(read_baseline(connection, "s"), [], page_rows=2)
        for order in (1, 0):
            (page,) = pages([shown], page_rows=2, order=order, reading=0)
            changes.add(page)
        assert changes.conflict_count == 0
        assert [each.listing for each in changes.changes(is_certified=True)] == listings


def test_a_missing_image_that_a_newer_reading_shows_as_stored_is_seen_again(loading):
    loading.run(TEN)
    loading.run(TEN[1:], decide=missing)
    with loading.engine.connect() as connection:
        changes = read(read_baseline(connection, "s"), [], page_rows=2)
        for reading, shown in enumerate([record(0, name="other"), record(0)]):
            (page,) = pages([shown], page_rows=2, order=0, reading=reading)
            changes.add(page)
            assert len(changes.reseen()) == reading
        assert [*changes.changes(is_certified=True)] == []


def test_the_number_of_unknown_field_names_is_limited(loading, monkeypatch):
    monkeypatch.setattr("etl.load.changes.MAX_UNKNOWN_FIELDS", 3)
    loading.run([record(1, **{f"field{number}": 1 for number in range(9)})])
    assert loading.rows("select count(*) from source_fields") == [(3,)]


def test_a_missing_image_that_returns_changed_is_no_longer_missing(loading):
    loading.run(TEN)
    loading.run(TEN[1:], decide=missing)
    changed = [record(0, name="other"), *TEN[1:]]
    loading.run(changed)
    marks = "select missing_since, last_seen_at from current_images where image_id = 'id-0'"
    assert loading.rows(marks) == [(None, None)]
    loading.run(changed)
    assert loading.rows("select count(distinct last_seen_at) from images") == [(1,)]


def test_an_uncertified_walk_withdraws_a_held_removal_only_if_it_saw_the_image(loading):
    loading.run(TEN)
    loading.run(TEN[1:], decide=holding_all)
    held = "select released_as from held_removals"
    loading.run(TEN[1:], certificate="none")
    assert loading.rows(held) == [(None,)]
    loading.run([b'{"id": "id-0", "size": "huge"}', *TEN[1:]], certificate="none")
    assert loading.rows(held) == [("withdrawn",)]


def test_a_held_removal_that_is_no_longer_proven_is_released(loading):
    loading.run(TEN)
    loading.run(TEN[1:], decide=holding_all)
    loading.run(TEN[1:], decide=missing)
    assert loading.rows("select released_as from held_removals") == [("withdrawn",)]
    assert loading.rows("select count(missing_since) from images") == [(1,)]
