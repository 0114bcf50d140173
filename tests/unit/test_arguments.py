"""The instants that users mean."""

from datetime import UTC, datetime, timedelta

import pytest

from etl.audit import arguments
from etl.errors import UsageError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize("meaning", [arguments.since, arguments.until, arguments.as_of])
@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", NOW),
        ("90min", NOW - timedelta(minutes=90)),
        ("36h", NOW - timedelta(hours=36)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2)),
        ("2026-11-01T08:00:00.1239Z", datetime(2026, 11, 1, 8, 0, 0, 123000, tzinfo=UTC)),
        ("2026-11-01T08:00+08:00", datetime(2026, 11, 1, tzinfo=UTC)),
        (" 2026-11-01 08:00 ", datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ],
)
def test_an_instant_means_itself_whatever_it_bounds(meaning, text, meant):
    assert meaning(text, now=NOW) == meant


def test_a_date_means_the_whole_day():
    start, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)
    assert arguments.since("2026-11-01", now=NOW) == start
    assert arguments.until("2026-11-01", now=NOW) == end
    assert arguments.as_of("2026-11-01", now=NOW) == end - timedelta(milliseconds=1)


def test_the_state_of_today_is_that_of_now():
    assert arguments.as_of("2026-11-23", now=NOW) == NOW


def test_the_last_day_has_an_end():
    assert arguments.until("9999-12-31", now=NOW).year == 9999


@pytest.mark.parametrize(
    "text", ["", "yesterday", "12", "20261101", "2026-13-01", "2026-02-30", "2026-11-01T25:00"]
)
def test_other_text_is_no_time(text):
    with pytest.raises(UsageError, match="expected a time"):
        arguments.since(text, now=NOW)


def test_a_bare_number_is_a_run_where_runs_are_allowed():
    assert arguments.as_of_or_run("12", now=NOW) == 12
    assert arguments.as_of_or_run("1d", now=NOW) == NOW - timedelta(days=1)


@pytest.mark.parametrize("text", ["3", "h", "-3h", "3y", "999999999w", ""])
def test_other_text_is_no_duration(text):
    with pytest.raises(UsageError, match="expected 90min"):
        arguments.duration(text)


@pytest.mark.parametrize(
    "meaning", [arguments.duration, lambda text: arguments.since(text, now=NOW)]
)
def test_a_bare_m_is_refused_because_it_could_mean_minutes_or_months(meaning):
    with pytest.raises(UsageError, match="minutes or months: write 90min"):
        meaning("6m")
