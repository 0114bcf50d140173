"""The answer to a question of a reading command: validated, asked in one snapshot, qualified.

A query whose head says `-- record: state` or `-- record: changes` depends on history. Its rows get
the span in which the record is complete, and remarks say what the record cannot know. With
`-- record: changes unless NAME`, there are no remarks if the parameter NAME is given. With
`-- record: comparisons`, rows result from comparing versions, of which earlier ones may be pruned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from etl.audit.change_feed import complete_entries, feed_parameters
from etl.audit.known_names import require_run, require_sources, require_values, versions_of
from etl.audit.query import Folder, Rows, ask, read_query, runs_that_matter
from etl.audit.record_span import (
    RecordSpan,
    notes_on_changes,
    notes_on_comparisons,
    notes_on_state,
    read_spans,
    require_kept,
    require_order,
    with_spans,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl.transform import ComponentTables

_MOMENTS: Final = ("at", "at_run", "from_at", "from_run", "to_at", "to_run")
_FILTERED: Final = {"component", "component_version", "limit"}
_RUNS: Final = ("run", "at_run", "from_run", "to_run")


@dataclass(slots=True)
class Answer:
    """Rows, and what a reader must know about them."""

    rows: Rows
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an answer depends on besides the database."""

    now: datetime
    configured: Iterable[str]
    tables: Callable[[], ComponentTables]  # loaded only if a question is about components


def answer(
    connection: Connection,
    name: str,
    asked: Mapping[str, Any],
    context: Context,
    *,
    folder: Folder = "queries",
    latest_rows: int | None = None,
) -> Answer:
    """Asks a named query with the parameters of `asked`.

    `latest_rows`: so many rows are wanted, of the latest runs. Raises `UsageError` for names that
    are unknown and for states that were pruned.
    """
    query = read_query(name, folder=folder)
    sources: Sequence[str] = asked.get("sources", ())
    require_sources(connection, sources, configured=context.configured)
    for key in _RUNS:
        if asked.get(key) is not None:
            require_run(connection, asked[key])
    kind, _, unless = query.head.get("record", "").partition(" unless ")
    spans = read_spans(connection, sources=sources) if kind else []
    notes = []
    if kind == "comparisons":
        notes = [*notes_on_comparisons(spans)]
    elif kind and not asked.get(unless):
        notes = _notes(connection, asked, spans, context.now)
    given = dict(asked)
    if asked.get("after") is not None:
        given |= feed_parameters(connection, asked, rows=given.pop("limit", None))
    elif "first_run" in query.parameters:
        given |= runs_that_matter(connection, asked, rows=latest_rows)
    is_filtered = "component" not in query.parameters and asked.get("component")
    if is_filtered:
        given = {key: value for key, value in given.items() if key not in _FILTERED}
    rows = ask(connection, name, folder=folder, **given)
    if is_filtered:
        rows = _containing(rows, asked, context)
    if asked.get("after") is not None:
        rows = complete_entries(rows, asked.get("limit"))
    if kind:
        rows = with_spans(rows, spans)
    first = next(rows.rows, None)
    if first is None:
        require_values(connection, asked, context.tables)
        notes += _other_versions(connection, asked)
    else:
        rows.rows = chain([first], rows.rows)
    return Answer(rows, notes)


def _containing(rows: Rows, asked: Mapping[str, Any], context: Context) -> Rows:
    from etl.audit.component_filter import containing

    return containing(rows, context.tables().compiled(), asked)


def _notes(
    connection: Connection, asked: Mapping[str, Any], spans: Sequence[RecordSpan], now: datetime
) -> list[str]:
    moments = [asked[key] for key in _MOMENTS if asked.get(key) is not None]
    if not moments:
        if asked.get("run") is not None:
            return []
        return [*notes_on_changes(spans, asked.get("since"), asked.get("until"), now=now)]
    require_kept(connection, spans, moments)
    if len(moments) > 1:
        require_order(connection, *moments, sources=asked.get("sources", ()))
    instants = [each for each in moments if isinstance(each, datetime)]
    return list(
        dict.fromkeys(note for each in instants for note in notes_on_state(spans, each, now=now))
    )


def _other_versions(connection: Connection, asked: Mapping[str, Any]) -> list[str]:
    """The versions that there are, where a component has no image of the version asked for."""
    if not asked.get("component_version"):
        return []
    versions = versions_of(connection, asked["component"])
    known = ", ".join(versions) or "none"
    return [f"versions of {asked['component']} on record: {known}"]
