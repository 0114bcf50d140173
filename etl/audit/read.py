"""What the reading commands show: parameters are validated, rows are qualified.

A query whose head says `-- record: state` or `-- record: changes` depends on history. Its rows get
the span in which the record is complete, and remarks say what the record cannot know. With
`-- record: comparisons`, rows compare versions with earlier ones, which may have been pruned
whatever the period. With `-- record: kept`, rows are never pruned, so that there is no span, only
remarks on a period that the record does not cover. `-- record: changes unless NAME` means `kept` if
the parameter NAME is given.

A report whose head says `-- since: 30d` covers that period unless another start is given. There is
no remark if the record is merely younger than this default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from etl.audit import arguments
from etl.audit.arguments import find_images, require_run, require_sources, require_values
from etl.audit.query import Folder, Query, Rows, read_query, read_rows
from etl.audit.record_span import (
    RecordSpan,
    read_spans,
    remarks_on_period,
    remarks_on_state,
    require_known_states,
    with_spans,
)
from etl.errors import UsageError
from etl.text import printable

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl.transform import ComponentTables

_RUNS: Final = ("run", "at_run", "from_run", "to_run")
_FILTERED: Final = {"component", "component_version", "limit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What reading the record depends on besides the database and the parameters."""

    now: datetime
    configured: Iterable[str]
    tables: Callable[[], ComponentTables]  # loaded only if a parameter names a component


def read_record(
    connection: Connection,
    name: str,
    parameters: Mapping[str, Any],
    context: Context,
    *,
    folder: Folder = "queries",
) -> Rows:
    """The rows of a named query, with remarks on what the record cannot know.

    Raises `UsageError` for names that are unknown and for states that were pruned.
    """
    query = read_query(name, folder=folder)
    require_sources(connection, parameters.get("sources", ()), configured=context.configured)
    for key in _RUNS:
        if parameters.get(key) is not None:
            require_run(connection, parameters[key])
    is_kept = query.head.get("record") == "kept"
    has_period = parameters.get("since") or parameters.get("until")
    depends_on_history = "record" in query.head and (has_period or not is_kept)
    spans = read_spans(connection, parameters) if depends_on_history else []
    require_known_states(spans)
    given = {**parameters, "since": parameters.get("since") or _default_start(query, context.now)}
    given.update(_bounds(connection, query, given, spans))
    is_filtered = "component" not in query.parameters and parameters.get("component")
    if is_filtered:
        given = {key: value for key, value in given.items() if key not in _FILTERED}
    rows = read_rows(connection, name, folder=folder, streams=not given.get("limit"), **given)
    if is_filtered:
        rows = _containing(rows, parameters, context)
    if parameters.get("after") is not None and parameters["limit"]:
        rows = _complete_entries(rows, parameters["limit"])
    if depends_on_history:
        rows = rows if is_kept else with_spans(rows, spans)
        remarks = dict.fromkeys(_remarks(query, parameters, spans, context.now))
        rows = replace(rows, remarks=[*remarks])
    first = list(islice(rows.rows, 1))
    if not first:
        require_values(connection, parameters, context.tables)
    return replace(rows, rows=chain(first, rows.rows))


def read_history(
    connection: Connection, sought: str, parameters: Mapping[str, Any], context: Context
) -> Rows:
    """The versions of the image that is meant, each with what it changed and how it ended.

    `parameters`: `sources`, `since`, `until`, `run`. Raises `UsageError` as `find_images` does.
    """
    require_sources(connection, parameters["sources"], configured=context.configured)
    images = find_images(connection, sought, sources=parameters["sources"])
    key = {"sources": [each["source"] for each in images], "image_id": images[0]["image_id"]}
    rows = read_record(connection, "history", {**parameters, **key}, context)
    version_of = itemgetter(rows.columns.index("source"), rows.columns.index("version"))
    changes: dict[tuple[str, int], list[dict[str, str]]] = {}
    for row in read_rows(connection, "history_changes", **key).objects():
        changes.setdefault((row.pop("source"), row.pop("version")), []).append(row)

    def changed(row: Sequence[Any]) -> tuple[list[str], list[dict[str, str]]]:
        own = changes.get(version_of(row), [])
        return [f"{each['field']}: {each['old_value']} → {each['new_value']}" for each in own], own

    return rows.extended(("changed", "changes"), changed)


