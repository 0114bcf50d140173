"""The page's numbers are those of the tables, its text is harmless, its size is bounded."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from etl.audit.dashboard import charts, facts, write_dashboard
from etl.cli.main import run
from etl.database.engine import open_engine
from etl.errors import UsageError
from tests.support.history import BEGINNING, HOSTILE, History, holding, missing, record, varied


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


class Attributes(HTMLParser):
    """The names of all attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def handle_starttag(self, _tag, attrs):
        self.names |= {name for name, _ in attrs}


def page_of(engine: Engine, folder: Path, *, now) -> tuple[str, facts.Facts]:
    path = folder / "page.html"
    with engine.connect() as connection:
        told = write_dashboard(connection, path, now=now)
    return path.read_text("utf-8"), told


def number(engine: Engine, statement: str) -> int:
    with engine.connect() as connection:
        return connection.execute(text(statement)).scalar_one()


def shown(page: str, fact: str) -> int:
    return int(re.search(rf'data-fact="{fact}">([\d,]+)<', page)[1].replace(",", ""))


def test_the_numbers_are_those_of_the_tables(engine, tmp_path):
    history = varied(engine, runs=15)
    page, told = page_of(engine, tmp_path, now=history.at + timedelta(days=3))
    present = number(engine, "select count(*) from images where state = 'present'")
    assert shown(page, "present") == present == told.series[-1].value
    for name in ("added", "changed", "removed"):
        assert shown(page, name) == number(engine, f"select sum({name}) from source_runs")
    assert told.removals.total == number(engine, "select count(*) from image_removals")
    held = "select count(*) from held_removals where released_at is null"
    assert shown(page, "held") == number(engine, held)
    rejects = "select count(*) from rejects where resolved_at is null"
    assert told.rejects.total == number(engine, rejects) > 0
    for column, counts in told.values.items():
        for value, count in counts:
            same = f"{column} = '{value}'" if value else f"{column} is null"
            statement = f"select count(*) from images where state = 'present' and {same}"
            assert number(engine, statement) == count
    assert shown(page, "old") == number(
        engine,
        "select count(distinct c.image_id) from image_components as c join images as i"
        " on i.source = c.source and i.image_id = c.image_id where i.state = 'present'"
        " and (c.component = 'ubuntu' and c.version in ('18.04', '20.04')"
        " or c.component = 'python' and c.version = '3.7')",
    )


def test_it_says_what_wants_attention(engine, tmp_path):
    history = History(engine)
    history.run([record("a"), record("b"), record("c")])
    history.run([record("a"), record("b")], decide=holding)
    history.run([record("a"), record("b")], decide=missing)
    history.run([], is_failing=True)
    history.run([record("x")], source="never", certificate="none")
    page, _ = page_of(engine, tmp_path, now=history.at + timedelta(days=2))
    notices = re.findall(r'class="notice (\w+)"><a href="#(\w+)">([^<]*)', page)
    assert ("bad", "sources", "sample: the latest run failed (unavailable)") in notices
    assert ("bad", "sources", "never: never read in a certified walk") in notices
    assert ("warn", "sources", "sample: last certified walk 2 days ago") in notices
    assert ("warn", "sources", "1 image absent from the listings, not yet decided") in notices


def test_held_removals_and_a_quiet_week(engine, tmp_path):
    history = History(engine)
    history.run([record("a"), record("b")])
    page, told = page_of(engine, tmp_path, now=history.at + timedelta(hours=1))
    assert "nothing waits for a decision" in page
    assert told.now_against_week is None
    history.run([record("a")], decide=holding)
    page, told = page_of(engine, tmp_path, now=history.at + timedelta(days=8))
    assert "1 removal held by the guard" in page
    assert told.missing == 0
    assert told.now_against_week == 0


