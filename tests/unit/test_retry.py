"""When a request is sent again, and after how long; how fast a host is asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from requests.structures import CaseInsensitiveDict

from etl.extract.exchange import Answer, Lost, http_instant
from etl.extract.pace import Pace
from etl.extract.retry import RetryPolicy, asked_seconds

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
POLICY = RetryPolicy(max_retries=9, jitter=lambda: 0.0)


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body, CaseInsensitiveDict(named), "", NOW)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_retries_what_may_pass(status: int) -> None:
    assert POLICY.wait_seconds(answer(status), attempt=1) == 0.25


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 409, 501, 505])
def test_retries_nothing_else(status: int) -> None:
    assert POLICY.wait_seconds(answer(status), attempt=1) is None


def test_a_lost_answer_says_itself_whether_it_may_pass() -> None:
    assert POLICY.wait_seconds(Lost("reset", hint=""), attempt=1) == 0.25
    assert POLICY.wait_seconds(Lost("bad name", hint="", is_passing=False), attempt=1) is None


def test_waits_double_up_to_a_bound_and_end() -> None:
    waits = [POLICY.wait_seconds(answer(500), attempt=n) for n in range(1, 11)]
    assert waits == [0.25, 0.5, 1, 2, 4, 8, 15, 15, 15, None]


def test_jitter_spreads_the_waits() -> None:
    latest = RetryPolicy(max_retries=1, jitter=lambda: 1.0)
    assert latest.wait_seconds(answer(500), attempt=1) == 0.5
    assert latest.wait_seconds(answer(503, Retry_After="7"), attempt=1) == 8


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("1.5", 1.5),
        ("0", 0),
        ("-7", 0),
        ("soon", 0),
        ("", 0),
        ("Fri, 02 Jan 2026 03:05:05 GMT", 60),
        ("Fri, 02 Jan 2026 03:00:00 GMT", 0),
        ("Fri, 99 Foo 2026 03:00:00 GMT", 0),
        ("9" * 5000, float("inf")),
    ],
)
def test_understands_retry_after(after: str, seconds: float) -> None:
    assert asked_seconds(answer(503, Retry_After=after)) == seconds


def test_a_date_counts_from_the_servers_clock() -> None:
    date, after = "Fri, 02 Jan 2026 05:00:00 GMT", "Fri, 02 Jan 2026 05:00:09 GMT"
    assert asked_seconds(answer(429, Date=date, Retry_After=after)) == 9


@pytest.mark.parametrize(
    ("window", "seconds"),
    [
        ("limit:5,time:1 minute", 60),
        ("limit:5,time:30 seconds", 30),
        ("limit:5, time: 2 Hours", 7200),
        ("limit:5,time:1 day", 86400),
        ("limit:5,time:1 blink", 0),
    ],
)
def test_reads_the_throttling_window(window: str, seconds: float) -> None:
    said = answer(429, f'{{"error_msg":"policy ip over ratelimit,{window}"}}'.encode())
    assert asked_seconds(said) == seconds


def test_a_header_counts_more_than_the_window_and_the_window_only_when_throttled() -> None:
    window = b"limit:5,time:1 minute"
    assert asked_seconds(answer(429, window, Retry_After="3")) == 3
    assert asked_seconds(answer(503, window)) == 0


def test_gives_up_at_once_when_asked_to_wait_too_long() -> None:
    assert POLICY.wait_seconds(answer(429, Retry_After="120"), attempt=1) == 120
    assert POLICY.wait_seconds(answer(429, Retry_After="121"), attempt=1) is None
    assert POLICY.wait_seconds(answer(429, Retry_After="3600"), attempt=1) is None


def test_an_asked_wait_is_never_shorter_than_the_backoff() -> None:
    assert POLICY.wait_seconds(answer(429, Retry_After="1"), attempt=6) == 8


@pytest.mark.parametrize("text", ["", "x", "Mon", "Fri, 02 Jan 99999999 03:05:05 GMT"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert http_instant(text) is None


def test_a_date_without_a_zone_is_utc() -> None:
    assert http_instant("Fri, 02 Jan 2026 03:04:05 -0000") == NOW


class TestPace:
    def test_without_a_limit_nobody_waits(self) -> None:
        pace = Pace(monotonic=lambda: 5.0)
        assert [pace.wait_seconds() for _ in range(3)] == [0, 0, 0]

    def test_turns_are_evenly_apart(self) -> None:
        now = [100.0]
        pace = Pace(4, monotonic=lambda: now[0])
        assert [pace.wait_seconds() for _ in range(3)] == [0, 0.25, 0.5]
        now[0] += 10
        assert pace.wait_seconds() == 0

    def test_a_hold_is_for_everybody_and_passes(self) -> None:
        now = [100.0]
        pace = Pace(monotonic=lambda: now[0])
        pace.hold(60)
        pace.hold(1)
        assert [pace.wait_seconds(), pace.wait_seconds()] == [60, 60]
        now[0] += 61
        assert pace.wait_seconds() == 0
