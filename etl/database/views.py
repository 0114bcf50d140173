"""The relations that people read: views over the tables, and the SQL functions they share.

These are the definitions of the newest revision; each migration keeps a copy of its own
(`make migration`), so that an older revision's views can be created again.
"""

# ruff: noqa: S608  # the SQL is put together from this module's own names, never from input

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Text
from sqlalchemy.types import TypeEngine

from etl.database.columns import Instant
from etl.database.schema import (
    current_images,
    field_changes,
    log_entries,
    metadata,
    past_versions,
)
from etl.model import TRACKED

# SQL expressions that SQLite and PostgreSQL write differently, for views and `.sql` files. Each
# function returns SQL text. Its arguments are names and expressions of our own, never values.
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


_TRACKED: Final = ", ".join(TRACKED)
# A subquery, not a common table expression: PostgreSQL takes a view apart only without one, and so
# reads the first images by their index instead of sorting them all.
_LAST_CERTIFIED: Final = """(
    select source, max(observed_at) as walked_at
    from source_runs
    where certificate <> 'none'
    group by source
)"""

_IMAGES: Final = f"""
select
    c.source, c.image_id, c.state, {", ".join(f"c.{name}" for name in TRACKED)}, c.extra,
    c.version, c.first_seen_at,
    case
        when c.last_seen_at is not null and c.last_seen_at > c.valid_from then c.last_seen_at
        when c.last_seen_at is null and c.state = 'present' and w.walked_at > c.valid_from
            then w.walked_at
        else c.valid_from
    end as last_seen_at,
    c.valid_from as last_changed_at,
    c.missing_since,
    case when c.state = 'removed' then c.valid_to end as removed_at,
    coalesce(c.relisted_as, c.listing) as listing
from current_images as c
left join {_LAST_CERTIFIED} as w on w.source = c.source
"""

_IMAGE_VERSIONS: Final = "\nunion all\n".join(
    f"""select
    source, image_id, version, valid_from, valid_to, opened_run_id as run_id,
    {_TRACKED}, extra, opened_as, closed_as, closed_run_id
from {table}"""
    for table in ("current_images", "past_versions")
)

_KINDS: Final = "\nunion all\n".join(
    f"""select v.opened_run_id as run_id, v.valid_from as at, v.source, v.image_id, v.name,
    v.opened_as as kind, cast(null as text) as field, cast(null as text) as old_value,
    cast(null as text) as new_value, v.version, r.entry
from {table} as v
left join source_runs as r on r.run_id = v.opened_run_id and r.source = v.source
where v.opened_as <> 'changed'
union all
select v.closed_run_id, v.valid_to, v.source, v.image_id, v.name,
    v.closed_as, cast(null as text), cast(null as text), cast(null as text), v.version, r.entry
from {table} as v
left join source_runs as r on r.run_id = v.closed_run_id and r.source = v.source
where v.closed_run_id is not null and v.closed_as <> 'changed'"""
    for table in ("current_images", "past_versions")
)

_FIELDS: Final = "\nunion all\n".join(
    f"""select f.run_id, v.valid_from, v.source, v.image_id, v.name,
    'changed', f.field, f.old_value, f.new_value, f.version, r.entry
from field_changes as f
join {table} as v on v.image_key = f.image_key and v.version = f.version
left join source_runs as r on r.run_id = f.run_id and r.source = v.source"""
    for table in ("current_images", "past_versions")
)


def _of_elements(array: str, *others: str, **columns: tuple[Any, ...]) -> dict[str, str]:
    """A row for each element of a JSON array; a column is a function of `sql_functions`."""
    definitions = {}
    for dialect in ("sqlite", "postgresql"):
        sql = sql_functions(dialect)
        values = [f"{sql[name](*args)} as {column}" for column, (name, *args) in columns.items()]
        definitions[dialect] = f"""select c.source, c.image_id, {", ".join([*values, *others])}
from current_images as c, {sql["elements"](f"c.{array}")}"""
    return definitions


def _same(definition: str) -> dict[str, str]:
    return {"sqlite": definition, "postgresql": definition}


