"""No statement needs a newer SQLite than 3.34: no other version can be installed beside Python's.

The whole program runs, and each statement is searched for what later versions brought.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from etl.audit.query import names_in
from etl.cli.main import run
from etl.database.sqlite import OLDEST_VERSION

CONFIG = """
[[source]]
name = "sample"
endpoint = "sample:"
project_id = "0123456789abcdef0123456789abcdef"
"""
LATER = {
    r"\breturning\b": (3, 35),
    r"\b(not )?materialized\b": (3, 35),
    r"\bdrop column\b": (3, 35),
    r"\b(ceil|ceiling|floor|ln|log|log2|log10|mod|pow|power|sqrt|trunc|pi|exp)\(": (3, 35),
    r"\)\s*strict\b": (3, 37),
    r"->": (3, 38),
    r"\b(unixepoch|format)\(": (3, 38),
    r"\bis (not )?distinct from\b": (3, 39),
    r"\b(right|full)( outer)? join\b": (3, 39),
    r"\bunhex\(": (3, 41),
    r"\b(octet_length|timediff)\(": (3, 43),
    r"\b(concat|concat_ws|string_agg)\(": (3, 44),
    r"\bjson_group_(array|object)\([^()]*order by": (3, 44),
    r"\bjsonb_?\w*\(": (3, 45),
    r"\b\d+_\d+\b": (3, 46),
}
COMMANDS = (
    *("sync", "sync", "plan", "sync", "sync --accept-removals", "check", "status", "runs"),
    *("runs --by-source", "images", "images --state all", "images --as-of 1h"),
    *("images --component python", "changes --since 1d", "changes --after 0", "removals"),
    *("removals --held", "rejects", "diff 1 2", "replay-rejects", "verify", "checkpoint"),
    *("sources", "db check", "db current", "db upgrade", "prune --keep 1d"),
    *(
        "export {folder}/out.csv",
        "export {folder}/past.csv --as-of 1h",
        "dashboard {folder}/o.html",
    ),
    *("db copy sqlite:///{folder}/copy.db",),
    *(f"report {name}" for name in names_in("reports")),
)


@pytest.fixture
def statements():
    """Every statement that SQLAlchemy passes to a driver."""
    found: set[str] = set()

    def note(_connection, _cursor, statement, *_):
        found.add(statement.lower())

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


def test_no_statement_needs_a_newer_sqlite(statements, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 34, 0))  # for this program
    monkeypatch.setattr("sqlite3.dbapi2.sqlite_version_info", (3, 34, 0))  # for SQLAlchemy
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG)
    for command in COMMANDS:
        code = run(command.format(folder=tmp_path).split())
        assert code in {0, 3, 30}, (command, capsys.readouterr().err)
    assert run(["history", image_of(capsys)]) == 0
    assert len(statements) > 100
    needed = [
        (version, pattern, statement)
        for pattern, version in LATER.items()
        for statement in statements
        if version > OLDEST_VERSION[:2] and re.search(pattern, statement)
    ]
    assert needed == []


def image_of(capsys) -> str:
    capsys.readouterr()
    assert run(["images", "--format", "csv", "--limit", "1"]) == 0
    head, row = capsys.readouterr().out.splitlines()[:2]
    return row.split(",")[head.split(",").index("image_id")]


def test_the_search_finds_what_later_versions_brought():
    assert any(re.search(pattern, "insert into t values (1) returning a") for pattern in LATER)
    assert any(re.search(pattern, "select tags ->> 'x' from t") for pattern in LATER)
