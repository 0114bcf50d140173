"""How instants are written, and how fine they are."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from etl.clock import age_text, in_milliseconds, instant_text, utc_now


def test_an_instant_is_written_in_utc_and_in_milliseconds():
    there = datetime(2026, 1, 1, 8, 0, 0, 7999, tzinfo=timezone(timedelta(hours=8)))
    assert instant_text(there) == "2026-01-01T00:00:00.007Z"


def test_times_as_text_sort_chronologically():
    assert instant_text(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00.000Z"
    assert len(instant_text(datetime.max.replace(tzinfo=UTC))) == 24


def test_times_are_truncated_to_milliseconds():
    instant = datetime(2026, 1, 1, 0, 0, 0, 7999, tzinfo=UTC)
    assert in_milliseconds(instant) == datetime(2026, 1, 1, 0, 0, 0, 7000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0s"), (119, "119s"), (120, "2min"), (7199, "119min"), (7200, "2h"), (172_800, "2d")],
)
def test_an_age_is_given_in_the_largest_unit_of_which_there_are_two(seconds, words):
    assert age_text(timedelta(seconds=seconds)) == words


def test_the_clock_gives_whole_milliseconds_in_utc():
    now = utc_now()
    assert now.microsecond % 1000 == 0
    assert now.tzinfo is UTC
