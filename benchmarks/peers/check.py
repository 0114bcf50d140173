"""A process that prints what a peer recorded: `python -m benchmarks.peers.check PEER DATABASE_URL`.

The rows of present images as one digest over all values.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import create_engine, text

from benchmarks.peers import PEERS, Peer
from benchmarks.truth import COLUMNS, Contents, contents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LISTS: Final = {"dev_services", "resource_categories", "tags"}


def main() -> None:
    """Print one line of JSON."""
    name, database_url = sys.argv[1:]
    found = left_by(next(peer for peer in PEERS if peer.name == name), database_url)
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")


def left_by(peer: Peer, database_url: str) -> Contents:
    """The contents of the peer's table."""
    engine = create_engine(database_url)
    relation = peer.relations[engine.dialect.name]
    statement = f"select {', '.join(COLUMNS)} from {relation} where {peer.present}"  # noqa: S608
    with engine.connect() as connection:
        rows = connection.execution_options(yield_per=5000).execute(text(statement))
        return contents(list(_plain(row)) for row in rows)


def _plain(row: Sequence[Any]) -> Iterator[object]:
    """The values, with sorted lists; SQLite stores lists as JSON."""
    for name, value in zip(COLUMNS, row, strict=True):
        if name in _LISTS and value is not None:
            yield sorted(json.loads(value) if isinstance(value, str) else value)
        else:
            yield value


if __name__ == "__main__":
    main()
