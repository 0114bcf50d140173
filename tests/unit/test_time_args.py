"""Which instant a person means."""

from datetime import UTC, datetime, timedelta

import pytest

from etl.audit.time_args import duration, instant, instant_or_run
from etl.errors import UsageError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", NOW),
        ("36h", NOW - timedelta(hours=36)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2)),
        ("45m", NOW - timedelta(minutes=45)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T08:00:00.1239Z", datetime(2026, 11, 1, 8, 0, 0, 123000, tzinfo=UTC)),
        ("2026-11-01T08:00+08:00", datetime(2026, 11, 1, tzinfo=UTC)),
        (" 2026-11-01 08:00 ", datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ],
)
def test_forms_of_an_instant(text, meant):
    assert instant(text, now=NOW) == meant


@pytest.mark.parametrize("text", ["", "yesterday", "12", "20261101", "99999999w", "2026-13-01"])
def test_no_instant(text):
    with pytest.raises(UsageError, match="expected a time"):
        instant(text, now=NOW)


def test_a_bare_number_is_a_run_where_runs_are_allowed():
    assert instant_or_run("12", now=NOW) == 12
    assert instant_or_run("1d", now=NOW) == NOW - timedelta(days=1)


@pytest.mark.parametrize("text", ["3", "h", "-3h", "3y", "999999999w"])
def test_no_duration(text):
    with pytest.raises(UsageError, match="expected 90s"):
        duration(text)
