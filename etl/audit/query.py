"""Named SQL queries: files in `queries/` (the reading commands), `reports/` and `dashboard/sql/`.

Each file is a jinja2 template with a head of comments:

    -- question: Which images are there?
    -- parameters: sources, state, limit
    -- order: source, image_id
    -- shown: source, image_id, name, tag
    -- optional: tag
    -- record: state

`parameters` are bound values (`:state`). A template may test whether one was given, so that an
unfiltered query contains no condition that would hinder the planner. `shown` are the
columns of a table for people, `optional` those of them that may be left out, the least important
first. `record` says how the rows depend on history, and `row` that each is a change, so that the
latest runs alone fill a limit (see `read.py`). What differs between SQLite and PostgreSQL comes
from `etl.database.views`.

Rows have one order on both databases: nulls first, text by code point.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import Connection, TextClause, bindparam, text
from sqlalchemy.types import TypeEngine

from etl.database.columns import Instant, JsonList
from etl.database.schema import metadata
from etl.database.views import sql_functions
from etl.model import TRACKED

if TYPE_CHECKING:
    from jinja2 import Template

Folder = Literal["queries", "reports", "dashboard/sql"]

_TYPES: Final = {
    column.name: column.type
    for table in metadata.sorted_tables
    for column in table.columns
    if isinstance(column.type, Instant | JsonList)
}
"""The types of columns that a driver does not know by itself, by name."""

_HEAD: Final = re.compile(r"--\s*(\w+):\s*(.*)")
_BOUND: Final = re.compile(r"(?<![:\w]):(\w+)")
_TIME: Final = re.compile(r"\b(?:\w+_)?at\b")  # in every result, a column of this name is a time
_BATCH: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A named query: its head, with lists as tuples, and the template of its SQL."""

    name: str
    head: Mapping[str, str]
    question: str
    parameters: tuple[str, ...]
    shown: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    template: str

    def sql(self, dialect: str, given: Mapping[str, Any]) -> str:
        """The SQL for one kind of database, given the values of some parameters."""
        values = {**dict.fromkeys(self.parameters), **given}
        own = {"observed_by": _observed_by, "tracked": _tracked}
        functions = {**sql_functions(dialect), **own}
        return str(_template(self.template).render(**values, **functions))


@dataclass(slots=True)
class Rows:
    """A result: its columns, and its rows as they arrive. Close it if rows are left unread.

    `remarks` state what a reader must know about the rows.
    """

    columns: tuple[str, ...]
    rows: Iterator[Sequence[Any]]
    shown: Sequence[str] = ()
    optional: Sequence[str] = ()
    remarks: Sequence[str] = ()
    close: Callable[[], object] = field(default=lambda: None)

    def objects(self) -> list[dict[str, Any]]:
        """The remaining rows, by the names of their columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def extended(
        self, columns: Iterable[str], values: Callable[[Sequence[Any]], Sequence[Any]]
    ) -> Rows:
        """The result with further columns, whose values depend on the row."""
        rows = ((*row, *values(row)) for row in self.rows)
        return replace(self, columns=(*self.columns, *columns), rows=rows)


@cache
def read_query(name: str, *, folder: Folder = "queries") -> Query:
    """The query of this name."""
    lines = (files("etl.audit") / folder / f"{name}.sql").read_text("utf-8").splitlines()
    head = {match[1]: match[2] for line in lines if (match := _HEAD.fullmatch(line))}
    lists = ("parameters", "shown", "optional")
    return Query(
        name=name,
        head=head,
        question=head.get("question", ""),
        template="\n".join(line for line in lines if not line.startswith("--")),
        **{key: tuple(head.get(key, "").replace(",", " ").split()) for key in lists},
    )


@cache
def names_in(folder: Folder) -> tuple[str, ...]:
    """The names of all queries in a folder."""
    found = (each.name for each in (files("etl.audit") / folder).iterdir())
    return tuple(sorted(name.removesuffix(".sql") for name in found if name.endswith(".sql")))


def read_rows(
    connection: Connection,
    name: str,
    /,
    *,
    folder: Folder = "queries",
    streams: bool = False,
    **parameters: Any,
) -> Rows:
    """The result of a named query. Parameters that are None or empty count as not given.

    A limit of 0 is none. With `streams`, rows are read as they are needed.
    """
    query = read_query(name, folder=folder)
    given = {key: value for key, value in parameters.items() if value not in (None, (), [])}
    if not given.get("limit"):
        given.pop("limit", None)
    if unknown := given.keys() - set(query.parameters):
        raise TypeError(f"{folder}/{name}.sql has no parameter {', '.join(sorted(unknown))}")
    rows = execute(connection, query.sql(connection.dialect.name, given), given, streams=streams)
    return replace(rows, shown=query.shown, optional=query.optional)


def execute(connection: Connection, sql: str, values: Mapping[str, Any], *, streams: bool) -> Rows:
    """The result of a statement with the values of its parameters."""
    times: dict[str, TypeEngine[Any]] = dict.fromkeys(_TIME.findall(sql), Instant())
    options = {"stream_results": True, "max_row_buffer": _BATCH} if streams else {}
    statement = bound(sql, values).columns(**{**times, **_TYPES})
    result = connection.execute(statement, execution_options=options)
    return Rows(tuple(result.keys()), map(tuple, result), close=result.close)


def bound(sql: str, values: Mapping[str, Any]) -> TextClause:
    """A statement with the values of all parameters that occur in it."""
    names = sorted(set(_BOUND.findall(sql)))
    return text(sql).bindparams(*(_parameter(name, values[name]) for name in names))


def _tracked(alias: str) -> str:
    """The tracked columns of images."""
    return ", ".join(f"{alias}.{name}" for name in TRACKED)


def _observed_by(run: str) -> str:
    """Over the rows of one source: when a run read it, or else the last run before that did."""
    own, last = (f"max(case when run_id {sign} {run} then observed_at end)" for sign in ("=", "<"))
    return f"coalesce({own}, {last})"


def _parameter(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return bindparam(name, list(value), expanding=True)
    if isinstance(value, datetime):
        return bindparam(name, value, type_=Instant())
    return bindparam(name, value)


@cache
def _template(source: str) -> Template:
    from jinja2 import Environment, StrictUndefined  # a sync without alerts renders no query

    environment = Environment(  # noqa: S701  # SQL, not HTML; values are bound, never inserted
        undefined=StrictUndefined,
        auto_reload=False,
    )
    return environment.from_string(source)
