"""Pings and webhook, as their hosts receive them: over sockets, after the commit, harmless."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from etl.cli.main import run
from etl.config import NotifySettings, Settings
from etl.errors import DatabaseUnavailable, Interrupted, UsageError
from etl.maintenance.decisions import decide_held
from etl.model import Outcome, RunOutcome, WalkFacts
from etl.notify.notifier import Result, check_notifications, run_with_notifications
from etl.notify.webhook import MAX_EVENTS, MAX_IMAGES, Affected, body_of, encoded
from tests.support.fake_api import Quirks
from tests.support.faulty import Faulty, head, raw, reply, reset
from tests.support.syncing import catalogue, image, place
from tests.support.wire import Slept

UUID = "5f0c9e0c-canary"
SECRET = "canary-shared-secret"
AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
REFUSED = "http://127.0.0.1:9"


def pinging(host, **keys):
    return NotifySettings(ping_url=f"{host}/ping/{UUID}?create=1", **keys)


def posting(host, **keys):
    return NotifySettings(webhook_url=f"{host}/hook/{UUID}", webhook_secret=SECRET, **keys)


def announced(at, notify, *, command="sync", sleep=None, **how):
    """A run of the place, posted as `notify` says."""
    settings = replace(at.settings(), notify=notify)
    return run_with_notifications(
        command,
        settings,
        lambda: at.run(**how),
        now=lambda: at.now,
        sleep=Slept() if sleep is None else sleep,
    )


RID = re.compile(r"[?&]rid=([0-9a-f-]{36})")


def lines(server):
    """The request lines, without the id of the execution."""
    return [RID.sub("", asked.split(" HTTP/")[0]) for asked in server.asked]


def body_sent(server, index=0):
    return server.asked[index].split("\r\n\r\n", 1)[1].encode("latin-1")


def posted(server, index=0):
    return json.loads(body_sent(server, index))


def is_signed(server, index=0, *, secret=SECRET):
    """The signature computed anew, from its words in docs/operations.md."""
    parts = dict(
        each.split("=") for each in server.header(index, "X-Image-Sync-Signature").split(",")
    )
    signed = parts["t"].encode() + b"." + body_sent(server, index)
    wanted = hmac.digest(secret.encode(), signed, hashlib.sha256).hex()
    return hmac.compare_digest(parts["v1"], wanted)


@pytest.fixture
def sqlite(tmp_path):
    return f"sqlite:///{tmp_path}/images.db"


def test_a_run_pings_at_its_start_and_at_its_end(sqlite):
    with Faulty(reply()) as host, place(sqlite) as at:
        assert announced(at, pinging(host.url)).exit_code == 0
        assert lines(host) == [
            f"POST /ping/{UUID}/start?create=1",
            f"POST /ping/{UUID}?create=1",
        ]
        assert body_sent(host, 1).decode().startswith("sync succeeded, exit code 0\none: succeeded")


def test_the_end_ping_contains_the_exit_code(sqlite):
    with Faulty(reply()) as host, place(sqlite, quirks=Quirks(total=lambda _: "x")) as at:
        assert announced(at, pinging(host.url)).exit_code == 12
        assert lines(host)[1] == f"POST /ping/{UUID}/12?create=1"
        assert "one: failed: " in body_sent(host, 1).decode()


def test_a_start_ping_that_fails_is_not_repeated(sqlite):
    with Faulty(reply(500), reply()) as host, place(sqlite) as at:
        assert announced(at, pinging(host.url)).exit_code == 0
        assert lines(host) == [
            f"POST /ping/{UUID}/start?create=1",
            f"POST /ping/{UUID}?create=1",
        ]


@pytest.mark.parametrize(
    ("error", "code"),
    [(Interrupted(15), 143), (DatabaseUnavailable("off"), 20), (KeyError("canary"), 1)],
)
def test_a_failed_run_pings_its_exit_code(error, code):
    with Faulty(reply()) as host:
        with pytest.raises(type(error)):
            run_with_notifications("sync", Settings(notify=pinging(host.url)), raising(error))
        assert lines(host)[1] == f"POST /ping/{UUID}/{code}?create=1"
        assert "canary" not in body_sent(host, 1).decode()


def raising(error):
    def work():
        raise error

    return work


def test_only_a_sync_pings(sqlite):
    with Faulty(reply()) as host, place(sqlite) as at:
        announced(at, pinging(host.url), command="replay")
        assert host.asked == []


@pytest.mark.parametrize(
    "answer",
    [reply(500), reply(401, UUID), reset(), None],
    ids=["500", "401", "reset", "refused"],
)
def test_a_failing_receiver_is_a_warning_without_its_url(sqlite, answer, caplog):
    caplog.set_level(logging.DEBUG, "etl")
    with Faulty(answer or reply()) as host, place(sqlite) as at:
        url = host.url if answer else REFUSED
        both = replace(posting(url), ping_url=f"{url}/ping/{UUID}?create=1")
        slept = Slept()
        outcome = announced(at, both, sleep=slept)
        at.removals = {"max_count": 0, "max_percent": 0, "always_allow": 0}
        at.api.images = catalogue(5)
        assert announced(at, both, sleep=slept).exit_code == 30
        assert (outcome.status, outcome.exit_code) == ("succeeded", 0)
        assert at.rows("select max(exit_code) as code from sync_runs")[0]["code"] == 30
    warnings = [each for each in caplog.records if each.levelname == "WARNING"]
    assert [each.getMessage() for each in warnings] == ["notification failed"] * 2
    assert [hasattr(each, "webhook") for each in warnings] == [False, True]
    assert all(each.ping for each in warnings)
    assert UUID not in caplog.text
    assert SECRET not in caplog.text
    assert all(seconds <= 10 for seconds in slept)


def test_retry_after_is_capped(sqlite):
    slept = Slept()
    with Faulty(reply(503, Retry_After=100), reply()) as host, place(sqlite, [image(1)]) as at:
        announced(at, posting(host.url), sleep=slept)
        at.api.images = []
        assert announced(at, posting(host.url), sleep=slept).exit_code == 30
        assert len(host.asked) == 2
        assert slept == [10]


@pytest.mark.parametrize(
    "answer", [raw(head(204)), raw(head(200)), raw(b"HTTP/1.0 200 OK\r\n\r\nok"), reply(202)]
)
def test_any_2xx_response_counts_as_delivered(sqlite, answer, caplog):
    with Faulty(answer) as host, place(sqlite) as at:
        announced(at, pinging(host.url))
        assert len(host.asked) == 2
    assert caplog.records == []


def test_removals_are_posted_and_signed_after_the_commit(database_url):
    seen = []
    with place(database_url) as at:

        def look(server, connection):
            seen.append(at.rows("select run_id, status from sync_runs order by run_id desc")[0])
            seen.append(at.rows("select image_id from image_removals order by image_id"))
            reply()(server, connection)

        with Faulty(look) as host:
            announced(at, posting(host.url))
            assert host.asked == []
            at.api.images = catalogue(4)
            announced(at, posting(host.url))
            assert seen == [
                {"run_id": 2, "status": "succeeded"},
                [{"image_id": "id-0004"}, {"image_id": "id-0005"}],
            ]
            assert lines(host) == [f"POST /hook/{UUID}"]
            assert is_signed(host)
            assert not is_signed(host, secret="another")
            assert host.header(0, "Content-Type") == "application/json"
            (event,) = posted(host)["events"]
            removed = at.rows("select * from image_removals order by image_id")
    assert (event["event"], event["source"], event["count"]) == ("removals", "one", 2)
    assert [each["image_id"] for each in event["images"]] == ["id-0004", "id-0005"]
    assert {each["evidence"] for each in event["images"]} == {removed[0]["evidence"]}
    assert event["images"][0]["removed_at"] == "2026-11-02T10:00:00.000Z"
    assert event["images"][0]["last_seen_at"] == "2026-11-02T09:00:00.000Z"


def test_the_body_is_as_documented(sqlite):
    """A receiver relies on each of these names; see docs/operations.md."""
    with Faulty(reply()) as host, place(sqlite, catalogue(20)) as at:
        announced(at, posting(host.url))
        at.api.images = catalogue(5)
        outcome = announced(at, posting(host.url))
        body = posted(host)
        assert list(body) == [
            "schema_version", "program", "version", "host", "run", "events", "events_left_out",
            "checkpoint",
        ]  # fmt: skip
        assert body["schema_version"] == 1
        assert body["run"] == {
            "run_id": 2,
            "command": "sync",
            "status": "held",
            "exit_code": outcome.exit_code,
            "started_at": "2026-11-02T10:00:00.000Z",
            "finished_at": "2026-11-02T10:00:00.000Z",
        }
        (held,) = body["events"]
        assert (held["event"], held["source"], held["count"]) == ("held", "one", 15)
        assert held["rule"] == "max_percent"
        assert list(held["images"][0]) == ["image_id", "name", "evidence", "held_at"]
        at.api.quirks = Quirks(total=lambda _: "x")
        announced(at, posting(host.url))
        (failed,) = posted(host, 1)["events"]
        assert (failed["event"], failed["source"]) == ("failed", "one")
        assert failed["error"]["kind"] == "broken"


def test_the_check_that_the_documentation_shows_works(sqlite):
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    (shown,) = re.findall(r"```python\n(.*?)```", page, flags=re.S)
    shown_names: dict[str, Any] = {}
    exec(shown, shown_names)  # noqa: S102  # our own documentation
    is_ours = shown_names["is_ours"]
    with Faulty(reply()) as host, place(sqlite) as at:
        at.run()
        at.api.images = catalogue(4)
        announced(at, posting(host.url))
        later = [0]
        clock = SimpleNamespace(time=lambda: at.now.timestamp() + later[0])
        shown_names["time"] = clock
        header, body = host.header(0, "X-Image-Sync-Signature"), body_sent(host)
        assert is_ours(header, body, SECRET)
        assert not is_ours(header, body + b" ", SECRET)
        assert not is_ours(header, body, "another")
        later[0] = 301
        assert not is_ours(header, body, SECRET)


def test_approved_removals_are_posted(sqlite):
    with Faulty(reply()) as host, place(sqlite, catalogue(20)) as at:
        at.run()
        at.api.images = catalogue(5)
        at.run()
        settings = replace(at.settings(), notify=posting(host.url))
        run_with_notifications("approve", settings, lambda: decide_held("approve", settings, 2))
        body = posted(host)
        assert body["run"]["command"] == "approve"
        assert [(each["event"], each["count"]) for each in body["events"]] == [("removals", 15)]
        with pytest.raises(UsageError):
            run_with_notifications("approve", settings, lambda: decide_held("approve", settings, 2))
        assert len(host.asked) == 1  # a mistyped number is nobody's failure


def test_an_unavailable_database_is_posted():
    with Faulty(reply()) as host:
        settings = Settings(notify=posting(host.url))
        with pytest.raises(DatabaseUnavailable):
            run_with_notifications(
                "sync", settings, raising(DatabaseUnavailable("the database is off"))
            )
        (event,) = posted(host)["events"]
        assert event["source"] is None
        assert event["error"] == {
            "kind": "run", "message": "the database is off", "request_id": None,
        }  # fmt: skip
        assert posted(host)["run"]["run_id"] is None


def test_a_failed_run_is_posted_with_its_id(sqlite, monkeypatch):
    def broken(*_: Any, **_values: Any) -> Any:
        raise DatabaseUnavailable("the database went off")

    with Faulty(reply()) as host, place(sqlite) as at:
        at.run()
        monkeypatch.setattr("etl.sync.commit", broken)
        with pytest.raises(DatabaseUnavailable):
            announced(at, posting(host.url))
        assert at.rows("select run_id, status from sync_runs order by run_id desc")[0] == {
            "run_id": posted(host)["run"]["run_id"], "status": "failed",
        }  # fmt: skip


def test_unselected_events_are_not_posted(sqlite):
    with Faulty(reply()) as host, place(sqlite) as at:
        at.run()
        at.api.images = catalogue(4)
        announced(at, posting(host.url, webhook_events=("held", "failed")))
        assert host.asked == []


def test_each_attempt_has_its_own_signature(sqlite):
    with Faulty(reply(503), reply()) as host, place(sqlite) as at:
        at.run()
        at.api.images = catalogue(4)

        def sleep(_seconds):
            at.now += timedelta(seconds=30)

        announced(at, posting(host.url), sleep=sleep)
        assert body_sent(host, 0) == body_sent(host, 1)
        assert is_signed(host, 0)
        assert is_signed(host, 1)
        signatures = [host.header(index, "X-Image-Sync-Signature") for index in (0, 1)]
        assert signatures[0] != signatures[1]


def test_retries_are_bounded(sqlite):
    with Faulty(reply(503)) as host, place(sqlite) as at:
        at.run()
        at.api.images = catalogue(4)
        assert announced(at, posting(host.url)).exit_code == 0
        assert len(host.asked) == 3


def test_a_signal_during_a_notification_ends_the_program(sqlite):
    def interrupted(_seconds):
        raise Interrupted(15)

    with Faulty(reply(503)) as host, place(sqlite) as at:
        at.run()
        at.api.images = catalogue(4)
        with pytest.raises(Interrupted):
            announced(at, posting(host.url), sleep=interrupted)
        assert at.rows("select status from sync_runs where run_id = 2") == [{"status": "succeeded"}]


def test_the_body_is_bounded():
    wild = "\x01" * 5000 + "\ud800"
    names = [f"{number:03}" + "\x1f" * 125 for number in range(300)]
    sources = tuple(
        Outcome(
            name=name,
            status="failed",
            observed_at=AT,
            facts=WalkFacts(),
            removed=9999,
            held=9999,
            held_rule="max_percent",
            error_kind="broken",
            error_message=wild,
            error_request_id=wild,
        )
        for name in names
    )
    row = dict.fromkeys(("image_id", "name", "swr_path", "evidence"), wild)
    row |= dict.fromkeys(("last_seen_at", "removed_at", "held_at"), AT)
    rows = [{**row, "source": names[0]}] * MAX_IMAGES
    outcome = RunOutcome(
        run_id=1, status="failed", exit_code=12,
        started_at=AT, finished_at=AT, is_dry_run=False, sources=sources,
    )  # fmt: skip
    result = Result(command="sync", outcome=outcome, error=wild)
    body = body_of(result, Affected(rows, rows), wanted=("removals", "held", "failed"), host="h")
    assert len(body.events) == MAX_EVENTS
    assert body.events_left_out == 901 - MAX_EVENTS
    assert len(encoded(body)) < 2**20
    assert json.loads(encoded(body))["events"][2]["count"] == 9999


CONFIG = """
[notify]
ping_url = "{url}/ping/canary"
webhook_url = "{url}/hook/canary"
webhook_secret = "canary-secret"
[[source]]
name = "one"
endpoint = "sample:"
project_id = "p"
"""


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Faulty(reply()) as host:
        path = tmp_path / "config.toml"
        path.write_text(CONFIG.format(url=host.url))
        path.chmod(0o600)
        yield host


def test_sync_uses_the_configured_channels(host, capsys):
    assert run(["-vv", "sync"]) == 0
    paths = [each.split()[1] for each in lines(host)]
    start, end = "/ping/canary/start", "/ping/canary"
    assert paths == [start, end, "/hook/canary"]  # the sample lists a DELETED one
    assert is_signed(host, 2, secret="canary-secret")
    seen = capsys.readouterr()
    assert "canary" not in seen.out + seen.err


@pytest.mark.parametrize("command", [["plan"], ["sync", "--dry-run"], ["check"], ["status"]])
def test_reading_commands_send_nothing(host, command):
    run(command)
    assert host.asked == []


def test_the_start_and_the_end_of_a_run_have_the_same_id(sqlite):
    with Faulty(reply()) as host, place(sqlite) as at:
        for _ in range(2):
            announced(at, pinging(host.url))
        ids = [RID.search(each)[1] for each in host.asked]
        assert ids[0] == ids[1] != ids[2] == ids[3]


def test_an_unexpected_error_of_a_channel_is_named_by_its_type(sqlite, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("canary")

    monkeypatch.setattr("etl.notify.webhook.read_affected", broken)
    with place(sqlite) as at:
        at.run()
        at.api.images = catalogue(4)
        assert announced(at, posting(REFUSED)).exit_code == 0
    assert [each.webhook for each in caplog.records if each.levelname == "WARNING"] == [
        "RuntimeError"
    ]


def test_a_dead_channel_is_one_line_even_with_quiet(host, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("etl.notify.notifier.MAX_RETRIES", 0)
    path = tmp_path / "config.toml"
    path.write_text(
        CONFIG.format(url=REFUSED).replace("[notify]", '[notify]\nmetrics_file = "/no/x"')
    )
    assert run(["-q", "sync"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "warning: notification failed" in line
    assert " metrics_file=" in line
    assert " ping=" in line
    assert run(["-q", "--log-format", "json", "sync"]) == 0
    event = json.loads(capsys.readouterr().err)
    assert event["event"] == "notification failed"
    assert {"metrics_file", "ping"} <= event.keys()


def test_a_check_sends_a_test_to_each_channel(host, tmp_path):
    settings = Settings(
        notify=replace(
            posting(host.url),
            ping_url=f"{host.url}/ping/{UUID}",
            metrics_file=str(tmp_path / "a.prom"),
            pushgateway_url=f"{host.url}/gateway",
            metrics_labels={"site": "a"},
        )
    )
    before = {*tmp_path.iterdir()}
    sent = check_notifications(settings)
    assert sent == dict.fromkeys(["metrics_file", "pushgateway", "ping", "webhook"], "")
    assert lines(host) == [
        "POST /gateway/metrics/job/image-sync/site/a",
        f"POST /ping/{UUID}/log",
        f"POST /hook/{UUID}",
    ]
    assert posted(host, 2)["events"] == [{"event": "test", "source": None}]
    assert is_signed(host, 2)
    assert {*tmp_path.iterdir()} == before
    dead = replace(
        settings.notify, pushgateway_url=REFUSED, ping_url=REFUSED, webhook_url=REFUSED,
        metrics_file="/no/such/file.prom",
    )  # fmt: skip
    failed = check_notifications(replace(settings, notify=dead), sleep=Slept())
    assert len(failed) == 4
    assert all(failed.values())
    one = Settings(notify=NotifySettings(metrics_file=str(tmp_path / "a.prom")))
    assert check_notifications(one) == {"metrics_file": ""}


def test_metrics_are_pushed_with_the_labels_of_the_installation(sqlite):
    with Faulty(reply()) as host, place(sqlite) as at:
        labels = {"site": "a"}
        announced(at, NotifySettings(pushgateway_url=host.url, metrics_labels=labels))
        assert lines(host) == ["PUT /metrics/job/image-sync/site/a"]
        body = body_sent(host, 0).decode()
        assert 'image_sync_last_run_exit_code{site="a"} 0.0' in body
        assert 'image_sync_source_images{site="a",source="one",state="present"}' in body


def test_without_the_database_pushed_metrics_of_sources_keep_their_values():
    with Faulty(reply()) as host:
        settings = Settings(notify=NotifySettings(pushgateway_url=host.url))
        settings = replace(settings, database=replace(settings.database, url="sqlite:////no/x"))
        with pytest.raises(DatabaseUnavailable):
            run_with_notifications("sync", settings, raising(DatabaseUnavailable("off")))
        assert lines(host) == ["POST /metrics/job/image-sync"]
        assert "image_sync_source_" not in body_sent(host, 0).decode()


def test_config_show_masks_the_urls(host, capsys):
    assert run(["config", "show"]) == 0
    seen = capsys.readouterr().out
    assert "canary" not in seen
    assert 'ping_url = "********"' in seen
