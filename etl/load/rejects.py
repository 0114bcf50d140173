"""Records that cannot be parsed, stored once each, and the names of unknown fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from msgspec.structs import asdict
from sqlalchemy import Connection, and_, insert, select, update

from etl.database.schema import current_images, rejects, source_fields
from etl.load.spool import Reject
from etl.load.sql import batches
from etl.model import Page
from etl.transform import Unreadable

if TYPE_CHECKING:
    from etl.load.changes import ChangeDetector
    from etl.load.transaction import SourceTransaction

RECORD_BYTES: Final = 65_536  # a longer rejected record is cut
_BATCH: Final = 500
r: Final = rejects.c


def reject_of(page: Page, position: int, unreadable: Unreadable) -> Reject:
    """Return the reject of a record of a page."""
    record = bytes(page.records[position])
    image_id = unreadable.image_id
    return Reject(
        image_id=None if image_id is None else storable(image_id),
        listing=str(page.listing),
        page=page.number,
        position=position,
        reason=storable(unreadable.reason),
        record=record[:RECORD_BYTES].decode(errors="replace").replace("\0", "\ufffd"),
        record_bytes=len(record),
        record_digest=reject_digest(record),
    )


def reject_digest(record: bytes) -> str:
    """Identify a rejected record, even if its text was cut: hexadecimal."""
    return blake2b(record, digest_size=16).hexdigest()


def storable(text: str) -> str:
    """Replace what PostgreSQL cannot store, NUL and lone surrogates, by U+FFFD."""
    paired = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return paired.replace("\0", "\ufffd")


def read_whole_rejects(connection: Connection, source: str) -> dict[str, list[bytes]]:
    """Read the unresolved records that were stored whole, the latest run's first.

    The keys are listings as `TYPE/WORKSPACE`; "" if a record's listing is not on record.
    """
    unresolved = (
        select(r.listing, r.record, r.record_digest)
        .where(r.source == source, r.resolved_at.is_(None))
        .order_by(r.rejected_at.desc(), r.reject_id)
    )
    with connection.begin():
        rows = connection.execute(unresolved).all()
    whole: dict[str, list[bytes]] = {}
    for listing, text, digest in rows:
        record = text.encode()
        if reject_digest(record) == digest:
            whole.setdefault(listing or "", []).append(record)
    return whole


def count_rejects(changes: ChangeDetector) -> tuple[int, int]:
    """Count the rejected records, and those among them that are not on record."""
    connection, source = changes.baseline.connection, changes.baseline.source
    with nullcontext() if connection is None else connection.begin():
        counts = [(len(all_), len(new)) for all_, new in _batches(connection, source, changes)]
    return sum(count for count, _ in counts), sum(new for _, new in counts)


def write_rejects(transaction: SourceTransaction, changes: ChangeDetector) -> tuple[int, int]:
    """Store the rejects that are not on record, and resolve those whose image is readable now.

    Returns what `count_rejects` returns. A record rejected again for the same reason stays
    unresolved; a certified walk without the record resolves it, because it is gone.
    """
    shared = {
        "run_id": transaction.run_id,
        "source": transaction.source,
        "rejected_at": transaction.observed_at,
    }
    current: set[tuple[str, str]] = set()
    new_count = 0
    for batch, new in _batches(transaction.connection, transaction.source, changes):
        current.update((each.record_digest, each.reason) for each in batch)
        new_count += len(new)
        if new:
            transaction.execute(insert(rejects), [shared | asdict(each) for each in new])
    _resolve(transaction, changes, current)
    return len(current), new_count


def _batches(
    connection: Connection | None, source: str, changes: ChangeDetector
) -> Iterator[tuple[list[Reject], list[Reject]]]:
    """Batches of the rejects, each with those among them that are not on record."""
    for batch in batches(changes.rejects(), _BATCH):
        known: set[tuple[str, str]] = set()
        if connection is not None:
            on_record = select(r.record_digest, r.reason).where(
                r.source == source,
                r.record_digest.in_({each.record_digest for each in batch}),
                r.resolved_at.is_(None),
            )
            known = {(digest, reason) for digest, reason in connection.execute(on_record)}
        yield batch, [each for each in batch if (each.record_digest, each.reason) not in known]


def _resolve(
    transaction: SourceTransaction, changes: ChangeDetector, current: set[tuple[str, str]]
) -> None:
    c = current_images.c
    unresolved = (
        select(r.reject_id, r.image_id, r.record_digest, r.reason, c.image_key, c.state)
        .outerjoin(current_images, and_(c.source == r.source, c.image_id == r.image_id))
        .where(r.source == transaction.source, r.resolved_at.is_(None))
    )
    resolved = [
        row.reject_id
        for row in transaction.execute(unresolved).all()
        if (row.record_digest, row.reason) not in current
        and (transaction.is_certified or changes.was_parsed(row.image_id, row.image_key))
    ]
    done = update(rejects).values(
        resolved_at=transaction.observed_at, resolved_run_id=transaction.run_id
    )
    for batch in batches(resolved, _BATCH):
        transaction.execute(done.where(r.reject_id.in_(batch)))


def write_source_fields(transaction: SourceTransaction, names: Sequence[str]) -> None:
    """Store the names of unknown fields that this source did not have before."""
    if not names:
        return
    on_record = select(source_fields.c.field).where(source_fields.c.source == transaction.source)
    known = {*transaction.execute(on_record).scalars()}
    shared = {
        "source": transaction.source,
        "first_seen_at": transaction.observed_at,
        "run_id": transaction.run_id,
    }
    new = [{**shared, "field": name} for name in names if name not in known]
    if new:
        transaction.execute(insert(source_fields), new)
