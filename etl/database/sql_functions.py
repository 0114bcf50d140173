"""SQL expressions that SQLite and PostgreSQL write differently, for views and `.sql` files.

Each function returns SQL text. Its arguments are names and expressions of our own, never values.
"""

# ruff: noqa: S608  # the SQL is put together from names of our own files, never from input

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

_SQLITE: Final[dict[str, Callable[..., str]]] = {
    # The elements of a JSON array (a column, or a parameter that holds its text) as rows: `each`.
    "elements": lambda array: f"json_each({array}) as each",
    "elements_of_text": lambda parameter: f"json_each({parameter}) as each",
    # The text of an element; of a member of an element that is an array; of one that is an object.
    "element": lambda: "each.value",
    "member": lambda position: f"json_extract(each.value, '$[{position}]')",
    "value_of": lambda name: f"json_extract(each.value, '$.{name}')",
    # Whether a JSON array of text has an element.
    "has_element": lambda column, text: (
        f"exists (select 1 from json_each({column}) as each where each.value = {text})"
    ),
    # A sort key of text: nulls first, then by code point.
    "by_text": lambda column: f"{column} nulls first",
    # A table that is read as a whole: SQLite would walk an index and fetch each row by itself.
    "whole": lambda table, alias: f"{table} as {alias} not indexed",
    # A common table expression that is computed once. SQLite does so by itself, and before 3.35
    # has no word for it.
    "materialized": lambda: "",
    # The Monday of an instant's week; the whole days from one date to another.
    "monday": lambda instant: f"date({instant}, 'weekday 0', '-6 days')",
    "days_between": lambda earlier, later: (
        f"cast(julianday({later}) - julianday({earlier}) as integer)"
    ),
}

_POSTGRESQL: Final[dict[str, Callable[..., str]]] = {
    "elements": lambda array: f"jsonb_array_elements({array}) as each(value)",
    "elements_of_text": lambda parameter: (
        f"jsonb_array_elements(cast({parameter} as jsonb)) as each(value)"
    ),
    "element": lambda: "each.value #>> '{}'",
    "member": lambda position: f"each.value ->> {position}",
    "value_of": lambda name: f"each.value ->> '{name}'",
    "has_element": lambda column, text: f"{column} @> jsonb_build_array(cast({text} as text))",
    "by_text": lambda column: f'{column} collate "C" nulls first',
    "whole": lambda table, alias: f"{table} as {alias}",
    "materialized": lambda: "materialized",
    "monday": lambda instant: (
        f"to_char(date_trunc('week', {instant} at time zone 'UTC'), 'YYYY-MM-DD')"
    ),
    "days_between": lambda earlier, later: f"(cast({later} as date) - cast({earlier} as date))",
}


def sql_functions(dialect: str) -> Mapping[str, Callable[..., str]]:
    """Name → function, for `sqlite` or `postgresql`."""
    return {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}[dialect]
