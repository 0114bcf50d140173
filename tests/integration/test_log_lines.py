"""Every event of a run says which run and which source, whichever thread tells it."""

import json

import pytest

from etl.cli.main import run

CONFIG = """
[removals]
always_allow = 0
max_count = 0
""" + "".join(
    f'[[source]]\nname = "{name}"\nendpoint = "{where}"\nproject_id = "p"\nhttp.max_retries = 0\n'
    for name, where in (("one", "sample:"), ("two", "sample:"), ("off", "http://127.0.0.1:9"))
)


@pytest.fixture
def events(tmp_path, monkeypatch, capsys):
    """What a command logs as JSON, line by line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG)

    def events_of(*command):
        run(["--log-format", "json", *command])
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return events_of


@pytest.mark.parametrize("parallel", ["1", "3"])
def test_each_event_of_a_source_is_told_with_it(events, parallel):
    events("sync", "--parallel", parallel)
    told = events("-vv", "sync", "--parallel", parallel)  # with lookups, in threads of their own
    assert {event["run"] for event in told} == {2}
    whole_run = [event for event in told if "source" not in event]
    assert [event["event"] for event in whole_run] == ["run started", "run finished"]
    assert (whole_run[1]["status"], whole_run[1]["exit_code"]) == ("held", 30)
    asked = [event for event in told if "/images/" in event.get("request", "")]
    assert {event["source"] for event in asked} == {"one", "two"}
    done = {event["source"]: event for event in told if event["event"] == "source finished"}
    assert done["one"]["held"] == done["two"]["held"] == 1
    assert done["off"]["status"] == "failed"


def test_deciding_and_replaying_are_told_too(events):
    events("sync")
    events("sync")
    for command in (["approve", "2"], ["replay-rejects", "--source", "one"]):
        told = events(*command)
        assert {event["source"] for event in told if "source" in event} >= {"one"}
        assert len({event["run"] for event in told}) == 1


def test_what_is_wrong_is_one_event_where_a_collector_reads(events):
    told = events("-q", "sync")
    assert [event["level"] for event in told] == ["error"]
    assert told[0]["event"] == "run incomplete"
    assert told[0]["detail"].startswith("Run 1 partial: off: ")
    assert told[0]["exit_code"] == 3
    (stale,) = events("-q", "status", "--max-age", "3h")
    assert (stale["event"], stale["exit_code"]) == ("source stale", 40)
    assert stale["detail"] == "no certified walk within 3h: off"


def test_and_one_line_for_people(events, capsys):
    run(["-q", "sync"])
    assert capsys.readouterr().err.count("\n") == 1
