"""Faults of a source in whole runs: each ends with its exit code, in time, and changes nothing.

Every fault happens to a source that was synced before. The run must end within the configured times
and write nothing but its run rows. The next run, without the fault, finds everything unchanged.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from etl.client.http_client import TOTAL_TIMEOUTS
from etl.config import AuthSettings, Settings
from etl.errors import EnvironmentFailure
from etl.model import RunOutcome
from etl.run import run_sync
from etl.sync_options import SyncOptions
from tests.support.databases import Databases
from tests.support.fake_api import AccessKey, Quirks, Request, Response, User, error_response
from tests.support.faulty import bomb
from tests.support.syncing import Place, catalogue, place

Answer = Callable[[Request], Response | None]

TIMEOUT_SECONDS = 0.3
HTTP = {"page_size": 2, "max_retries": 1, "timeout_seconds": TIMEOUT_SECONDS}
# Two attempts and the wait between them, twice for a busy machine.
BOUND_SECONDS = 2 * (2 * (1 + TOTAL_TIMEOUTS) * TIMEOUT_SECONDS + 1)


@pytest.fixture
def here(databases: Databases) -> Iterator[Place]:
    """A source with six stored images on three pages."""
    with databases.migrated("sqlite") as url, place(url, catalogue(6)) as here:
        here.cover(http=HTTP)
        assert here.sync().added == 6
        yield here


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.client.http_client.FIRST_WAIT_SECONDS", 0.01)


def is_second_page(request: Request) -> bool:
    return request.path.endswith("/images") and request.query["offset"] == "2"


def altered(here: Place, alter: Callable[[dict[str, Any]], object]) -> Answer:
    """The second page, altered."""

    def answer(request: Request) -> Response | None:
        if not is_second_page(request):
            return None
        response = here.api.respond(request)
        page = msgspec.json.decode(response.body)
        alter(page)
        return replace(response, body=msgspec.json.encode(page))

    return answer


def instead(response: Response) -> Answer:
    """Another response instead of the second page."""
    return lambda request: response if is_second_page(request) else None


def cut(here: Place, **how: Any) -> Answer:
    """The second page with a fault of the socket."""
    return lambda request: (
        replace(here.api.respond(request), **how) if is_second_page(request) else None
    )


def dripping() -> Iterator[bytes]:
    yield b'{"data": ['
    for _ in range(400):
        time.sleep(0.02)
        yield b" "


def stalling() -> Iterator[bytes]:
    yield b'{"data": ['
    time.sleep(4 * TIMEOUT_SECONDS)


JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html"}


def repeat(here: Place) -> Answer:
    """Every page is the first one with the requested number, without end."""

    def answer(request: Request) -> Response | None:
        if not request.path.endswith("/images"):
            return None
        first = replace(request, query={**request.query, "offset": "0"})
        page = msgspec.json.decode(here.api.respond(first).body)
        page |= {"current": int(request.query["offset"]) // 2, "total": 10**9}
        return Response(200, msgspec.json.encode(page), JSON)

    return answer


def unfold(_here: Place) -> Answer:
    """New pages without end."""

    def answer(request: Request) -> Response | None:
        if not request.path.endswith("/images"):
            return None
        start = int(request.query["offset"])
        rows = [{"id": f"endless-{start + n}", "type": "BUILD_IN"} for n in range(2)]
        page = {"data": rows, "total": start + 3, "size": 2, "current": start // 2}
        return Response(200, msgspec.json.encode(page), JSON)

    return answer


def put(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda page: page.update(fields)


FAULTS: dict[str, tuple[int, Callable[[Place], Answer]]] = {
    "data is null": (12, lambda here: altered(here, put(data=None))),
    "data is missing": (12, lambda here: altered(here, lambda page: page.pop("data"))),
    "data is an object": (12, lambda here: altered(here, put(data={}))),
    "total is missing": (12, lambda here: altered(here, lambda page: page.pop("total"))),
    "total is negative": (12, lambda here: altered(here, put(total=-1))),
    "total is text": (12, lambda here: altered(here, put(total="6"))),
    "total is a fraction": (12, lambda here: altered(here, put(total=6.5))),
    "total is true": (12, lambda here: altered(here, put(total=True))),
    "total is huge": (12, lambda here: altered(here, put(total=10**30))),
    "another page": (12, lambda here: altered(here, put(current=7))),
    "a page repeated for ever": (12, repeat),
    "endless pages": (12, unfold),
    "an array": (12, lambda _: instead(Response(200, b"[]", JSON))),
    "nothing": (12, lambda _: instead(Response(200, b"", JSON))),
    "HTML with 200": (12, lambda _: instead(Response(200, b"<html>Sign in", HTML))),
    "a bomb": (
        12,
        lambda _: instead(Response(200, bomb(1 << 25), {**JSON, "Content-Encoding": "gzip"})),
    ),
    "a body beyond the bound": (12, lambda _: instead(Response(200, b"{" + b" " * 70_000, JSON))),
    "a redirect to another host": (
        12,
        lambda _: instead(Response(302, b"", {"Location": "https://elsewhere.example.com/"})),
    ),
    "a redirect to plain HTTP": (
        12,
        lambda _: instead(Response(301, b"", {"Location": "http://127.0.0.1/v1"})),
    ),
    "another project": (10, lambda _: instead(error_response(403, "ModelArts.0210", "project"))),
    "no such API": (10, lambda _: instead(error_response(404, "APIGW.0101", "no such API"))),
    "401 in mid-walk": (10, lambda _: instead(error_response(401, "APIGW.0301", "expired"))),
    "a reset before the answer": (11, lambda here: cut(here, cut_after=0, reset=True)),
    "a reset in the body": (11, lambda here: cut(here, cut_after=300, reset=True)),
    "a body cut short": (11, lambda here: cut(here, cut_after=300)),
    "a stall": (11, lambda here: cut(here, body=stalling())),
    "a slow drip": (11, lambda here: cut(here, body=dripping())),
    "an hour to wait": (11, lambda _: instead(Response(429, b"{}", {"Retry-After": "3600"}))),
    "throttled for good": (11, lambda _: instead(Response(429, b"{}", {"Retry-After": "soon"}))),
    "a database behind it": (11, lambda _: instead(error_response(500, "ModelArts.0100", "oh"))),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_the_source_in_time_and_changes_nothing(here: Place, name: str) -> None:
    code, fault = FAULTS[name]
    before = here.tables()
    here.walk = {"max_pages": 50}
    here.cover(http={**HTTP, "max_response_bytes": 65_536})
    here.api.before_request = fault(here)
    began = time.monotonic()
    run = here.run()
    assert time.monotonic() - began < BOUND_SECONDS
    assert (run.exit_code, run.status, run.sources[0].status) == (code, "failed", "failed")
    assert run.sources[0].error_message
    assert here.tables() == before
    here.api.before_request = None
    outcome = here.sync()
    assert (outcome.status, outcome.unchanged, outcome.removed) == ("succeeded", 6, 0)
    assert here.tables() == before


PASSING: dict[str, tuple[Response | None, dict[str, Any]]] = {
    "a reset before the answer": (None, {"cut_after": 0, "reset": True}),
    "a body cut short": (None, {"cut_after": 300}),
    "500": (error_response(500, "ModelArts.0100", "oh"), {}),
    "503": (Response(503, b"busy", {"Retry-After": "0"}), {}),
    "429 and nonsense": (Response(429, b"{}", {"Retry-After": "soon"}), {}),
    "429 and a date long past": (
        Response(429, b"{}", {"Retry-After": "Fri, 02 Jan 2015 03:05:05 GMT"}),
        {},
    ),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_transient_fault_is_retried(here: Place, name: str) -> None:
    response, how = PASSING[name]
    once = [True]

    def answer(request: Request) -> Response | None:
        if not is_second_page(request) or not once:
            return None
        once.pop()
        return response or replace(here.api.respond(request), **how)

    here.api.before_request = answer
    outcome = here.sync()
    assert (outcome.status, outcome.unchanged, outcome.facts.retries) == ("succeeded", 6, 1)
    assert outcome.facts.certificate == "exact"


def test_responses_out_of_order_are_processed_in_order(here: Place) -> None:
    """Each page waits until a later one was sent."""
    here.api.images = catalogue(16)
    here.cover(http={**HTTP, "concurrency": 4, "timeout_seconds": 5})
    answered = [threading.Event() for _ in range(10)]

    def answer(request: Request) -> None:
        page = int(request.query.get("offset", "0")) // 2
        if 2 <= page < 5:
            answered[page + 1].wait(1)
        answered[page].set()

    here.api.before_request = answer
    outcome = here.sync()
    assert (outcome.seen, outcome.added, outcome.facts.certificate) == (16, 10, "exact")
    assert outcome.facts.detail["listings"][0]["rows"] == 16


@pytest.mark.parametrize("minutes", [-4, -1, 1, 4])
def test_clocks_may_differ_by_a_few_minutes(here: Place, minutes: int) -> None:
    before = here.tables()
    here.api.quirks = Quirks(clock_skew_seconds=60.0 * minutes)
    [outcome] = run_sync(here.settings()).sources  # by the true clock
    assert (outcome.status, outcome.unchanged) == ("succeeded", 6)
    assert here.tables() == before


@pytest.mark.parametrize(("minutes", "side"), [(-6, "ahead of"), (540, "behind")])
def test_a_clock_that_is_far_off_stamps_nothing(here: Place, minutes: int, side: str) -> None:
    here.api.images = catalogue(3)
    here.api.quirks = Quirks(clock_skew_seconds=60.0 * minutes)
    before = (here.tables(), here.rows("select * from source_runs"))
    with pytest.raises(EnvironmentFailure, match=f"minutes {side} the API's; nothing was written"):
        run_sync(here.settings())
    assert (here.tables(), here.rows("select * from source_runs")) == before
    [run] = here.rows("select status, exit_code from sync_runs order by run_id desc limit 1")
    assert run == {"status": "failed", "exit_code": 50}


def test_a_token_that_is_revoked_during_a_walk_is_renewed(here: Place) -> None:
    here.api.quirks = Quirks(user=User(domain="acme", name="ann", password="wonder"))
    auth = {"domain": "acme", "user": "ann", "password": "wonder", "iam_endpoint": here.api.url}
    here.source = replace(here.source, auth=AuthSettings(method="password", **auth))
    revoked = []

    def answer(request: Request) -> None:
        if is_second_page(request) and not revoked:
            revoked.append(True)
            here.api.revoke_tokens()

    here.api.before_request = answer
    outcome = here.sync()
    assert (outcome.status, outcome.unchanged) == ("succeeded", 6)
    assert sum(request.method == "POST" for request in here.api.requests) == 2


# Credentials that are wrong, shared by several sources.

KEY = AccessKey("AKSAMPLE", "right")
USER = User(domain="acme", name="ann", password="right")


def run_of(here: Place, auth: AuthSettings, *, count: int = 6, **how: Any) -> RunOutcome:
    sources = tuple(
        replace(here.source, name=f"s{number}", project_id=f"p{number}", auth=auth)
        for number in range(count)
    )
    settings: Settings = replace(here.settings(), sources=sources)
    here.api.requests.clear()
    return run_sync(settings, SyncOptions(**how))  # by the true clock: signatures carry the time


def asked(here: Place) -> int:
    return len(here.api.requests)


def test_a_wrong_key_is_sent_once_for_all_sources_that_share_it(here: Place) -> None:
    """More than five consecutive refusals lock a key."""
    here.api.quirks = Quirks(access_key=KEY)
    wrong = AuthSettings(method="aksk", access_key=KEY.access, secret_key="wrong")
    run = run_of(here, wrong)
    assert (run.exit_code, asked(here)) == (10, 1)
    told = [str(each.error_message) for each in run.sources]
    assert ["not sent, the same credentials were refused" in each for each in told] == [
        False,
        *[True] * 5,
    ]
    right = AuthSettings(method="aksk", access_key=KEY.access, secret_key="right")
    assert run_of(here, right).exit_code == 0


def test_a_key_that_was_accepted_before_is_not_wrong(here: Place) -> None:
    """A source that is refused during its walk does not affect the others."""
    here.api.quirks = Quirks(access_key=KEY)
    right = AuthSettings(method="aksk", access_key=KEY.access, secret_key="right")
    here.api.before_request = lambda request: (
        error_response(401, "APIGW.0301", "no") if "/p1/" in request.path else None
    )
    run = run_of(here, right, count=3)
    assert [each.status for each in run.sources] == ["succeeded", "failed", "succeeded"]


def test_a_refusal_does_not_affect_other_keys_and_hosts(here: Place) -> None:
    here.api.quirks = Quirks(tokens=frozenset({"good"}))
    with place(here.url, catalogue(2)) as there:
        wrong, good = (AuthSettings(method="token", token=each) for each in ("bad", "good"))
        sources = (
            replace(here.source, name="a", auth=wrong),
            replace(here.source, name="b", auth=good),
            replace(here.source, name="c", auth=wrong, endpoint=there.api.url),
        )
        run = run_sync(replace(here.settings(), sources=sources), now=lambda: here.now)
        assert [each.status for each in run.sources] == ["failed", "succeeded", "succeeded"]


def test_a_wrong_password_is_sent_to_iam_at_most_twice(here: Place) -> None:
    """IAM also refuses a valid user for a project of others, so one refusal proves nothing."""
    here.api.quirks = Quirks(user=USER)
    auth = {"domain": "acme", "user": "ann", "iam_endpoint": here.api.url}
    run = run_of(here, AuthSettings(method="password", password="wrong", **auth))
    assert (run.exit_code, asked(here)) == (10, 2)
    refused = error_response(401, "IAM.0001", "The project is not one of the user's.")
    here.api.before_request = lambda request: refused if b'"p0"' in request.body else None
    run = run_of(here, AuthSettings(method="password", password="right", **auth), count=3)
    assert [each.status for each in run.sources] == ["failed", "succeeded", "succeeded"]
