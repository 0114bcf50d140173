"""`verify`, `evidence`, `checkpoint` and `key` as a person types them."""

from __future__ import annotations

import json
import re
import stat

import pytest
from sqlalchemy import text

from etl.cli.main import run
from etl.config import HttpSettings, ProofSettings
from etl.proof.checkpoint import make_key
from etl.publish import publish_checkpoint
from tests.support.databases import opened
from tests.support.history import History, record

KEY = make_key()
CONFIGURATION = """
[database]
url = "{}"
[proof]
origin = "example.org/log"
signing_key = "key.pem"
checkpoint_file = "checkpoints.txt"
"""


def _two_runs(engine):
    """A record of two runs with a checkpoint each."""
    history = History(engine)
    settings = ProofSettings(origin="example.org/log", signing_key=KEY.decode())
    for shown in ([record("a"), record("b")], [record("a")]):
        history.run(shown)
        publish_checkpoint(engine, settings, http=HttpSettings(), now=history.at)


@pytest.fixture
def place(backend, databases, tmp_path, monkeypatch):
    """A folder with a configuration, a key, the checkpoints, and the engine of their record."""
    monkeypatch.chdir(tmp_path)
    with databases.recorded(backend, _two_runs) as url, opened(url) as engine:
        (tmp_path / "config.toml").write_text(CONFIGURATION.format(url))
        (tmp_path / "key.pem").write_bytes(KEY)
        with engine.connect() as connection:
            notes = connection.scalars(text("select note from checkpoints order by size"))
            (tmp_path / "checkpoints.txt").write_text("\n".join(notes))
        yield engine


def key_of(capsys):
    assert run(["key", "show", "key.pem"]) == 0
    return capsys.readouterr().out.strip()


def test_a_key_is_readable_by_its_owner_alone_and_never_overwritten(place, tmp_path, capsys):
    path = tmp_path / "key.pem"
    path.unlink()
    assert run(["key", "init", "key.pem"]) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert run(["key", "init", "key.pem"]) == 2
    assert "keys are never overwritten" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert key_of(capsys).startswith("example.org/log+")
    assert run(["key", "show", "missing.pem"]) == 2
    assert run(["key", "init", "nowhere/key.pem"]) == 2
    assert run(["key", "show", "config.toml"]) == 2
    assert "not a private key" in capsys.readouterr().err


def test_a_key_without_a_configured_name_is_of_the_stored_one(database_url, tmp_path, capsys):
    url = ["--database", database_url]
    assert run([*url, "key", "init", str(tmp_path / "key.pem")]) == 0
    first = capsys.readouterr().out
    assert first.startswith("image-sync/")
    assert run([*url, "key", "show", str(tmp_path / "key.pem")]) == 0
    assert capsys.readouterr().out == first


