"""Checkpoints in the database: what was signed, timestamped and cosigned."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, bindparam, select, text, update

from etl.database.columns import Instant, JsonList
from etl.database.engine import writing
from etl.database.schema import checkpoints, log_entries
from etl.proof.merkle import Tree

if TYPE_CHECKING:
    from etl.load.log.entries import LogState

MAX_RETRIED: Final = 5  # checkpoints whose missing timestamp a run requests again


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """One row of `checkpoints`; `timestamp` is the RFC 3161 response."""

    size: int
    root: str
    note: str
    created_at: datetime
    timestamp: bytes | None
    cosignatures: tuple[str, ...]


def read_checkpoints(
    connection: Connection, *, after: int = 0, limit: int | None = None
) -> list[StoredCheckpoint]:
    """Read checkpoints of more than `after` entries in order; with a limit, the largest ones.

    Raises `ValueError` for a timestamp that is not base64.
    """
    statement = select(checkpoints).where(checkpoints.c.size > after)
    rows = connection.execute(statement.order_by(checkpoints.c.size.desc()).limit(limit))
    return [
        StoredCheckpoint(
            size=row.size,
            root=row.root,
            note=row.note,
            created_at=row.created_at,
            timestamp=row.timestamp_token and b64decode(row.timestamp_token, validate=True),
            cosignatures=tuple(row.cosignatures or ()),
        )
        for row in reversed(rows.all())
    ]


def write_checkpoint(
    connection: Connection, state: LogState, note: str, *, created_at: datetime
) -> None:
    """Store a checkpoint; the first one of its size stays."""
    root = state.frontier.root().hex()
    row = {"size": state.size, "root": root, "note": note, "created_at": created_at}
    connection.execute(_INSERT, {**row, "cosignatures": []})


def write_timestamp(connection: Connection, size: int, response: bytes) -> None:
    """Store the timestamp of a checkpoint."""
    stored = b64encode(response).decode()
    with writing(connection):
        connection.execute(
            update(checkpoints).where(checkpoints.c.size == size).values(timestamp_token=stored)
        )


def write_cosignatures(connection: Connection, size: int, lines: Sequence[str]) -> None:
    """Add cosignature lines to a checkpoint."""
    of_size = checkpoints.c.size == size
    with writing(connection):
        stored = connection.execute(select(checkpoints.c.cosignatures).where(of_size)).scalar()
        together = list(dict.fromkeys([*(stored or []), *lines]))
        connection.execute(update(checkpoints).where(of_size).values(cosignatures=together))


def read_tree(connection: Connection, size: int) -> Tree:
    """Tree over the first `size` entries. Raises `ValueError` if a hash is not hexadecimal."""
    leaves = connection.scalars(
        select(log_entries.c.leaf_hash)
        .where(log_entries.c.entry < size)
        .order_by(log_entries.c.entry)
    )
    return Tree(map(bytes.fromhex, leaves))


_INSERT: Final = text("""
    insert into checkpoints (size, root, note, created_at, cosignatures)
    values (:size, :root, :note, :created_at, :cosignatures) on conflict do nothing
""").bindparams(
    bindparam("created_at", type_=Instant()), bindparam("cosignatures", type_=JsonList())
)
