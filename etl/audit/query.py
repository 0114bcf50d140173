"""What does a named question look like in SQL, and what is its answer?

Each question is a file of its own, in `queries/` (the reading commands) or `reports/`: one for
both databases, or a twin for each (`name.sqlite.sql`, `name.postgresql.sql`). Its head says the
question, the parameters, the order and the columns that a table for people shows:

    -- question: Which images are there?
    -- order: source, image_id
    -- shown: source, image_id, name

A line that ends with `-- when NAME` stands only when the parameter NAME is given (each of several
names; the kind of database is one, too): so a query that nobody narrows has no condition that the
planner must see through. Values are always bound.

Rows come in one order on both kinds of database: nulls first, texts by code point. `source` and
`image_id` have it by their columns; of other texts PostgreSQL is asked for it (`collate "C"`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import bindparam, text

from etl.database.types import Instant, JsonList, JsonObject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.types import TypeEngine

Folder = Literal["queries", "reports"]

_INSTANTS: Final = [
    "at",
    "created_at",
    "updated_at",
    "valid_from",
    "valid_to",
    "first_seen_at",
    "last_seen_at",
    "last_changed_at",
    "missing_since",
    "removed_at",
    "restored_at",
    "held_at",
    "released_at",
    "observed_at",
    "started_at",
    "finished_at",
    "rejected_at",
    "resolved_at",
    "last_run_at",
    "certified_at",
    "succeeded_at",
    "replaced_at",
    "latest_at",
    "vanished_at",
]
_LISTS: Final = ("dev_services", "resource_categories", "tags", "components")
_OBJECTS: Final = ("extra", "evidence_detail", "walk_detail")
_TYPES: Final[dict[str, TypeEngine[Any]]] = {
    **{name: Instant() for name in _INSTANTS},
    **{name: JsonList() for name in _LISTS},
    **{name: JsonObject() for name in _OBJECTS},
}
_HEAD: Final = re.compile(r"--\s*(\w+):\s*(.*)")
_WHEN: Final = re.compile(r"(.*?)--\s*when\s+(\w+(?: \w+)*)\s*")
_BOUND: Final = re.compile(r"(?<![:\w]):(\w+)")


@dataclass(frozen=True, slots=True)
class Query:
    """A named question, with the SQL that answers it on one kind of database."""

    name: str
    head: Mapping[str, str]
    sql: str

    @property
    def question(self) -> str:
        """What its file says that it answers, for people."""
        return self.head["question"]

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns of a table for people; empty: all."""
        return tuple(self.head.get("shown", "").replace(",", " ").split())


@dataclass(slots=True)
class Rows:
    """An answer: its columns, and its rows as they arrive."""

    columns: Sequence[str]
    rows: Iterator[Sequence[Any]]
    shown: Sequence[str] = field(default=())


@cache
def read_query(name: str, *, dialect: str, folder: Folder = "queries") -> Query:
    """The named question as the given kind of database understands it."""
    place = files("etl.audit") / folder
    own = place / f"{name}.{dialect}.sql"
    lines = (own if own.is_file() else place / f"{name}.sql").read_text("utf-8").splitlines()
    head = {match[1]: match[2] for line in lines if (match := _HEAD.fullmatch(line))}
    body = [line for line in lines if not line.startswith("--")]
    return Query(name=name, head=head, sql="\n".join(body))


@cache
def names_in(folder: Folder) -> tuple[str, ...]:
    """The names of all questions in a folder."""
    found = {each.name.split(".")[0] for each in (files("etl.audit") / folder).iterdir()}
    return tuple(sorted(found - {"__init__", "__pycache__"}))


def ask(
    connection: Connection, name: str, /, *, folder: Folder = "queries", **parameters: Any
) -> Rows:
    """Asks a named question. Parameters that are None or empty count as not given."""
    query = read_query(name, dialect=connection.dialect.name, folder=folder)
    given = {key: value for key, value in parameters.items() if value not in (None, (), [])}
    sql = fitted(query.sql, {**given, connection.dialect.name: True})
    bound = [_bound(key, given[key]) for key in sorted(set(_BOUND.findall(sql)))]
    statement = text(sql).bindparams(*bound).columns(**_TYPES)
    # Without a limit the answer may be the whole catalogue: it is read as it is written.
    options = {} if "limit" in given else {"stream_results": True, "max_row_buffer": 1000}
    result = connection.execute(statement, execution_options=options)
    return Rows(tuple(result.keys()), (tuple(row) for row in result), query.shown)


def runs_that_matter(
    connection: Connection, asked: Mapping[str, Any], *, rows: int | None = None
) -> dict[str, int]:
    """Which runs can matter to what changed since a time or between two, or to so many latest rows.

    They are asked first and handed on as parameters. Only a known number tells SQLite that it can
    go into a view with a condition, and PostgreSQL how many images such runs touched.
    """
    if asked.keys() & {"from_at", "from_run"}:
        answer = ask(connection, "runs_between", **{**asked, "limit": 0})
    elif asked.get("since"):
        answer = ask(connection, "first_run", since=asked["since"], limit=0)
    elif rows:
        answer = ask(connection, "first_run", rows=rows, limit=0)
    else:
        return {}
    return dict(zip(answer.columns, map(int, next(answer.rows)), strict=True))


def fitted(sql: str, given: Mapping[str, Any]) -> str:
    """The SQL without the lines whose parameter is not given."""
    lines = []
    for line in sql.splitlines():
        match = _WHEN.fullmatch(line)
        if match is None:
            lines.append(line)
        elif given.keys() >= set(match[2].split()):
            lines.append(match[1].rstrip())
    return "\n".join(lines)


def _bound(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return bindparam(name, list(value), expanding=True)
    if isinstance(value, datetime):
        return bindparam(name, value, type_=Instant())
    return bindparam(name, value)
