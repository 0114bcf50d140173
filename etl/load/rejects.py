"""Keeps the records that can't be understood, once each, and the unknown fields' names."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select

from etl.database.schema import rejects, source_fields
from etl.load.statements import reading
from etl.load.turn import batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from etl.load.seen import Seen
    from etl.load.stage import Rejected
    from etl.load.turn import Turn

RECORD_BYTES: Final = 65_536
"""So much of a rejected record is kept."""
_BATCH: Final = 500


def record_digest(record: bytes) -> str:
    """What a rejected record is known by, also where its whole text is not kept: hexadecimal."""
    return blake2b(record, digest_size=16).hexdigest()


def whole_rejects(connection: Connection, source: str) -> dict[str, list[bytes]]:
    """Listing → the unresolved records of `source` that were kept whole, the latest run's first.

    Listings as `TYPE/WORKSPACE`; empty where a record's is not on record.
    """
    open_ones = (
        select(rejects.c.listing, rejects.c.record, rejects.c.record_digest)
        .where(rejects.c.source == source, rejects.c.resolved_at.is_(None))
        .order_by(rejects.c.rejected_at.desc(), rejects.c.reject_id)
    )
    with reading(connection):
        rows = connection.execute(open_ones).all()
    whole: dict[str, list[bytes]] = {}
    for listing, text, digest in rows:
        record = text.encode()
        if record_digest(record) == digest:
            whole.setdefault(listing or "", []).append(record)
    return whole


def write_rejects(turn: Turn, frames: Iterable[Rejected], seen: Seen) -> int:
    """Writes the rejects that are not on record, and resolves those whose image was understood.

    Gives the number of records that were rejected. A record that is rejected once more, for the
    same reason, stays unresolved; a certified walk without it resolves it: it is gone.
    """
    again: set[tuple[str, str]] = set()
    for batch in batches(frames, _BATCH):
        marks = {_mark(frame) for frame in batch}
        again |= marks
        known = _on_record(turn, [digest for digest, _ in marks])
        rows = [_row(turn, each) for each in batch if _mark(each) not in known]
        if rows:
            turn.connection.execute(insert(rejects), rows)
    _resolve(turn, seen, again)
    return len(again)


def _mark(frame: Rejected) -> tuple[str, str]:
    return frame.digest, frame.reject.reason


def _on_record(turn: Turn, digests: Sequence[str]) -> set[tuple[str, str]]:
    known = select(rejects.c.record_digest, rejects.c.reason).where(
        rejects.c.source == turn.source,
        rejects.c.record_digest.in_(digests),
        rejects.c.resolved_at.is_(None),
    )
    return {(digest, reason) for digest, reason in turn.connection.execute(known)}


def _row(turn: Turn, frame: Rejected) -> dict[str, Any]:
    reject = frame.reject
    return {
        "run_id": turn.run_id,
        "source": turn.source,
        "image_id": reject.image_id,
        "listing": frame.listing,
        "page": reject.page,
        "position": reject.position,
        "reason": reject.reason,
        "record": reject.record,
        "record_bytes": frame.length,
        "record_digest": frame.digest,
        "rejected_at": turn.observed_at,
    }


def _resolve(turn: Turn, seen: Seen, again: set[tuple[str, str]]) -> None:
    for reject_id, image_id, digest, reason, key, state in turn.execute(_OPEN).all():
        is_present = state == "present" and seen.has_told(key)
        is_told = turn.is_certified or is_present or seen.has_told_other(image_id)
        if is_told and (digest, reason) not in again:
            turn.execute(_RESOLVE, reject_id=reject_id)


def write_source_fields(turn: Turn, names: Sequence[str]) -> None:
    """Writes the names of unknown fields that this source never had before."""
    if not names:
        return
    had = select(source_fields.c.field).where(source_fields.c.source == turn.source)
    known = set(turn.connection.scalars(had))
    row = {"source": turn.source, "first_seen_at": turn.observed_at, "run_id": turn.run_id}
    fresh = [{**row, "field": name} for name in names if name not in known]
    if fresh:
        turn.connection.execute(insert(source_fields), fresh)


_OPEN: Final = """
    select r.reject_id, r.image_id, r.record_digest, r.reason, c.image_key, c.state
    from rejects as r
    left join current_images as c on c.source = r.source and c.image_id = r.image_id
    where r.source = :source and r.resolved_at is null
"""
_RESOLVE: Final = """
    update rejects set resolved_at = :at, resolved_run_id = :run_id where reject_id = :reject_id
"""
