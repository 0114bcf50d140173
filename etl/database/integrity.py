"""Compares the schema in a database with the program's: views, triggers, rules, row security.

Whoever may change the schema can make every query lie without changing a row: with another view
under a known name, a trigger that rewrites what is inserted, or a policy that hides rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, text

from etl.database.schema import metadata
from etl.database.views import VIEW_COLUMNS, VIEWS

Kind = Literal["table", "view", "trigger", "rule", "row_security", "inheritance"]
TABLES: Final = tuple(metadata.tables)


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """A difference between the database's schema and the program's."""

    kind: Kind
    name: str
    message: str


def schema_faults(connection: Connection) -> list[SchemaFault]:
    """Every difference that changes what is read or written; the schema is at head.

    On PostgreSQL the role needs SELECT on the tables.
    """
    faults = _sqlite_faults if connection.dialect.name == "sqlite" else _postgresql_faults
    return sorted(faults(connection), key=lambda fault: (fault.kind, fault.name))


def _sqlite_faults(connection: Connection) -> Iterator[SchemaFault]:
    rows = connection.execute(text("select type, name, tbl_name, sql from sqlite_master")).all()
    definitions = {name: (kind, sql or "") for kind, name, _, sql in rows if kind != "trigger"}
    for table in TABLES:
        kind, sql = definitions.get(table, ("missing", ""))
        if kind != "table" or not re.match(r"create\s+table", sql, re.IGNORECASE):
            yield _not_a("table", table)
    for view, definition in VIEWS.items():
        kind, sql = definitions.get(view, ("missing", ""))
        if kind != "view":
            yield _not_a("view", view)
        elif _body(sql) != _spaced(definition["sqlite"]):
            yield _other_definition(view)
    for kind, name, table, _ in rows:
        if kind == "trigger" and table in {*TABLES, *VIEWS}:
            yield _attached("trigger", name, table)


def _body(sql: str) -> str:
    """What a view's statement has after `create view NAME as`."""
    return _spaced(re.sub(r"^create\s+view\s+\S+\s+as\s", "", sql, flags=re.IGNORECASE))


def _spaced(sql: str) -> str:
    return " ".join(sql.split())


def _postgresql_faults(connection: Connection) -> Iterator[SchemaFault]:
    for table in TABLES:
        if _relation_kind(connection, table) != "r":
            yield _not_a("table", table)
    for view in VIEWS:
        if _relation_kind(connection, view) != "v":
            yield _not_a("view", view)
        elif not _is_defined_so(connection, view):
            yield _other_definition(view)
    for kind, name, relation in connection.execute(text(_ATTACHED), {"names": [*TABLES, *VIEWS]}):
        yield _attached(kind, name, relation)


def _relation_kind(connection: Connection, name: str) -> Any:
    statement = text("select relkind from pg_class where oid = to_regclass(:name)")
    return connection.execute(statement, {"name": name}).scalar()


def _is_defined_so(connection: Connection, view: str) -> bool:
    """Whether the server plans a view's query as it plans the program's own definition.

    It keeps no text of a view, and a second view to compare with cannot be created by those who
    only read. A plan names every relation with its schema, every column, condition and function.
    """
    definition = VIEWS[view]["postgresql"]
    columns = connection.execute(text(_COLUMNS), {"view": view}).scalars().all()
    if columns != list(VIEW_COLUMNS[view]):
        return False
    ours = f"({definition}) as {view}"
    return any(  # new statistics in between may change one of the plans
        _plan(connection, view) == _plan(connection, ours) for _ in range(2)
    )


def _plan(connection: Connection, relation: str) -> list[str]:
    explained = connection.exec_driver_sql(
        f"explain (verbose, costs off) select * from {relation}",  # noqa: S608  # our own SQL
        execution_options={"no_parameters": True},
    )
    return [line for (line,) in explained if not line.startswith("Query Identifier")]


_COLUMNS: Final = """
    select attname from pg_attribute
    where attrelid = to_regclass(:view) and attnum > 0 and not attisdropped
    order by attnum
"""

_ATTACHED: Final = """
    with ours as (
        select oid, relname, relrowsecurity from pg_class
        where oid in (select to_regclass(name) from unnest(cast(:names as text[])) as each(name))
    )
    select 'trigger', tgname, relname from ours join pg_trigger on tgrelid = ours.oid
    where not tgisinternal
    union all
    select 'rule', rulename, relname from ours join pg_rewrite on ev_class = ours.oid
    where rulename <> '_RETURN'
    union all
    select 'row_security', relname, relname from ours where relrowsecurity
    union all
    select 'inheritance', cast(cast(inhrelid as regclass) as text), relname
    from ours join pg_inherits on inhparent = ours.oid
"""


def _not_a(kind: Kind, name: str) -> SchemaFault:
    return SchemaFault(kind, name, f"{name} is missing or is not a {kind}")


def _other_definition(view: str) -> SchemaFault:
    return SchemaFault("view", view, f"view {view} has another definition than the program's")


def _attached(kind: Kind, name: str, relation: str) -> SchemaFault:
    messages: dict[Kind, str] = {
        "trigger": f"trigger {name} on {relation} can change what is written",
        "rule": f"rule {name} on {relation} can change what is read or written",
        "row_security": f"row-level security on {relation} can hide rows",
        "inheritance": f"rows of {name} are read as rows of {relation}",
    }
    return SchemaFault(kind, name, messages[kind])
