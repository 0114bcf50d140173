"""The reading commands find what they look for through indexes, on both databases."""

import re

import pytest
from sqlalchemy import text

from etl.audit.query import _bound, fitted, read_query
from etl.database.engine import open_engine
from tests.support.record import FIRST

# The commands' questions about something in particular: none may read the catalogue as a whole.
QUESTIONS = {
    "images": {"limit": 100, "state": "present"},
    "images_as_of": {"limit": 100, "at": FIRST},
    "find_image": {"limit": 11, "first_id": "a", "last_id": "b"},
    "find_image by id": {"limit": 11, "image_id": "a"},
    "find_image by name": {"limit": 11, "name": "a"},
    "find_image by path": {"limit": 11, "swr_path": "a"},
    "history": {"source": "one", "image_id": "a"},
    "history_changes": {"source": "one", "image_id": "a"},
    "changes": {"limit": 101, "first_run": 3},
    "changes of a run": {"run": 3},
    "changes since": {"since": FIRST, "first_run": 3},
    "removals": {"limit": 101},
    "diff": {"from_run": 3, "to_run": 4},
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_reads_the_whole_catalogue_in_vain(question, database_url):
    name, given = question.split()[0], QUESTIONS[question]
    engine = open_engine(database_url)
    dialect = engine.dialect.name
    sql = fitted(read_query(name, dialect=dialect).sql, {**given, dialect: True})
    used = {key: value for key, value in given.items() if f":{key}" in sql}
    explain = "explain query plan " if dialect == "sqlite" else "explain "
    statement = text(explain + sql).bindparams(*(_bound(key, used[key]) for key in used))
    with engine.connect() as connection:
        if dialect == "postgresql":  # an empty table is always quickest read as a whole
            connection.execute(text("set enable_seqscan = off"))
        plan = "\n".join(str(row[-1]) for row in connection.execute(statement))
    engine.dispose()
    whole = {
        "sqlite": r"SCAN (catalogue|superseded|field_changes|c)\b(?!.* USING (COVERING )?INDEX)",
        "postgresql": r"Seq Scan on (catalogue|superseded|field_changes)\b",
    }
    assert not re.search(whole[dialect], plan), plan
