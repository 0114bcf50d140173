"""`check` and `plan`, as they are typed: what they report, and that they write nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from etl.cli.main import run
from etl.config import DatabaseSettings, Settings
from etl.errors import DatabaseUnavailable
from etl.maintenance.check import Checked, check
from tests.support.databases import Databases
from tests.support.fake_api import FakeApi, Quirks, Response, generation, workspaces

ALIVE = [image for image in generation(1) if image.get("status") != "DELETED"]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi(ALIVE, workspaces=workspaces()) as api:
        yield api


@pytest.fixture
def config(tmp_path: Path, api: FakeApi, databases: Databases) -> Iterator[str]:
    path = tmp_path / "config.toml"
    with databases.migrated("sqlite") as url:
        path.write_text(
            f'[database]\nurl = "{url}"\n[http]\nmax_retries = 0\n'
            f'[[source]]\nname = "s"\nendpoint = "{api.url}"\nproject_id = "p"\n'
        )
        yield str(path)


def read(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_check_reports_successes_and_failures(
    config: str, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["-c", config, "check"]) == 0
    output = capsys.readouterr().out
    assert "lookups permitted" in output
    assert output.count("ok ") == 2
    assert run(["-c", config, "-q", "check"]) == 0
    assert capsys.readouterr().out == ""
    api.before_request = lambda _request: Response(403, b"{}", {})
    assert run(["-c", config, "check", "--output", "json"]) == 10
    assert [each["status"] for each in read(capsys)] == ["ok", "failed"]
    assert run(["-c", config, "--database", "sqlite:////nowhere/at/all.db", "check"]) == 20


def test_check_names_the_database_that_the_next_sync_creates(
    config: str, capsys: pytest.CaptureFixture[str], empty_database_url: str
) -> None:
    url = ["--database", empty_database_url]
    place = make_url(empty_database_url).database
    assert run(["-c", config, *url, "check"]) == 0
    database = capsys.readouterr().out.splitlines()[0]
    assert str(place) in database
    assert "the next sync creates" in database
    path = Path(config)
    path.write_text(path.read_text().replace("[http]", "auto_upgrade = false\n[http]"))
    for command in (["check"], ["plan"], ["sync", "--dry-run"]):
        assert run(["-c", config, *url, *command]) == 21
        captured = capsys.readouterr()
        output = captured.out + captured.err
        assert "the schema is missing, this program needs" in output
        assert not Path(str(place)).exists(), "looking makes no file"


def test_check_reports_a_file_that_is_not_a_database(
    config: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.db"
    stranger.write_bytes(b"no database at all" * 100)
    assert run(["-c", config, "--database", f"sqlite:///{stranger}", "check"]) == 20
    assert "failed  database" in capsys.readouterr().out


def test_a_plan_shows_every_image_in_a_pipe_and_the_first_ones_on_a_terminal(
    config: str, api: FakeApi, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    api.images = [{**ALIVE[0], "id": f"i{number}"} for number in range(60)]
    assert run(["-c", config, "plan"]) == 0
    assert capsys.readouterr().out.count("  + i") == 60
    with monkeypatch.context() as terminal:
        terminal.setattr("sys.stdout.isatty", lambda: True, raising=False)
        assert run(["-c", config, "plan"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("  + i") == 50
    assert "and 10 more lines" in shown
    assert run(["-c", config, "sync"]) == 0
    capsys.readouterr()
    assert run(["-c", config, "plan"]) == 0
    assert "s:\n" not in capsys.readouterr().out.replace("s: 60", "")
    api.images, api.quirks = api.images[1:], Quirks(show="refused")
    assert run(["-c", config, "plan"]) == 0
    assert "? i0" in capsys.readouterr().out


def test_a_plan_lists_each_image_and_writes_nothing(
    config: str, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["-c", config, "sync"]) == 0
    changed = [{**ALIVE[0], "description": "x" * 100}, *ALIVE[2:], {**ALIVE[1], "id": "new"}]
    api.images = changed
    capsys.readouterr()
    assert run(["-c", config, "plan"]) == 0
    output = capsys.readouterr().out
    assert f"- {ALIVE[1]['id']}" in output
    assert "remove (lookup_not_found" in output
    assert f"~ {ALIVE[0]['id']}" in output
    assert "description:" in output
    assert "+ new" in output
    assert run(["-c", config, "images", "--format", "json"]) == 0
    assert len(read(capsys)) == len(ALIVE)


def test_a_check_can_test_notifications(
    config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl.notify.notifier.MAX_RETRIES", 0)
    path = Path(config)
    path.write_text('[notify]\nping_url = "http://127.0.0.1:9/x"\n' + path.read_text())
    assert run(["-c", config, "check", "--output", "json"]) == 0
    assert [each["place"] for each in read(capsys)] == ["database", "s"]
    assert run(["-c", config, "check", "--notify", "--output", "json"]) == 3
    latest = read(capsys)[-1]
    assert (latest["place"], latest["status"]) == ("notify.ping", "failed")


def test_a_check_tests_the_signing_key(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "key.pem"
    path = Path(config)
    path.write_text(f'[proof]\nsigning_key = "{key}"\n' + path.read_text())
    command = ["-c", config, "check", "--output", "json"]
    assert run(command) == 0
    unreadable = {each["place"]: each for each in read(capsys)}["proof"]
    assert unreadable["status"] == "warning"
    assert "checkpoints are not signed" in unreadable["message"]
    assert run(["-c", config, "key", "init", str(key)]) == 0
    capsys.readouterr()
    assert run(command) == 0
    assert {each["place"]: each["status"] for each in read(capsys)}["proof"] == "ok"


def test_a_check_tests_the_checkpoint_file(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "missing" / "checkpoints.txt"
    path = Path(config)
    path.write_text(f'[proof]\ncheckpoint_file = "{file}"\n' + path.read_text())
    statuses = []
    for prepare in (lambda: None, file.parent.mkdir, file.touch):
        prepare()
        assert run(["-c", config, "check", "--output", "json"]) == 0
        statuses += [each["status"] for each in read(capsys) if each["place"] == "proof"]
        assert not file.exists() or file.read_bytes() == b""
    assert statuses == ["warning", "ok", "ok"]


def test_a_check_reports_a_database_that_becomes_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/images.db"

    def check_and_lose(_settings: DatabaseSettings) -> list[Checked]:
        (tmp_path / "images.db").mkdir()
        return []

    monkeypatch.setattr("etl.maintenance.check.check_database", check_and_lose)
    (result,), exit_code = check(Settings(database=DatabaseSettings(url=url)))
    assert (result.place, result.status) == ("database", "failed")
    assert exit_code == result.exit_code == DatabaseUnavailable.exit_code


@pytest.mark.parametrize(
    ("minutes", "status", "exit_code"), [(1, "ok", 0), (-3, "warning", 0), (10, "failed", 50)]
)
def test_a_check_compares_the_clocks(
    config: str,
    api: FakeApi,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    status: str,
    exit_code: int,
) -> None:
    skew = property(lambda _client: 60.0 * minutes, lambda _client, _value: None)
    monkeypatch.setattr("etl.client.http_client.Client.clock_skew_seconds", skew, raising=False)
    assert run(["-c", config, "check", "--output", "json"]) == exit_code
    latest = read(capsys)[-1]
    assert latest["status"] == status
    assert ("clock" in latest["message"]) == (status != "ok")
