"""The reading commands find what they look for through indexes, on both databases."""

import re

import pytest
from sqlalchemy import text

from benchmarks.ledger import write_ledger
from etl.audit.query import bound, names_in, read_query
from etl.database.engine import open_engine
from etl.transform.components import builtin_tables
from tests.support.databases import BACKENDS
from tests.support.record import FIRST

IMAGES = 30_000  # enough that PostgreSQL weighs an index against the whole table

# The commands' questions about something in particular: none may read the catalogue as a whole.
QUESTIONS = {
    "images": {"limit": 100, "state": "present"},
    "images_as_of": {"limit": 100, "at": FIRST},
    "find_image": {"limit": 11, "first_id": "a", "last_id": "b"},
    "find_image by id": {"image_id": "a"},
    "find_image by name": {"limit": 11, "name": "a"},
    "find_image by path": {"limit": 11, "swr_path": "a"},
    "history": {"sources": ["one"], "image_id": "a"},
    "history_changes": {"sources": ["one"], "image_id": "a"},
    "changes": {"limit": 101, "first_run": 3},
    "changes of a run": {"run": 3},
    "changes after": {"after": 95, "first_run": 96, "last_entry": 99},
    "changes since": {"since": FIRST, "first_run": 3},
    "removals": {"limit": 101},
    "status": {},
    "record_spans": {"from_run": 98, "to_run": 99},
    "runs_between": {"from_run": 98, "to_run": 99},
    "diff": {"from_run": 98, "to_run": 99, "first_run": 99, "last_run": 99},
    "diff since": {"from_at": FIRST, "to_run": 99, "first_run": 94, "last_run": 99},
}


# A report's head names what it reads: `runs` (and their changes), or the whole `catalogue`.
GIVEN = {"limit": 101, "since": FIRST, "first_run": 3}
OF_RUNS = [
    name
    for name in names_in("reports")
    if read_query(name, folder="reports").head.get("reads") == "runs"
]
TABLES = r"(catalogue|past_versions|field_changes|[cse])"
WHOLE_TABLE = {
    "sqlite": rf"SCAN {TABLES}\b(?!.* USING (COVERING )?INDEX)",
    "postgresql": r"Seq Scan on (catalogue|past_versions|field_changes)\b",
}


@pytest.fixture(scope="module", params=BACKENDS)
def ledger_url(request, databases):
    """A hundred runs of many images, and what the database plans queries by."""
    with databases.empty(request.param) as url:
        write_ledger(url, images=IMAGES)
        yield url


def plan(url, name, given, *, folder, is_empty=True):
    """How a database goes about a question, and which tables it reads as a whole."""
    engine = open_engine(url)
    dialect = engine.dialect.name
    sql = read_query(name, folder=folder).sql(dialect, given)
    explain = "explain query plan " if dialect == "sqlite" else "explain "
    statement = bound(explain + sql, given)
    with engine.connect() as connection:
        if is_empty and dialect == "postgresql":  # it is quickest read as a whole
            connection.execute(text("set enable_seqscan = off"))
        steps = "\n".join(str(row[-1]) for row in connection.execute(statement))
    engine.dispose()
    return steps, re.findall(WHOLE_TABLE[dialect], steps)


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_the_whole_catalogue_without_need(question, database_url):
    steps, whole = plan(database_url, question.split()[0], QUESTIONS[question], folder="queries")
    assert not whole, steps


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_planner_of_a_large_database_avoids_whole_tables(question, ledger_url):
    """PostgreSQL chooses by what it expects to find: so a table must be large, and be known."""
    name, given = question.split()[0], QUESTIONS[question]
    steps, whole = plan(ledger_url, name, given, folder="queries", is_empty=False)
    assert not {"current_images", "c"} & set(whole), steps


@pytest.mark.parametrize("name", OF_RUNS)
def test_a_report_on_runs_and_changes_does_not_read_the_whole_catalogue(name, database_url):
    steps, whole = plan(database_url, name, GIVEN, folder="reports")
    assert not whole, steps


@pytest.mark.parametrize("name", ["components", "end-of-life"])
def test_lists_are_unpacked_once_per_content_and_not_per_image(name, database_url):
    """Else a million images cost minutes: the contents are gathered before, and are few."""
    releases = builtin_tables().release_rows()
    given = {"limit": 101, "today": "2026-11-23", "last_day": "2026-11-23", "releases": releases}
    steps, _ = plan(database_url, name, given, folder="reports")
    order = re.search(r"(contents|Unique|Aggregate|Group)(.|\n)*(each|Function Scan)", steps) or (
        re.search(r"(Function Scan)(.|\n)*(contents|Unique|Aggregate|Group)", steps)
    )
    assert order, steps
