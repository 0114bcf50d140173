"""`sources`, and a sync of a share of them."""

import json
import os
from datetime import timedelta

import pytest

from etl.cli.context import CliContext
from etl.cli.main import run
from etl.clock import utc_now

SOURCE = """
[[source]]
name = "{name}"
endpoint = "{endpoint}"
project_id = "0123456789abcdef0123456789abcdef"
"""
SECRET = "canary-of-the-secret-key"
NO_KEYS = '[source.auth]\nmethod = "aksk"\n'
KEYS = f'[source.auth]\nmethod = "aksk"\naccess_key = "{SECRET}"\nsecret_key = "{SECRET}"\n'


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    far = "https://modelarts.cn-north-4.myhuaweicloud.com"
    path = tmp_path / "config.toml"
    path.write_text(
        SOURCE.format(name="one", endpoint="sample:")
        + SOURCE.format(name="far", endpoint=far)
        + KEYS
    )
    path.chmod(0o600)


@pytest.mark.usefixtures("config")
def test_sources_are_listed_as_a_table_and_as_json(capsys):
    assert run(["sources"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "REGION", "PROJECT_ID", "TYPES", "WORKSPACES", "ENDPOINT"]
    assert lines[2].split()[:2] == ["far", "cn-north-4"]
    assert run(["sources", "--output", "json"]) == 0
    text = capsys.readouterr().out
    one, far = json.loads(text)
    assert (one["name"], one["types"], one["region"]) == (
        "one",
        ["BUILD_IN", "DEDICATED"],
        "sample",
    )
    assert (far["auth_method"], far["workspaces"]) == ("aksk", ["*"])
    assert SECRET not in text


@pytest.mark.usefixtures("config")
def test_a_shard_may_have_no_source(capsys):
    shares = {number: _names(capsys, "--shard", f"{number}/5") for number in range(1, 6)}
    assert sorted(name for names in shares.values() for name in names) == ["far", "one"]
    empty = next(number for number, names in shares.items() if not names)
    assert run(["sync", "--shard", f"{empty}/5"]) == 0
    assert capsys.readouterr().out == "No source belongs to this shard.\n"
    assert run(["sync", "--shard", f"{empty}/5", "--output", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["run_id"], printed["dry_run"], printed["sources"]) == (None, False, [])
    assert run(["verify"]) == 0
    capsys.readouterr()
    assert run(["-q", "sync", "--shard", f"{empty}/5"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("config")
def test_an_empty_list_of_sources(capsys):
    assert run(["sources", "--shard", "1/2"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, "nothing found" in printed.err) == ("", True)


@pytest.mark.usefixtures("config")
def test_a_sync_of_a_shard_reads_only_its_sources(capsys):
    number = next(n for n in range(1, 6) if _names(capsys, "--shard", f"{n}/5") == ["one"])
    assert run(["sync", "--shard", f"{number}/5", "--output", "json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)["sources"]] == ["one"]
    assert run(["plan", "--shard", f"{number}/5"]) == 0


@pytest.mark.usefixtures("config")
def test_a_source_that_is_named_twice_is_read_once(capsys):
    assert run(["sync", "--source", "one", "--source", "one", "--output", "json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)["sources"]] == ["one"]


def test_all_sources_without_keys_are_reported_before_anything_is_read(config, tmp_path, capsys):
    for variable in ("HUAWEICLOUD_SDK_AK", "HW_ACCESS_KEY"):
        assert variable not in os.environ
    keyless = SOURCE.format(name="two", endpoint="https://localhost:9") + NO_KEYS
    with (tmp_path / "config.toml").open("a") as file:
        file.write(keyless + keyless.replace("two", "three"))
    for command in ("sync", "plan"):
        assert run([command]) == 2
        printed = capsys.readouterr().err
        assert "source 'two', auth: no access keys" in printed
        assert "source 'three', auth: no access keys" in printed
    assert run(["runs"]) == 0
    assert "nothing found" in capsys.readouterr().err
    assert run(["sync", "--source", "one"]) == 0
    capsys.readouterr()
    assert run(["check", "--source", "one", "--source", "two"]) == 2
    lines = [line for line in capsys.readouterr().out.splitlines() if "no access keys" in line]
    assert [line.split(":")[0] for line in lines] == ["failed  two"]


@pytest.mark.usefixtures("config")
def test_an_invalid_shard_is_a_usage_error(capsys):
    assert run(["sync", "--shard", "3/2"]) == 2
    assert "expected K/N with 1 ≤ K ≤ N" in capsys.readouterr().err
    assert run(["sync", "--shard", "1/2", "--source", "one"]) == 2
    assert "--source and --shard cannot be combined" in capsys.readouterr().err


def _names(capsys, *options):
    assert run(["sources", "--output", "json", *options]) == 0
    return [each["name"] for each in json.loads(capsys.readouterr().out)]


def answer(capsys, *args):
    """The exit code and the JSON that a command prints."""
    code = run([*args])
    return code, json.loads(capsys.readouterr().out)


def test_a_retired_source_is_neither_stale_nor_in_the_catalogue(
    tmp_path, monkeypatch, capsys, empty_database_url
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", empty_database_url)
    path = tmp_path / "config.toml"
    path.write_text(SOURCE.format(name="old", endpoint="sample:"))
    assert run(["sync"]) == 0
    assert run(["sources", "retire", "old"]) == 2
    assert "source 'old' is still configured; remove its [[source]]" in capsys.readouterr().err
    path.write_text(SOURCE.format(name="new", endpoint="sample:"))
    assert run(["sync"]) == 0
    assert run(["sources", "retire", "odl"]) == 2
    assert "did you mean 'old'?" in capsys.readouterr().err
    age = ["status", "--max-age", "1s", "--source", "old", "--output", "json"]
    monkeypatch.setattr(CliContext, "clock", staticmethod(lambda: utc_now() + timedelta(days=1)))
    assert answer(capsys, *age)[0] == 40
    code, printed = answer(
        capsys, "sources", "retire", "old", "--by", "me", "--reason", "renamed", "--output", "json"
    )
    (source,) = printed["sources"]
    assert (code, source["removed"]) == (0, 0)
    assert source["out_of_scope"] > 30
    code, (state,) = answer(capsys, *age)
    assert (code, state["is_stale"], state["present"]) == (0, False, 0)
    assert state["retired_at"]
    assert answer(capsys, "images", "--source", "old", "--format", "json") == (0, [])
    _, (latest, *_) = answer(capsys, "runs", "--format", "json")
    assert (latest["actor"], latest["reason"]) == ("me", "renamed")
    assert run(["verify"]) == 0
    path.write_text(SOURCE.format(name="old", endpoint="sample:"))
    assert run(["sync"]) == 0
    capsys.readouterr()
    assert answer(capsys, *age)[1][0]["retired_at"] is None
    assert len(answer(capsys, "images", "--source", "old", "--format", "json")[1]) > 30
