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
_RELATIONS: Final[dict[str, Kind]] = {
    **dict.fromkeys(metadata.tables, "table"),
    **dict.fromkeys(VIEWS, "view"),
}
_ATTACHED: Final = {
    "trigger": "trigger {name} on {relation} can change what is written",
    "rule": "rule {name} on {relation} can change what is read or written",
    "row_security": "row-level security on {relation} can hide rows",
    "inheritance": "rows of {name} are read as rows of {relation}",
}
_REMEDIES: Final[dict[Kind, str]] = {
    "table": "restore a backup",
    "view": "`image-sync db upgrade` creates the views again",
    "trigger": "drop the trigger {name}",
    "rule": "drop the rule {name}",
    "row_security": "disable row-level security on {name}",
    "inheritance": "end the inheritance of {name}",
}


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """A difference between the database's schema and the program's."""

    kind: Kind
    name: str
    message: str

    @property
    def remedy(self) -> str:
        """What restores the program's schema."""
        return _REMEDIES[self.kind].format(name=self.name)


def schema_faults(connection: Connection) -> list[SchemaFault]:
    """Every difference that changes what is read or written; the schema is at head.

    On PostgreSQL the role needs SELECT on the tables.
    """
    return sorted(_faults(connection), key=lambda fault: (fault.kind, fault.name))


def _faults(connection: Connection) -> Iterator[SchemaFault]:
    dialect = connection.dialect.name
    is_ours = _is_ours_on_sqlite if dialect == "sqlite" else _is_ours_on_postgresql
    names = {} if dialect == "sqlite" else {"names": [*_RELATIONS]}
    found = {(name, kind) for name, kind in connection.execute(text(_KINDS[dialect]), names)}
    for name, kind in _RELATIONS.items():
        if (name, kind) not in found:
            yield SchemaFault(kind, name, f"{name} is missing or is not a {kind}")
        elif kind == "view" and not is_ours(connection, name):
            message = f"view {name} has another definition than the program's"
            yield SchemaFault(kind, name, message)
    for attached, name, relation in connection.execute(text(_OTHERS[dialect]), names):
        if relation in _RELATIONS:
            message = _ATTACHED[attached].format(name=name, relation=relation)
            yield SchemaFault(attached, name, message)


def _is_ours_on_sqlite(connection: Connection, view: str) -> bool:
    """Whether a view's statement has the program's definition after `create view NAME as`."""
    statement = text("select sql from sqlite_master where name = :view")
    sql: Any = connection.execute(statement, {"view": view}).scalar()
    body = re.sub(r"^create\s+view\s+\S+\s+as\s", "", sql, flags=re.IGNORECASE)
    return bool(body.split() == VIEWS[view]["sqlite"].split())


def _is_ours_on_postgresql(connection: Connection, view: str) -> bool:
    """Whether the server plans a view's query as it plans the program's own definition.

    It keeps no text of a view, and a second view to compare with cannot be created by those who
    only read. A plan names every relation with its schema, every column, condition and function.
    """
    columns = connection.execute(text(f"select * from {view} limit 0")).keys()  # noqa: S608  # our own name
    ours = f"({VIEWS[view]['postgresql']}) as {view}"
    return [*columns] == [*VIEW_COLUMNS[view]] and any(
        _plan(connection, view) == _plan(connection, ours)
        for _ in range(2)  # new statistics in between may change one of the plans
    )


def _plan(connection: Connection, relation: str) -> list[str]:
    explained = connection.exec_driver_sql(
        f"explain (verbose, costs off) select * from {relation}",  # noqa: S608  # our own SQL
        execution_options={"no_parameters": True},
    )
    return [line for (line,) in explained if not line.startswith("Query Identifier")]


_KINDS: Final = {
    "sqlite": """
        select name, case when type = 'table' and sql not like 'create table%' then 'other'
            else type end
        from sqlite_master
    """,
    "postgresql": """
        select name, case relkind when 'r' then 'table' when 'v' then 'view' end
        from unnest(cast(:names as text[])) as each(name)
        join pg_class on pg_class.oid = to_regclass(name)
    """,
}

# What is attached to a relation: kind, name, relation.
_OTHERS: Final = {
    "sqlite": "select type, name, tbl_name from sqlite_master where type = 'trigger'",
    "postgresql": """
        with ours as (
            select oid, relname, relrowsecurity from pg_class
            where oid in (
                select to_regclass(name) from unnest(cast(:names as text[])) as each(name)
            )
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
    """,
}
