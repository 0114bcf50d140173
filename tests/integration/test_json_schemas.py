"""What commands print as JSON matches the JSON Schemas that the package contains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from etl.audit.query import names_in
from etl.cli.main import run
from etl.cli.setup import schemas as shipped
from etl.database.engine import open_engine
from tests.support import schemas
from tests.support.databases import BACKENDS, opened
from tests.support.example_record import example_record
from tests.support.manual import commands
from tests.support.record import Record

ROOT = Path(__file__).parents[2]

ROWS = {
    "images": ["images", "--state", "all"],
    "images-as-of": ["images", "--as-of", "2026-11-08", "--state", "all"],
    "history": ["history", "vision-train"],
    "changes": ["changes"],
    "removals": ["removals"],
    "removals-held": ["removals", "--held"],
    "diff": ["diff", "1", "5"],
    "runs": ["runs"],
    "runs-by-source": ["runs", "--by-source"],
    "rejects": ["rejects", "--all"],
    "status": ["status"],
    "report-list": ["report", "--list"],
    **{f"report-{name}": ["report", name] for name in names_in("reports")},
    "report-changed-fields": ["report", "changed-fields", "--since", "2026-01-01"],
}


@pytest.fixture(scope="module", params=BACKENDS)
def record_url(request, databases):
    """An example record on either database."""
    with databases.migrated(request.param) as url:
        engine = open_engine(url)
        example_record(engine).hold("x", source="beijing")
        engine.dispose()
        yield url


@pytest.fixture(scope="module")
def schema_of():
    return dict(schemas.schemas())


def output(capsys, *args):
    capsys.readouterr()
    assert run([*args]) in {0, 30}
    return json.loads(capsys.readouterr().out)


def require_valid(value, schema):
    """Also rejects properties that the schema does not have: the files allow future ones."""
    jsonschema.Draft202012Validator(schemas.strict(schema)).validate(value)


def test_the_package_contains_the_schema_of_every_output(schema_of):
    assert set(shipped()) >= schema_of.keys()
    for name, schema in schema_of.items():
        path = schemas.FOLDER / f"{name}.json"
        assert path.read_text("utf-8") == schemas.text_of(schema), "run `make docs`"
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", ROWS)
def test_rows_match_their_schema(name, record_url, schema_of, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", record_url)
    rows = output(capsys, *ROWS[name], "--format", "json")
    assert rows
    require_valid(rows, schema_of[name])
    assert list(rows[0]) == list(schema_of[name]["items"]["properties"])


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A configuration of the sample."""
    folder = tmp_path_factory.mktemp("sample")
    config = folder / "config.toml"
    config.write_text(
        f'[database]\nurl = "sqlite:///{folder}/images.db"\n'
        '[[source]]\nname = "sample"\nendpoint = "sample:"\n'
        'project_id = "0123456789abcdef0123456789abcdef"\n'
    )
    return ["--config", str(config)]


def test_objects_match_their_schema(sample, schema_of, tmp_path, capsys):
    for name, args in (
        ("sync", ["sync"]),
        ("plan", ["plan"]),
        ("sync", ["sync"]),
        ("replay-rejects", ["replay-rejects"]),
        ("dashboard", ["dashboard", str(tmp_path / "page.html")]),
        ("export", ["export", str(tmp_path / "images.csv")]),
        ("check", ["check"]),
        ("sources", ["sources"]),
        ("db-current", ["db", "current"]),
        ("db-check", ["db", "check"]),
        ("db-upgrade", ["db", "upgrade"]),
        ("db-copy", ["db", "copy", f"sqlite:///{tmp_path}/copy.db"]),
    ):
        require_valid(output(capsys, *sample, *args, "--output", "json"), schema_of[name])


def test_results_that_are_files_match_their_schema(sample, schema_of, tmp_path, capsys):
    assert run([*sample, "-q", "sync"]) == 0
    images = output(capsys, *sample, "images", "--limit", "1", "--format", "json")
    key, evidence = str(tmp_path / "key.pem"), str(tmp_path / "evidence.zip")
    for name, args in (
        ("config-init", ["config", "init", str(tmp_path / "new.toml")]),
        ("key-init", ["key", "init", key]),
        ("key-show", ["key", "show", key]),
        ("evidence", ["evidence", images[0]["image_id"], evidence]),
        ("evidence-check", ["evidence", "check", evidence]),
    ):
        found = output(capsys, *sample, *args, "--output", "json")
        require_valid(found, schema_of[name])
        assert found.get("valid", True)
    Path(evidence).write_bytes(b"")
    assert run(["evidence", "check", evidence, "--output", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    require_valid(found, schema_of["evidence-check"])
    assert (found["valid"], bool(found["problem"])) == (False, True)


def test_a_schema_can_be_printed(capsys, schema_of):
    assert output(capsys, "schema", "changes") == schema_of["changes"]
    assert run(["schema"]) == 0
    assert "report-end-of-life" in capsys.readouterr().out
    assert run(["schema", "chnges"]) == 2
    assert "did you mean 'changes'" in capsys.readouterr().err


def commands_with_json():
    return [
        name.removeprefix("image-sync ").replace(" ", "-")
        for name, command in commands()
        for each in command.params
        if each.name in {"output", "form"} and "json" in getattr(each.type, "choices", ())
    ]


OTHERWISE = {"config-show": "configuration"}


@pytest.mark.parametrize("command", commands_with_json())
def test_every_command_that_prints_json_has_a_schema(command):
    names = {command, OTHERWISE.get(command), f"{command}-list"}
    assert names & set(shipped())


@pytest.mark.parametrize(
    ("encoding", "form"), [("latin-1", "json"), ("gbk", "csv"), ("ascii", "jsonl")]
)
def test_json_and_csv_are_utf_8_in_every_locale(encoding, form, databases, tmp_path):
    name = "镜像 é \U0001f40d"
    with databases.migrated("sqlite") as url:
        with opened(url) as engine:
            record = Record(engine)
            record.run()
            record.add("x", name=name)
        done = subprocess.run(
            [sys.executable, "-m", "etl", "--database", url, "--log-format", "json",
             "changes", "--since", "2026-10-01", "--format", form],
            env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)},
            cwd=tmp_path, capture_output=True, check=True,
        )  # fmt: skip
    assert name in done.stdout.decode()
    (event,) = map(json.loads, done.stderr.decode().splitlines())
    assert (event["event"], name in event["detail"]) == ("record incomplete", False)