VIEWS: Final[dict[str, dict[str, str]]] = {
    "images": _same(_IMAGES),
    "image_versions": _same(_IMAGE_VERSIONS),
    "image_changes": _same(f"{_KINDS}\nunion all\n{_FIELDS}"),
    "image_dev_services": _of_elements("dev_services", dev_service=("element",)),
    "image_resource_categories": _of_elements(
        "resource_categories", resource_category=("element",)
    ),
    "image_tags": _of_elements("tags", key=("value_of", "key"), value=("value_of", "value")),
    "image_components": _of_elements(
        "components", "c.state", component=("member", 0), version=("member", 1)
    ),
}
"""Name → dialect → definition, in the order in which they can be made."""

COMMENTS: Final[dict[str, str]] = {
    "images": "One row for every image ever seen, with its last known values",
    "image_versions": "One row for each version of each image; valid from valid_from to valid_to",
    "image_changes": "What each run changed: one row for each event and each changed field",
    "image_dev_services": "One row for each development service of each image",
    "image_resource_categories": "One row for each resource category of each image",
    "image_tags": "One row for each tag of each image",
    "image_components": "Software named in each image's name, tag, path and description",
}


def _of_table(*names: str) -> dict[str, str]:
    return {name: str(current_images.c[name].comment) for name in names}


_IMAGE: Final = _of_table("source", "image_id")
_VALUES: Final = _of_table(*TRACKED, "extra")

VIEW_COLUMNS: Final[dict[str, dict[str, str]]] = {
    "images": {
        **_IMAGE,
        "state": "present, removed or out_of_scope; a removed image keeps its last values",
        **_VALUES,
        "version": "number of its latest version, from 1",
        "first_seen_at": "observed_at of the run that first saw the image",
        "last_seen_at": "latest certified walk that saw it, or its latest change if later",
        "last_changed_at": "observed_at of the run that brought its latest version",
        **_of_table("missing_since"),
        "removed_at": "observed_at of the run that found it removed; null unless removed",
        **_of_table("listing"),
    },
    "image_versions": {
        **_IMAGE,
        **_of_table("version", "valid_from", "valid_to"),
        "run_id": "the run that created this version",
        **_VALUES,
        **_of_table("opened_as"),
        "closed_as": str(past_versions.c["closed_as"].comment),
        **_of_table("closed_run_id"),
    },
    "image_changes": {
        "run_id": "the run that made the change",
        "at": "observed_at of that run",
        **_IMAGE,
        "name": "the image's name in that version",
        "kind": "added, changed, removed, restored, out_of_scope or in_scope",
        "field": "the tracked column that changed; null unless kind is changed",
        "old_value": "JSON text of the value before; null unless kind is changed",
        "new_value": "JSON text of the value after; null unless kind is changed",
        "version": "number of the version that it began or ended",
        "entry": "number of the log entry that contains the change",
    },
    "image_dev_services": {**_IMAGE, "dev_service": "NOTEBOOK, SSH, AI_FLOW, …"},
    "image_resource_categories": {**_IMAGE, "resource_category": "CPU, GPU, ASCEND, …"},
    "image_tags": {**_IMAGE, "key": "the tag's key", "value": "its value; may be null"},
    "image_components": {
        **_IMAGE,
        "component": "python, pytorch, tensorflow, mindspore, cuda, cann, ubuntu, …",
        "version": "version as spelled there",
        "state": "the image's state: present, removed or out_of_scope",
    },
}
"""View → column → meaning, in the views' order; as in the table that the column comes from."""


def column_types(relation: str) -> dict[str, TypeEngine[Any]]:
    """Column → type of a table or view, in its order."""
    if relation in metadata.tables:
        return {column.name: column.type for column in metadata.tables[relation].columns}
    tables = (log_entries, field_changes, past_versions, current_images)
    known = {column.name: column.type for table in tables for column in table.columns}
    if relation == "image_components":
        known["version"] = Text()  # of the component, as the text has it
    times = {name: Instant() for name in VIEW_COLUMNS[relation] if name.split("_")[-1] == "at"}
    return {name: {**times, **known}.get(name, Text()) for name in VIEW_COLUMNS[relation]}


def view_statements(dialect: str) -> Iterator[str]:
    """The DDL of every view, with its comments where the database keeps comments."""
    for name, definitions in VIEWS.items():
        definition = definitions[dialect].strip()
        if dialect == "sqlite":
            yield f"drop view if exists {name}"
            yield f"create view {name} as {definition}"
        else:
            yield f"create or replace view {name} as {definition}"
            yield f"comment on view {name} is {_quoted(COMMENTS[name])}"
            for column, meaning in VIEW_COLUMNS[name].items():
                yield f"comment on column {name}.{column} is {_quoted(meaning)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
