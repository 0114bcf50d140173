"""The window finds what is unchanged, in whatever order the listing comes, in few statements."""

from __future__ import annotations

from hashlib import sha256

import pytest
from sqlalchemy import event

from etl.load.baseline import Baseline
from etl.load.locks import source_lock
from etl.load.rows import NAME
from etl.load.seen import Seen
from etl.load.sighting import Sighting, deleted_by, seen_by, storable
from etl.model import Listing, Page
from tests.support.loading import Loading, raw, read, record

MANY = [record(number) for number in range(300)]


@pytest.fixture
def loading(database_url):
    loading = Loading(database_url, chunk_size=16)
    loading.run(MANY, page_rows=50)
    return loading


def hash_of(text):
    return sha256(text.encode()).hexdigest()


def backwards(records, rows=20):
    pages = [records[start : start + rows] for start in range(0, len(records), rows)]
    return [each for page in reversed(pages) for each in page]


@pytest.mark.parametrize(
    ("order", "at_most"),
    [
        (MANY, 0),
        (MANY[150:] + MANY[:150], 3),
        (backwards(MANY), 3),
        (MANY[::-1], 4),
        (sorted(MANY, key=lambda each: hash_of(each["id"])), 15),
    ],
    ids=["as first", "later part first", "last page first", "reversed", "shuffled"],
)
def test_an_unchanged_listing_is_matched_in_any_order(loading, order, at_most, monkeypatch):
    lookups = []
    marks = Baseline.marks
    monkeypatch.setattr(Baseline, "marks", lambda self, ids: lookups.append(1) or marks(self, ids))
    with source_lock(loading.engine, "s") as connection:
        sighting = read(Baseline(connection, "s", chunk_size=16), order, page_rows=20)
        assert (sighting.distinct, sighting.doubles, sighting.rows) == (300, 0, 300)
        assert not list(sighting.new)
        assert not list(sighting.changed)
    assert len(lookups) <= at_most


def test_the_window_does_not_run_ahead_of_changed_rows(loading):
    changed = [
        {**each, "tag": "x"} if number % 10 == 0 else each for number, each in enumerate(MANY)
    ]
    with source_lock(loading.engine, "s") as connection:
        sighting = read(Baseline(connection, "s", chunk_size=16), changed, page_rows=20)
        assert len(list(sighting.changed)) == 30
        assert sighting.distinct == 300


def test_no_scan_when_everything_present_was_seen(loading):
    statements = []
    event.listen(
        loading.engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    with source_lock(loading.engine, "s") as connection:
        baseline = Baseline(connection, "s", chunk_size=16)
        sighting = read(baseline, MANY, page_rows=50)
        statements.clear()
        assert list(baseline.absent(sighting.seen)) == []
    assert not statements


@pytest.mark.parametrize("sparse", [0, 10_000])
@pytest.mark.parametrize("span", [1, 7, 4096])
def test_what_was_not_seen_is_absent_whoever_else_is_there(loading, span, sparse, monkeypatch):
    """Keys of other sources and of removed images lie between, in whole blocks and one by one."""
    loading.source = "other"
    loading.run([record(number) for number in range(20)])
    loading.source = "s"
    loading.run([*MANY[:100], *MANY[102:], record(400), record(401)])
    monkeypatch.setattr("etl.load.baseline.SPAN", span)
    monkeypatch.setattr("etl.load.baseline.SPARSE", sparse)
    gone = {0, 50, 51, 299, 401}
    seen = [each for each in [*MANY, record(400)] if int(each["id"][3:]) not in {100, 101, *gone}]
    with source_lock(loading.engine, "s") as connection:
        baseline = Baseline(connection, "s")
        sighting = read(baseline, seen, page_rows=50)
        absent = [each.image_id for each in baseline.absent(sighting.seen)]
        nothing = baseline.absent(Seen())
        assert absent == [f"id-{number}" for number in sorted(gone)]
        assert len([*nothing]) == baseline.present_count == 300


def test_a_double_counts_once_and_its_first_value_stands(loading):
    twice = [*MANY, record(0, name="later"), record(301), record(301, name="later"), b"7"]
    with source_lock(loading.engine, "s") as connection:
        sighting = read(Baseline(connection, "s"), twice, page_rows=100)
        assert (sighting.rows, sighting.distinct) == (304, 301)
        assert (sighting.doubles, sighting.nameless) == (2, 1)
        assert not list(sighting.changed)
        assert [row[NAME] for page in sighting.new for row in page.rows] == ["name 301"]


def test_readings_that_show_the_same_images_agree(loading):
    with source_lock(loading.engine, "s") as connection:
        baseline = Baseline(connection, "s", chunk_size=16)
        one, other = (read(baseline, records, page_rows=30) for records in (MANY, MANY[::-1]))
        less = read(baseline, MANY[1:], page_rows=30)
        more = read(baseline, [*MANY[1:], record(999)], page_rows=30)
        assert one.saw_same_as(other)
        assert not one.saw_same_as(less)
        assert not one.saw_same_as(more)
        assert seen_by([less, one]).distinct == 300
        assert [each.image_id for each in baseline.absent(less.seen)] == ["id-0"]


def test_the_first_reading_says_what_is_deleted(loading):
    with source_lock(loading.engine, "s") as connection:
        baseline = Baseline(connection, "s", chunk_size=16)
        gone = read(baseline, [record(1, status="deleted"), record(2)], page_rows=2)
        alive = read(baseline, [record(1), record(2, status="deleted")], page_rows=2)
        assert [each.image_id for each in deleted_by([gone, alive])] == ["id-1"]
        assert [each.image_id for each in deleted_by([alive, gone])] == ["id-2"]


def test_what_waits_is_bounded_in_memory(loading):
    listing = Listing("DEDICATED", "0")
    with source_lock(loading.engine, "s") as connection:
        sighting = Sighting(Baseline(connection, "s"), listing)
        for number in range(40):
            one = raw(record(5000 + number, description="d" * 60_000))
            sighting.observe(Page(listing, number, [one], 40))
        assert sighting.new._file._rolled
        assert sum(1 for _ in sighting.new) == 40
        sighting.close()


def test_text_is_made_storable():
    assert storable("a\0b\ud800c") == "a�b�c"