@pytest.mark.parametrize("name", ["page.txt", "page", "page.html.gz"])
def test_no_other_file_becomes_a_page(engine, tmp_path, name):
    file = tmp_path / name
    file.write_text("mine")
    with engine.connect() as connection, pytest.raises(UsageError, match=r"name a \.html file"):
        write_dashboard(connection, file, now=BEGINNING)
    assert file.read_text() == "mine"


def test_an_empty_record_has_a_page(engine, tmp_path):
    page, _ = page_of(engine, tmp_path, now=BEGINNING)
    assert "Nothing has been read yet" in page


def test_hostile_text_stays_text(engine, tmp_path):
    hostile = [
        record(f"{place}{text}", name=text, description=text, tag=text, arch=text)
        for place, text in enumerate(HOSTILE)
    ]
    history = History(engine)
    history.run(hostile)
    history.run([], decide=holding)
    history.run([{**each, "name": f"{each['name']}!"} for each in hostile[:5]])
    page, _ = page_of(engine, tmp_path, now=history.at)
    body = page.split("</style>", 1)[1]
    assert len(re.findall("<script", page)) == 1
    assert len(re.findall("</style", page)) == 1
    assert "<img" not in body
    parser = Attributes()
    parser.feed(page)
    assert not {name for name in parser.names if name.startswith("on")}
    assert not [c for c in body if not c.isprintable() and c != "\n"]
    assert "⟨U+202E⟩" in page
    assert "more</span>" in page  # the very long name is cut


def test_the_policy_allows_the_page_s_own_style_and_script_alone(engine, tmp_path):
    page, _ = page_of(engine, tmp_path, now=BEGINNING)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    rules = dict(rule.split(" ", 1) for rule in policy.replace("&#39;", "'").split("; "))
    assert rules["default-src"] == "'none'"
    for name in ("style", "script"):
        inline = re.search(rf"<{name}>(.*?)</{name}>", page, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert rules[f"{name}-src"] == f"'sha256-{digest}'"
    assert " style=" not in page
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)


def test_a_large_catalogue_has_a_small_page(engine, tmp_path):
    History(engine).run(record(f"{number:05}", name=f"image {number}") for number in range(3000))
    page, told = page_of(engine, tmp_path, now=BEGINNING)
    assert told.images.left_out == 3000 - facts.MOST_ROWS
    assert "2,700 more are left out" in page
    assert len(page) < 1_000_000


def test_many_values_are_gathered(engine, tmp_path):
    History(engine).run(record(f"{number}", arch=f"arch-{number:02}") for number in range(20))
    _, told = page_of(engine, tmp_path, now=BEGINNING)
    assert told.values["arch"][-1] == ("…", 12)


def test_many_points_are_thinned():
    points = [charts.Point(BEGINNING + timedelta(hours=n), n) for n in range(5000)]
    thinned = charts.thinned(points)
    assert len(thinned) <= charts.MOST_POINTS
    assert thinned[-1] == points[-1]


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [(0, 0, [0, 1]), (-3, 12, [-5, 0, 5, 10, 15]), (990, 1003, [990, 995, 1000, 1005])],
)
def test_scales_are_round(low, high, values):
    assert charts.round_values(low, high) == values


def test_the_file_is_whole_and_has_the_caller_s_rights(engine, database_url, tmp_path, capsys):
    varied(engine, runs=2)
    path = tmp_path / "page.html"
    before = os.umask(0o027)
    try:
        assert run(["--database", database_url, "dashboard", str(path)]) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert "images" in capsys.readouterr().err
    path.chmod(0o604)
    assert run(["-q", "--database", database_url, "dashboard", str(path)]) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    assert capsys.readouterr().err == ""
    assert list(tmp_path.iterdir()) == [path]


def test_where_it_can_t_be_written_nothing_is_left(engine, tmp_path):
    with engine.connect() as connection, pytest.raises(UsageError, match="can't be written"):
        write_dashboard(connection, tmp_path / "none" / "page.html", now=BEGINNING)
