"""`sync` and `plan` as a person, a cron job and a program meet them."""

import json

import pytest

from etl.cli.main import run

SAMPLE = """
[[source]]
name = "one"
endpoint = "sample:"
project_id = "0123456789abcdef0123456789abcdef"
"""
NOWHERE = (
    SAMPLE.replace("one", "off").replace("sample:", "http://127.0.0.1:9")
    + """
[source.http]
max_retries = 0
"""
)


@pytest.fixture
def config(tmp_path, monkeypatch, empty_database_url):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", empty_database_url)
    (tmp_path / "config.toml").write_text(SAMPLE)
    return tmp_path / "config.toml"


@pytest.mark.usefixtures("config")
def test_a_plan_writes_nothing_and_a_sync_prints_a_summary(capsys):
    assert run(["plan"]) == 0
    assert "Nothing was written." in capsys.readouterr().out
    assert run(["sync", "--source", "one"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("Run 1 succeeded: 1 source in ")
    assert "Details: image-sync changes --run 1" in printed.out
    assert printed.err == ""


@pytest.mark.usefixtures("config")
def test_the_json_object_of_a_sync(capsys):
    assert run(["sync", "--output", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["run_id"], printed["status"], printed["dry_run"]) == (1, "succeeded", False)
    assert printed["sources"][0]["certificate"] == "exact"
    assert printed["sources"][0]["added"] > 30


def test_q_prints_nothing_on_success_and_one_line_otherwise(config, capsys):
    assert run(["-q", "sync"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")
    config.write_text(SAMPLE + NOWHERE)
    assert run(["-q", "sync"]) == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[-1].startswith("image-sync: Run 2 partial: off: ")


@pytest.mark.usefixtures("config")
def test_an_unknown_source_is_a_usage_error(capsys):
    assert run(["sync", "--source", "two"]) == 2
    assert "unknown source 'two'" in capsys.readouterr().err