def test_the_latest_checkpoint_is_printed(place, tmp_path, capsys):
    assert run(["checkpoint"]) == 0
    note = capsys.readouterr().out
    assert (tmp_path / "checkpoints.txt").read_text().endswith(note)
    assert run(["checkpoint", "--output", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["note"], shown["size"], shown["timestamp_token"]) == (note, 2, None)


def test_there_may_be_no_checkpoint_yet(database_url, capsys):
    assert run(["--database", database_url, "checkpoint"]) == 2
    assert "no checkpoint yet" in capsys.readouterr().err
    assert run(["--database", database_url, "verify"]) == 0
    assert "the log is empty" in capsys.readouterr().out


def test_verify_reports_its_checks(place, tmp_path, capsys):
    assert run(["verify", "--checkpoint", "checkpoints.txt"]) == 0
    shown = capsys.readouterr().out
    assert "log example.org/log: 2 entries, root " in shown
    assert "2 checkpoints match the log: 2 signed" in shown
    assert "2 checkpoints kept elsewhere match, too" in shown
    assert run(["-q", "verify"]) == 0
    assert capsys.readouterr().out == ""
    key = key_of(capsys)
    assert run(["verify", "--key", key, "--since", "2026-09-01", "--source", "sample"]) == 0
    assert "not checked" not in capsys.readouterr().out
    (tmp_path / "config.toml").write_text(
        (tmp_path / "config.toml").read_text().replace("signing_key", "# signing_key")
    )
    assert run(["verify"]) == 0
    assert "not checked: 2 signatures (no key)" in capsys.readouterr().out
    other = "example.org/log+00000000+AAAA"
    assert run(["verify", "--key", other]) == 2
    assert run(["verify", "--source", "nowhere"]) == 2


def test_verify_names_mismatches(place, capsys):
    with place.begin() as connection:
        connection.execute(text("update image_removals set evidence = 'lookup_deleted'"))
        connection.execute(text("update current_images set size = 7"))
    assert run(["verify"]) == 41
    error = capsys.readouterr().err
    assert "first at entry 0, event 0, run 1, source sample: image_versions, image_id a" in error
    assert run(["verify", "--output", "json"]) == 41
    result = json.loads(capsys.readouterr().out)
    assert result["consistent"] is False
    assert result["findings"][0]["entry"] == 0
    assert result["finding_count"] >= 3


def test_verify_shows_ten_findings_and_counts_the_rest(place, capsys):
    History(place).run([record(f"new {number}") for number in range(12)], source="other")
    with place.begin() as connection:
        connection.execute(text("update current_images set size = 7 where image_id like 'new%'"))
    assert run(["verify"]) == 41
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert re.fullmatch(r"  and \d+ more", lines[-1])


def test_verify_reports_a_damaged_state_of_the_log(place, capsys):
    with place.begin() as connection:
        connection.execute(text("update log_state set frontier = 'damaged'"))
    assert run(["verify"]) == 41
    assert "the record is inconsistent" in capsys.readouterr().err


def test_verify_takes_checkpoint_files_that_are_checkpoints(place, tmp_path, capsys):
    for content, message in (("", "no checkpoint"), ("nonsense\n", "line 1"), ("a\n\n\n\n\n", "")):
        (tmp_path / "notes.txt").write_text(content)
        assert run(["verify", "--checkpoint", "notes.txt"]) == 2
        assert message in capsys.readouterr().err


def test_an_evidence_file_is_written_and_checked(place, tmp_path, capsys):
    key = key_of(capsys)
    assert run(["evidence", "b", "b.zip"]) == 0
    assert "b.zip: " in capsys.readouterr().out
    assert run(["-q", "evidence", "b", "b.zip", "--removal", "2", "--source", "sample"]) == 0
    checked = ["evidence", "check", "b.zip", "--key", key]
    assert run(checked) == 0
    assert "kept elsewhere" not in capsys.readouterr().out
    assert run([*checked, "--checkpoint", "checkpoints.txt"]) == 0
    shown = capsys.readouterr().out
    assert "proved: the checkpoint is the one that was kept elsewhere" in shown
    assert "NOT proved: when the log had this state" in shown
    first, second = (tmp_path / "checkpoints.txt").read_text().split("example.org/log\n")[1:]
    (tmp_path / "old.txt").write_text(f"example.org/log\n{first}")
    assert run([*checked, "--checkpoint", "old.txt"]) == 1
    (tmp_path / "other.txt").write_text(f"other\n{second}")
    assert run([*checked, "--checkpoint", "other.txt"]) == 1
    assert run(["evidence", "check", "b.zip"]) == 1
    assert capsys.readouterr().out.count("INVALID: ") == 3
    (tmp_path / "b.zip").write_bytes(b"PK")
    assert run(checked) == 1
    assert run(["evidence", "check", "missing.zip"]) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["evidence", "b", "b.txt"],
        ["evidence", "nowhere", "b.zip"],
        ["evidence", "b", "b.zip", "--source", "other"],
        ["evidence", "b", "b.zip", "--removal", "1"],
        ["evidence", "a", "b.zip", "--removal", "1"],
        ["evidence", "b", "b.zip", "--key", "key"],
        ["evidence", "check", "b.zip", "--removal", "2"],
    ],
)
def test_options_that_do_not_fit_are_refused(place, arguments, capsys):
    assert run(arguments) == 2
    assert capsys.readouterr().err.startswith("image-sync: ")


def test_an_image_of_several_sources_needs_the_source(place, capsys):
    History(place).run([record("a")], source="other")
    assert run(["evidence", "a", "a.zip"]) == 2
    assert "--source: other, sample" in capsys.readouterr().err
    assert run(["evidence", "a", "a.zip", "--source", "other"]) == 0


def test_evidence_of_an_inconsistent_record_is_not_written(place, tmp_path, capsys):
    with place.begin() as connection:
        connection.execute(text("update image_removals set evidence = 'lookup_deleted'"))
    assert run(["evidence", "b", "b.zip"]) == 41
    assert not (tmp_path / "b.zip").exists()
