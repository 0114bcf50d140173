"""What does the database know of the sources and of a run, for those who are told?

Read after the commit, on a connection that can't write.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from etl.audit.query import ask
from etl.database.record import open_record
from etl.database.snapshot import snapshot
from etl.errors import DatabaseUnavailable, SchemaNotAtHead
from etl.notify.events import MOST_IMAGES, Affected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection

    from etl.audit.query import Rows
    from etl.config import DatabaseSettings, Settings
    from etl.notify.ended import Ended

Found = TypeVar("Found")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """A source on record: rows of the queries `status` and `last_sync`, empty where there is none.

    The two name alike what is there by state, and what the last sync changed by kind.
    """

    name: str
    states: Mapping[str, Any] = field(default_factory=dict)
    last_sync: Mapping[str, Any] = field(default_factory=dict)


def known(database: DatabaseSettings, question: Callable[[Connection], Found]) -> Found | None:
    """What the record answers, in one state of it; None where it can't be read."""
    try:
        with open_record(database.url, schema=database.schema) as record, snapshot(record):
            return question(record)
    except (DatabaseUnavailable, SchemaNotAtHead) as error:
        _log.info("a notice goes without what the database knows: %s", error)
        return None


def read_sources(connection: Connection, settings: Settings) -> list[SourceFacts]:
    """What is on record of the sources that the configuration names, or discovers still."""
    states = _by_source(connection, "status")
    syncs = _by_source(connection, "last_sync")
    labels = {each.label for each in settings.discover}
    discovered = (
        name
        for name, row in states.items()
        if row["discovered_by"] in labels and not row["vanished_at"]
    )
    names = dict.fromkeys([*(each.name for each in settings.sources), *discovered])
    return [SourceFacts(name, states.get(name, {}), syncs.get(name, {})) for name in names]


def read_affected(connection: Connection, ended: Ended) -> Affected:
    """The first of the images that a run removed or holds."""
    removed = ask(connection, "removals", run=ended.run_id, limit=MOST_IMAGES)
    holding = tuple(each.name for each in ended.sources if each.held)
    held = ask(connection, "held", sources=holding, limit=MOST_IMAGES) if holding else None
    return Affected(_named(removed), _named(held) if held else ())


def _named(answer: Rows) -> list[dict[str, Any]]:
    """The rows by their columns' names."""
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def _by_source(connection: Connection, query: str) -> dict[str, dict[str, Any]]:
    rows = _named(ask(connection, query, limit=0))
    return {row["source"]: row for row in rows}
