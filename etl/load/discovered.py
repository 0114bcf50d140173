"""Projects found by `[[discover]]`: their names, and since when one is no longer shown.

A source keeps the name that it got when its project was first seen, even if the project is renamed,
because the name identifies its images.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, select, text, update

from etl.database.columns import Instant
from etl.database.engine import writing
from etl.database.schema import discovered_sources as table

# Several hosts may find the same project at once: the first one stores it.
_ADD: Final = text(
    "insert into discovered_sources"
    " (source, label, project_id, region, project_name, first_seen_at, vanished_at)"
    " values (:source, :label, :project_id, :region, :project_name, :first_seen_at, :vanished_at)"
    " on conflict do nothing"
).bindparams(bindparam("first_seen_at", type_=Instant()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """A source that a `[[discover]]` made; `vanished_at` is since when its project is gone."""

    source: str
    label: str
    project_id: str
    region: str
    project_name: str
    vanished_at: datetime | None = None


def read_discovered(connection: Connection) -> list[Discovered]:
    """Read every source ever discovered, ordered by name."""
    columns = [table.c[name] for name in Discovered.__slots__]
    rows = connection.execute(select(*columns).order_by(table.c.source))
    return [Discovered(**row._mapping) for row in rows]


def write_discovered(
    connection: Connection,
    found: Iterable[Discovered],
    *,
    known: Sequence[Discovered],
    searched: Collection[tuple[str, str]],
    now: datetime,
) -> list[Discovered]:
    """Store which sources are new, back or vanished, and return the vanished ones.

    `searched` are the (label, region) pairs that were queried; nothing is known about others.
    """
    there = {each.source: each for each in found}
    names = {each.source: each for each in known}
    new = [each for name, each in there.items() if name not in names]
    back = [each for name, each in names.items() if each.vanished_at and name in there]
    gone = [
        each
        for name, each in names.items()
        if not each.vanished_at and name not in there and (each.label, each.region) in searched
    ]
    if new or back or gone:
        with writing(connection):
            for each in new:
                connection.execute(_ADD, asdict(each) | {"first_seen_at": now})
            _set_vanished(connection, back, None)
            _set_vanished(connection, gone, now)
    return gone


def _set_vanished(connection: Connection, rows: Sequence[Discovered], at: datetime | None) -> None:
    names = [each.source for each in rows]
    connection.execute(update(table).where(table.c.source.in_(names)).values(vanished_at=at))
