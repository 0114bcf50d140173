"""Other component rules: images are read again at the next run, without new versions."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from sqlalchemy import event, text

from etl.cli.main import run
from etl.load import versions
from etl.transform.components import extended_tables
from tests.support.history import History, record
from tests.support.verified import verified

SHOWN = [record(f"{number}", name=f"pytorch_1.{number}-py_3.7") for number in range(6)]
OWN = '[components]\ntoolkit = { spellings = ["pytorch_1.4-py"] }'
OWN_RULES = extended_tables(OWN, location="own.toml").compiled()
COUNTS = "select count(*), max(version) from image_versions"
TOOLKITS = "select source, image_id, version from image_components where component = 'toolkit'"


def rows(engine, statement):
    with engine.connect() as connection:
        return connection.execute(text(statement)).all()


def test_the_next_run_that_reads_the_source_refreshes_the_components(engine, caplog):
    history = History(engine)
    history.run(SHOWN)
    before = rows(engine, COUNTS)
    history.rules = OWN_RULES
    with caplog.at_level(logging.INFO, "etl.load.versions"):
        history.run([], is_failing=True)
        assert rows(engine, TOOLKITS) == []
        history.run(SHOWN)
        history.run(SHOWN)
    assert rows(engine, TOOLKITS) == [("sample", "4", "3.7")]
    assert rows(engine, COUNTS) == before
    assert [each.images for each in caplog.records] == [1]


def test_removed_rules_are_removed_from_the_record(engine):
    history = History(engine)
    history.run(SHOWN)
    before = rows(engine, "select * from image_components order by 1, 2, 3, 4")
    for rules in (OWN_RULES, history.rules):
        history.rules = rules
        history.run(SHOWN)
    assert rows(engine, TOOLKITS) == []
    assert rows(engine, "select * from image_components order by 1, 2, 3, 4") == before


@pytest.mark.parametrize("block", [1, 2, 5000])
def test_all_images_of_the_source_are_read_in_blocks(engine, monkeypatch, block):
    history = History(engine)
    history.run(SHOWN)
    history.run(SHOWN, source="other")
    history.rules = OWN_RULES
    monkeypatch.setattr(versions, "_BLOCK", block)
    statements = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    history.run(SHOWN)
    assert rows(engine, TOOLKITS) == [("sample", "4", "3.7")]
    reads = [each for each in statements if "image_key >" in each and "components" in each]
    assert len(reads) == -(-len(SHOWN) // block) + 1, "the last one finds no more"


def test_new_images_are_read_by_the_rules_of_their_run(engine):
    history = History(engine)
    history.rules = OWN_RULES
    history.run(SHOWN)
    assert rows(engine, TOOLKITS) == [("sample", "4", "3.7")]
    found = rows(engine, "select distinct component_rules from source_runs")
    assert found == [(OWN_RULES.digest,)]
    assert verified(engine).is_consistent, "components of other rules are not compared"


CONFIG = """
[database]
url = "{url}"
[components]
file = "own.toml"
[[source]]
name = "sample"
endpoint = "sample:"
project_id = "0123456789abcdef0123456789abcdef"
"""
DATES = """
[releases.toolkit]
"3" = { ends_on = 2020-01-31, according_to = "our wiki" }
"""


@pytest.fixture
def configured(database_url, tmp_path, monkeypatch):
    """A configuration that names a file with rules and dates of the user."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG.format(url=database_url))
    own = tmp_path / "own.toml"
    own.write_text('[components]\ntoolkit = { spellings = ["ubuntu18"], packed = {} }\n' + DATES)
    return own


def test_a_file_of_the_configuration_applies_to_sync_report_and_dashboard(configured, capsys):
    assert run(["-q", "sync"]) == 0
    configured.write_text(configured.read_text().replace("ubuntu18", "pytorch"))
    assert run(["-q", "sync"]) == 0
    capsys.readouterr()
    assert run(["report", "end-of-life", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert "our wiki" not in {row["according_to"] for row in rows}
    configured.write_text(configured.read_text().replace('"3"', '"1"'))
    assert run(["report", "end-of-life", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["component"] for row in rows if row["according_to"] == "our wiki"} == {"toolkit"}
    assert run(["dashboard", "page.html"]) == 0
    assert "<bdi>toolkit</bdi> <bdi>1</bdi>" in Path("page.html").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[", "own.toml: not TOML"),
        (b"\xff", "own.toml: not UTF-8"),
        (b"colour = 1", "own.toml: colour: unknown"),
        (None, "own.toml: cannot be read: Is a directory"),
    ],
)
@pytest.mark.parametrize("arguments", [["sync"], ["report", "end-of-life"]])
def test_a_mistake_in_the_file_is_a_configuration_error(
    content, message, arguments, configured, capsys
):
    if content is None:
        configured.unlink()
        configured.mkdir()
    else:
        configured.write_bytes(content)
    assert run(arguments) == 2
    assert message in capsys.readouterr().err
