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
def test_each_event_of_a_source_names_its_run_and_source(events, parallel):
    events("sync", "--parallel", parallel)
    logged = events("-vv", "sync", "--parallel", parallel)  # with lookups, in threads of their own
    assert {event["run"] for event in logged} == {2}
    whole_run = [event for event in logged if "source" not in event]
    assert [event["event"] for event in whole_run] == ["run started", "run finished"]
    assert (whole_run[1]["status"], whole_run[1]["exit_code"]) == ("held", 30)
    asked = [event for event in logged if "/images/" in event.get("request", "")]
    assert {event["source"] for event in asked} == {"one", "two"}
    done = {event["source"]: event for event in logged if event["event"] == "source finished"}
    assert done["one"]["held"] == done["two"]["held"] == 1
    assert done["off"]["status"] == "failed"


def test_decisions_and_replays_are_logged_with_run_and_source(events):
    events("sync")
    events("sync")
    for command in (["approve", "2"], ["replay-rejects", "--source", "one"]):
        logged = events(*command)
        assert {event["source"] for event in logged if "source" in event} >= {"one"}
        assert len({event["run"] for event in logged}) == 1


def test_a_failed_run_is_one_json_event(events):
    logged = events("-q", "sync")
    assert [event["level"] for event in logged] == ["error"]
    assert logged[0]["event"] == "run incomplete"
    assert logged[0]["detail"].startswith("Run 1 partial: off: ")
    assert logged[0]["exit_code"] == 3
    (stale,) = events("-q", "status", "--max-age", "3h")
    assert (stale["event"], stale["exit_code"]) == ("source stale", 40)
    assert stale["detail"] == "no certified walk within 3h: off"


def test_a_failed_run_is_one_line_of_text(events, capsys):
    run(["-q", "sync"])
    assert capsys.readouterr().err.count("\n") == 1
