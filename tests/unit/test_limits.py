"""Retries, rate limit and protection from lockout."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from requests.structures import CaseInsensitiveDict

from etl.client.hosts import Lockout, RateLimit
from etl.client.http_client import RetryPolicy
from etl.client.messages import NoResponse, Response, http_date
from etl.errors import SourceRefused

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
POLICY = RetryPolicy(max_retries=9, jitter=lambda: 0.0)


def response(status: int, body: bytes = b"", **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, body, CaseInsensitiveDict(named), "", NOW)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_transient_status_is_retried(status: int) -> None:
    assert POLICY.wait_seconds(response(status), attempt=1) == 0.25


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 409, 501, 505])
def test_no_other_status_is_retried(status: int) -> None:
    assert POLICY.wait_seconds(response(status), attempt=1) is None


def test_a_missing_response_is_retried_if_the_cause_is_transient() -> None:
    assert POLICY.wait_seconds(NoResponse("reset", hint=""), attempt=1) == 0.25
    assert (
        POLICY.wait_seconds(NoResponse("bad name", hint="", is_transient=False), attempt=1) is None
    )


def test_waits_double_up_to_a_limit_and_end() -> None:
    waits = [POLICY.wait_seconds(response(500), attempt=n) for n in range(1, 11)]
    assert waits == [0.25, 0.5, 1, 2, 4, 8, 15, 15, 15, None]


def test_jitter_spreads_the_waits() -> None:
    latest = RetryPolicy(max_retries=1, jitter=lambda: 1.0)
    assert latest.wait_seconds(response(500), attempt=1) == 0.5
    assert latest.wait_seconds(response(503, Retry_After="7"), attempt=1) == 8


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
def test_retry_after_may_be_seconds_or_a_date(after: str, seconds: float) -> None:
    assert response(503, Retry_After=after).retry_after_seconds == seconds


def test_a_date_is_compared_with_the_servers_clock() -> None:
    date, after = "Fri, 02 Jan 2026 05:00:00 GMT", "Fri, 02 Jan 2026 05:00:09 GMT"
    assert response(429, Date=date, Retry_After=after).retry_after_seconds == 9


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
def test_the_throttling_message_contains_the_wait(window: str, seconds: float) -> None:
    throttled = response(429, f'{{"error_msg":"policy ip over ratelimit,{window}"}}'.encode())
    assert throttled.retry_after_seconds == seconds


def test_the_header_precedes_the_message_and_the_message_counts_only_for_429() -> None:
    window = b"limit:5,time:1 minute"
    assert response(429, window, Retry_After="3").retry_after_seconds == 3
    assert response(503, window).retry_after_seconds == 0


def test_a_wait_that_is_too_long_is_not_waited() -> None:
    assert POLICY.wait_seconds(response(429, Retry_After="120"), attempt=1) == 120
    assert POLICY.wait_seconds(response(429, Retry_After="121"), attempt=1) is None
    assert POLICY.wait_seconds(response(429, Retry_After="3600"), attempt=1) is None


def test_a_requested_wait_is_never_shorter_than_the_backoff() -> None:
    assert POLICY.wait_seconds(response(429, Retry_After="1"), attempt=6) == 8


@pytest.mark.parametrize("text", ["", "x", "Mon", "Fri, 02 Jan 99999999 03:05:05 GMT"])
def test_other_text_is_not_a_date(text: str) -> None:
    assert http_date(text) is None


def test_a_date_without_a_zone_is_utc() -> None:
    assert http_date("Fri, 02 Jan 2026 03:04:05 -0000") == NOW


class TestRateLimit:
    def test_without_a_limit_no_request_waits(self) -> None:
        limit = RateLimit(monotonic=lambda: 5.0)
        assert [limit.wait_seconds(0) for _ in range(3)] == [0, 0, 0]

    def test_turns_are_evenly_spaced(self) -> None:
        now = [100.0]
        limit = RateLimit(monotonic=lambda: now[0])
        assert [limit.wait_seconds(4) for _ in range(3)] == [0, 0.25, 0.5]
        now[0] += 10
        assert limit.wait_seconds(4) == 0

    def test_sources_of_one_host_share_its_turns(self) -> None:
        limit = RateLimit(monotonic=lambda: 100.0)
        assert [limit.wait_seconds(4), limit.wait_seconds(2), limit.wait_seconds(4)] == [
            0,
            0.25,
            0.75,
        ]

    def test_a_hold_applies_to_everybody_and_ends(self) -> None:
        now = [100.0]
        limit = RateLimit(monotonic=lambda: now[0])
        limit.hold(60)
        limit.hold(1)
        assert [limit.wait_seconds(0), limit.wait_seconds(0)] == [60, 60]
        now[0] += 61
        assert limit.wait_seconds(0) == 0


class TestLockout:
    def test_three_requests_are_in_flight_until_one_was_accepted(self) -> None:
        lockout, entered, may_end = Lockout(), [0], threading.Event()
        enough = threading.Semaphore(0)

        def attempt() -> None:
            with lockout.attempt():
                entered[0] += 1
                enough.release()
                may_end.wait(5)

        threads = [threading.Thread(target=attempt) for _ in range(5)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            assert enough.acquire(timeout=5)
        assert not enough.acquire(timeout=0.05)
        lockout.note_accepted()
        assert enough.acquire(timeout=5)
        may_end.set()
        for thread in threads:
            thread.join(5)
        assert entered == [5]

    def test_refused_credentials_are_not_sent_again(self) -> None:
        lockout = Lockout()
        lockout.note_refused(SourceRefused("access denied", status=401, request_id="r"))
        with pytest.raises(SourceRefused, match=r"not sent, .*access denied") as caught:
            with lockout.attempt():
                pass
        assert (caught.value.status, caught.value.request_id) == (401, "r")

    def test_waiting_requests_are_not_sent_after_a_refusal(self) -> None:
        lockout = Lockout()
        errors: list[BaseException] = []

        def attempt() -> None:
            try:
                with lockout.attempt():
                    pass
            except SourceRefused as error:
                errors.append(error)

        with lockout.attempt(), lockout.attempt(), lockout.attempt():
            waiting = threading.Thread(target=attempt)
            waiting.start()
            lockout.note_refused(SourceRefused("access denied"))
            waiting.join(5)
        assert len(errors) == 1

    def test_credentials_that_were_accepted_before_are_not_wrong(self) -> None:
        lockout = Lockout()
        lockout.note_accepted()
        lockout.note_refused(SourceRefused("access denied"))
        with lockout.attempt():
            pass

    def test_a_user_may_be_refused_once_for_another_project(self) -> None:
        lockout = Lockout(refusals=2)
        lockout.note_refused(SourceRefused("no such project"))
        with lockout.attempt():
            pass
