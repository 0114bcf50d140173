"""How was each image met, as far as its values do not say it? Kept as one sum of facts.

A fact tells the listing that gave an image's version (or that shows it since that one is not read
any more: `relisted`) where it is not the one of the image's own type and workspace, when the image
was last seen where later walks did not see it, and since when it is missing. Most images have none,
so that the sum costs what is unusual, not the catalogue.
"""

# ruff: noqa: S608  # the SQL is put together from our own names, never from input

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from etl.decide.ledger import FactSet, sight_fact
from etl.load.rows import NEW_ROW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from etl.load.turn import Turn

_TYPE, _WORKSPACE, _LISTING = map(NEW_ROW.index, ("type", "workspace_id", "listing"))
_USUAL: Final = "coalesce(c.type, '') || '/' || coalesce(nullif(c.workspace_id, ''), '0')"
_SIGHTS: Final = f"""
    select c.image_id, c.listing, c.last_seen_at, c.missing_since
    from current_images as c
    where c.source = :source {{0}}
        and (
            c.last_seen_at is not null or c.missing_since is not null
            or c.listing is null or c.listing <> {_USUAL}
        )
"""


def new_sights(source: str, rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The facts of images that were never seen before, of their rows in the order of `NEW_ROW`."""
    for row in rows:
        if row[_LISTING] != f"{row[_TYPE] or ''}/{row[_WORKSPACE] or '0'}":
            yield sight_fact(source, row[0], row[_LISTING], None, None)


def read_sights(connection: Connection, source: str) -> FactSet:
    """The sum over all images of a source."""
    return _sum(connection, source, "")


@contextmanager
def sights_kept(turn: Turn, picked: str) -> Iterator[None]:
    """Takes what the block changes in the images of a temporary table into the turn's sum."""
    # No join: for that SQLite 3.40 makes a Bloom filter of the whole catalogue first.
    among = f"and c.image_key in (select image_key from {picked})"
    turn.sights.subtract(_sum(turn.connection, turn.source, among))
    yield
    turn.sights.merge(_sum(turn.connection, turn.source, among))


def _sum(connection: Connection, source: str, among: str) -> FactSet:
    facts = FactSet()
    for row in connection.execute(text(_SIGHTS.format(among)), {"source": source}):
        facts.add(sight_fact(source, *row))
    return facts
