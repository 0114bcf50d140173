"""Each report gives the rows of its data file, names its columns, and is documented.

A new report is one file in etl/audit/reports and its data file, which
`python -m tests.support.reports NAME` writes; `make docs` adds it to docs/reports.md.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from etl.audit.query import names_in, read_query, read_rows
from etl.audit.read import Context, read_record
from etl.cli.main import run
from etl.database.engine import open_engine
from etl.transform.components import builtin_tables
from tests.support import reports
from tests.support.databases import BACKENDS
from tests.support.example_record import NOW, example_record
from tests.support.record import FIRST, Record

REPORTS = names_in("reports")


@pytest.fixture(scope="module", params=BACKENDS)
def example_url(request, databases):
    with databases.migrated(request.param) as url:
        engine = open_engine(url)
        example_record(engine)
        engine.dispose()
        yield url


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_gives_the_rows_of_its_data_file(name, example_url):
    assert reports.report_rows(example_url, name) == reports.expected_rows(name)


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_describes_itself(name):
    query = read_query(name, folder="reports")
    problem = f"etl/audit/reports/{name}.sql: the head needs a line `-- "
    assert query.head.get("question", "").endswith("?"), f"{problem}question: …?`"
    for key in ("parameters", "order"):
        assert query.head.get(key), f"{problem}{key}: …`"
    assert {"sources", "limit"} <= set(query.parameters), f"{problem}parameters: sources, limit`"
    assert query.head.get("reads") in {"runs", "catalogue"}, f"{problem}reads: runs` or `catalogue`"
    row = reports.expected_rows(name)[0]
    for column in row:
        reports.meaning(query, column)
    assert {*query.shown, *query.optional, *reports.meanings(query)} <= row.keys()


def test_the_reports_page_is_current():
    assert reports.PAGE.read_text("utf-8") == reports.page(), "run `make docs`"


def test_within_applies_to_the_end_of_life_alone(example_url, capsys):
    assert run(["--database", example_url, "report", "growth", "--within", "90d"]) == 2
    assert "--within is not supported for report 'growth'" in capsys.readouterr().err


def test_by_default_the_end_of_life_has_passed(example_url):
    rows = reports.report_rows(example_url, "end-of-life")
    assert {row["days_left"] < 0 for row in rows} == {True, False}
    passed = end_of_life(example_url, last_day="2026-11-30")
    assert passed == [row for row in rows if row["days_left"] < 0]
    assert end_of_life(example_url, last_day="2025-10-30") == passed[:1]
    assert end_of_life(example_url, last_day="2025-10-31") == passed


def end_of_life(url, *, releases=None, **days):
    engine = open_engine(url)
    with engine.connect() as connection:
        releases = releases or builtin_tables().release_rows()
        rows = read_rows(connection, "end-of-life", folder="reports", today=NOW.date().isoformat(),
                   releases=releases, **days)  # fmt: skip
        found = rows.objects()
    engine.dispose()
    return found


def test_a_release_stands_for_its_patch_releases_and_no_others(engine, database_url):
    record = Record(engine)
    record.run()
    for version in ("3.1", "3.10", "3.1.4", "3.1_2", "30.1"):
        record.add(version, components=[["tool", version]])
    releases = '[["tool","3.1","2026-01-01","a page"],["tool","3_","2026-01-01","a page"]]'
    rows = end_of_life(database_url, releases=releases, last_day="2026-12-31")
    assert [row["image_id"] for row in rows] == ["3.1", "3.1.4"]


def moved_tags(engine, **given):
    with engine.connect() as connection:
        context = Context(now=NOW, configured=(), tables=builtin_tables)
        rows = read_record(connection, "moved-tags", given, context, folder="reports").objects()
    return [(row["image_id"], row["how"], row["was"], row["became"]) for row in rows]


def test_an_image_that_is_built_has_not_moved(engine):
    record = Record(engine)
    record.run()
    for status in ("INIT", "CREATING", "CREATE_FAILED", "ERROR"):
        record.add(status, status=status, swr_path=f"r/o/{status}:1", size=None)
    record.add("sized", status="CREATING", swr_path="r/o/sized:1", size=1)
    record.run()
    for status in ("INIT", "CREATING", "CREATE_FAILED", "ERROR", "sized"):
        record.change(status, status="ACTIVE", size=5)
    assert moved_tags(engine) == []


def test_a_complete_address_with_other_content_has_moved(engine):
    record = Record(engine)
    record.run()
    for image_id in ("rebuilt", "moved", "unknown", "arch"):
        record.add(image_id, status="ACTIVE", swr_path=f"r/o/{image_id}:1", size=5, arch="x86_64")
    record.add("nowhere", size=5)
    record.run()
    record.change("rebuilt", status="CREATING", size=None)
    record.change("moved", swr_path="r/o/moved:2", size=6)
    record.change("unknown", size=None)
    record.change("arch", arch="aarch64")
    record.change("nowhere", size=6)
    record.run()
    record.change("rebuilt", status="ACTIVE", size=6)
    assert moved_tags(engine) == [
        ("rebuilt", "other size", "5", "6"),
        ("arch", "other arch", "x86_64", "aarch64"),
    ]
    assert moved_tags(engine, since=FIRST + timedelta(days=2)) == [
        ("rebuilt", "other size", "5", "6")
    ]


def test_a_tag_that_passes_to_another_image_has_moved(engine):
    record = Record(engine)
    record.run()
    for image_id in ("gone", "renamed", "stays", "returns", "apart"):
        record.add(image_id, name="n", tag="1", swr_path=f"r/o/{image_id}:1")
    record.run()
    record.remove("gone")
    record.remove("returns")
    record.change("renamed", tag="2", swr_path="r/o/renamed:2")
    record.change("stays", description="a")
    for image_id in ("gone", "renamed", "stays", "returns"):
        record.add(f"{image_id}'", name="m", tag="1", swr_path=f"r/o/{image_id}:1")
    record.add("apart'", name="n", tag="1", swr_path="r/o/other:1")
    record.add("untagged", name="n", tag="2", swr_path="r/o/apart:1")
    record.run()
    record.restore("returns")
    record.change("stays", description="b")
    assert moved_tags(engine) == [
        ("returns", "also another image", "returns'", "returns"),
        ("gone'", "other image", "gone", "gone'"),
        ("renamed'", "other image", "renamed", "renamed'"),
        ("returns'", "also another image", "returns", "returns'"),
        ("stays'", "also another image", "stays", "stays'"),
    ]
