"""What was not seen, what was seen twice, and how much waits in memory, on both databases."""

from __future__ import annotations

from hashlib import sha256

import pytest
from sqlalchemy import event

from etl.load.baseline import Baseline, read_baseline
from etl.load.rejects import storable
from tests.support.loading import Loading, pages, read, record

MANY = [record(number) for number in range(300)]


@pytest.fixture
def loading(database_url):
    loading = Loading(database_url)
    loading.run(MANY, page_rows=50)
    return loading


def hash_of(text):
    return sha256(text.encode()).hexdigest()


def spooled(changes):
    return [each.image.name for each in changes.changes(is_certified=True)]


@pytest.mark.parametrize("readings", [1, 2])
def test_an_unchanged_listing_costs_no_statement_in_any_order(loading, readings):
    shuffled = sorted(MANY, key=lambda each: hash_of(each["id"]))
    statements = []
    with loading.engine.connect() as connection:
        baseline = read_baseline(connection, "s")
        event.listen(
            loading.engine, "before_cursor_execute", lambda *given: statements.append(given[2])
        )
        changes = read(baseline, [shuffled] * readings, page_rows=20)
        assert not spooled(changes)
        assert (changes.seen_count, changes.parsed_count) == (300, 300)
        assert changes.conflict_count == 0
        assert changes.absent() == []
    assert not statements


def test_images_that_no_page_shows_are_absent(loading):
    """Rows of other sources and of removed images lie between."""
    loading.source = "other"
    loading.run([record(number) for number in range(20)])
    loading.source = "s"
    loading.run([*MANY[:100], *MANY[102:], record(400), record(401)])
    gone = {0, 50, 51, 299, 401}
    seen = [each for each in [*MANY, record(400)] if int(each["id"][3:]) not in {100, 101, *gone}]
    with loading.engine.connect() as connection:
        baseline = read_baseline(connection, "s")
        changes = read(baseline, [seen], page_rows=50)
        assert [each.image_id for each in changes.absent()] == [f"id-{n}" for n in sorted(gone)]
        assert len(read(baseline, [[]], page_rows=1).absent()) == 300
        assert baseline.previous.present == 300


def test_a_duplicate_counts_once_and_its_first_value_wins(loading):
    twice = [*MANY, record(0, name="later"), record(301), record(301, name="later"), b"7"]
    with loading.engine.connect() as connection:
        changes = read(read_baseline(connection, "s"), [twice], page_rows=100)
        assert spooled(changes) == ["name 301"]
        assert (changes.seen_count, changes.conflict_count) == (301, 0)


def test_the_first_listing_decides_whether_an_image_is_deleted(loading):
    gone = [record(1, status="deleted"), record(2)]
    alive = [record(1), record(2, status="deleted")]
    with loading.engine.connect() as connection:
        baseline = read_baseline(connection, "s")
        for listings, deleted in (([gone, alive], "id-1"), ([alive, gone], "id-2")):
            changes = read(baseline, listings, page_rows=2)
            assert [each.image_id for each in changes.listed_deleted()] == [deleted]
            assert changes.conflict_count == 2


def test_a_newer_reading_with_the_same_values_is_not_kept_again(loading):
    changed = [record(0, name="later"), record(301)]
    with loading.engine.connect() as connection:
        changes = read(read_baseline(connection, "s"), [], page_rows=2)
        for reading in (0, 1):
            for page in pages(changed, page_rows=2, reading=reading):
                changes.add(page)
        assert spooled(changes) == ["later", "name 301"]
        assert len([*changes._spool]) == 2


def test_a_large_reading_moves_to_disk(loading):
    large = [record(5000 + number, description="d" * 60_000) for number in range(40)]
    with loading.engine.connect() as connection:
        changes = read(read_baseline(connection, "s"), [large], page_rows=1)
        assert changes._spool._file._rolled
        assert len(spooled(changes)) == 40
        changes._spool.close()


def test_a_source_that_was_never_read_has_an_empty_baseline():
    changes = read(Baseline("s"), [[record(1), b'{"id": 1}']], page_rows=2)
    assert spooled(changes) == ["name 1"]
    assert changes.absent() == []


def test_unstorable_characters_are_replaced():
    assert storable("a\0b\ud800c") == "a\ufffdb\ufffdc"