def _remarks(
    query: Query, parameters: Mapping[str, Any], spans: Sequence[RecordSpan], now: datetime
) -> Iterator[str]:
    kind, _, unless = query.head["record"].partition(" unless ")
    if kind == "state":
        instants = (parameters.get(name) for name in ("at", "from_at", "to_at"))
        for at in filter(None, instants):
            yield from remarks_on_state(spans, at, now=now)
    if kind == "state" or parameters.get(unless):
        kind = "kept"
    if parameters.get("run") is None:
        since, until = parameters.get("since"), parameters.get("until")
        if not since and (since := _default_start(query, now)):
            spans = [each for each in spans if each.pruned_at or each.begins_after(None, until)]
        yield from remarks_on_period(kind, spans, since, until, now=now)


def _default_start(query: Query, now: datetime) -> datetime | None:
    """Where the period of a report starts if no start is given; None: it has no such period."""
    text = query.head.get("since")
    return arguments.since(text, now=now) if text else None


def _bounds(
    connection: Connection, query: Query, parameters: Mapping[str, Any], spans: Iterable[RecordSpan]
) -> Mapping[str, Any]:
    """The runs, and the log entries, that can matter.

    They are read first and passed on as parameters: with a literal bound, SQLite pushes the
    condition into the view, and PostgreSQL can estimate the number of rows.
    """
    if parameters.get("after") is not None:
        return _feed_bounds(connection, parameters, spans)
    if "first_run" not in query.parameters:
        return {}
    if parameters.keys() & {"from_at", "from_run"}:
        names = read_query("runs_between").parameters
        sides = {name: value for name, value in parameters.items() if name in names}
        return read_rows(connection, "runs_between", **sides).objects()[0]
    if parameters.get("since"):
        return read_rows(connection, "first_run", since=parameters["since"]).objects()[0]
    others = [value for key, value in parameters.items() if key != "limit"]
    is_narrowed = any(value not in (None, ()) for value in others)
    if "row" in query.head and parameters.get("limit") and not is_narrowed:
        return read_rows(connection, "first_run", rows=parameters["limit"]).objects()[0]
    return {}


def _feed_bounds(
    connection: Connection, parameters: Mapping[str, Any], spans: Iterable[RecordSpan]
) -> dict[str, Any]:
    """Raises `UsageError` if the entry does not exist, or if changes after it were pruned."""
    after, sources, rows = (parameters[name] for name in ("after", "sources", "limit"))
    if parameters.get("kind") or parameters.get("field"):
        rows = None  # the counts of runs do not bound what passes these filters
    found = read_rows(connection, "entries_after", sources=sources, after=after, rows=rows or None)
    bounds = found.objects()[0]
    last = bounds.pop("last_entry_of_log")
    if after > (-1 if last is None else last):
        hint = "the log is empty; -1 means from the beginning" if last is None else f"last: {last}"
        raise UsageError(f"unknown log entry {after}", hint=hint)
    pruned = [(each.pruned_entry, each.source) for each in spans if each.pruned_entry is not None]
    entry, source = max(pruned, default=(-1, ""))
    if entry > after:
        raise UsageError(
            f"changes of source '{printable(source)}' up to log entry {entry} were pruned",
            hint=f"read `image-sync images`, then continue with --after {entry}",
        )
    return {**bounds, "limit": None}


def _complete_entries(rows: Rows, limit: int) -> Rows:
    """The rows of the first log entries: at most `limit`, but at least one entry.

    A limit never ends within an entry, because a consumer resumes after it.
    """

    def complete() -> Iterator[Sequence[Any]]:
        room = limit
        for _, group in groupby(rows.rows, key=itemgetter(rows.columns.index("entry"))):
            of_entry = list(group)
            if len(of_entry) > room and room < limit:
                return
            yield from of_entry
            room -= len(of_entry)

    return replace(rows, rows=complete())


def _containing(rows: Rows, parameters: Mapping[str, Any], context: Context) -> Rows:
    """The rows of images that contained a component.

    The database keeps the components of the latest version of an image only. Those of an earlier
    state are read from the values of that time.
    """
    from etl.model import Image
    from etl.transform import READ_FROM

    rules = context.tables().compiled()
    wanted, version = parameters["component"], parameters.get("component_version")
    values_of = itemgetter(*(rows.columns.index(field) for field in READ_FROM))

    def contains(row: Sequence[Any]) -> bool:
        image = Image("", **dict(zip(READ_FROM, values_of(row), strict=True)))
        found = rules.components(image)
        return any(name == wanted and version in (None, each) for name, each in found)

    return replace(rows, rows=filter(contains, rows.rows))
