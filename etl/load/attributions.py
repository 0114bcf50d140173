"""Results of asking who removed an image, recorded so that the log covers them.

Names are personal data. The log contains only a salted digest of them (`actor_text`), so that
`prune --forget-actors` can erase names and salt without touching the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, column, insert, or_, select, table, update

from etl.database.schema import image_removals, removal_attributions
from etl.database.types import Instant
from etl.load.log_entries import read_rows
from etl.load.sql import batches, reading
from etl.model import Attribution, RemovedImage
from etl.proof.events import actor_text, without_nulls

if TYPE_CHECKING:
    from etl.load.transaction import SourceTransaction

ACTOR_COLUMNS: Final = (
    *("removed_by", "removed_by_kind", "removed_via", "source_ip", "trace_id", "trace_at"),
)
VIA: Final = ("ApiCall", "ConsoleAction", "SystemAction")
_BATCH: Final = 500
_images: Final = table(
    "images",
    *(column(name) for name in ("source", "image_id", "version", "name")),
    column("last_seen_at", Instant),
)
r: Final = image_removals.c
_REMOVAL: Final = "source = :source and image_id = :image_id and version = :version"


def read_to_be_removed(
    connection: Connection, source: str, image_ids: Sequence[str], *, removed_at: datetime
) -> list[RemovedImage]:
    """Read the present images that a run is about to remove at `removed_at`."""
    i = _images.c
    wanted = select(i.image_id, i.version, i.name, i.last_seen_at).where(i.source == source)
    found: list[RemovedImage] = []
    for batch in batches(image_ids, _BATCH):
        with reading(connection):
            rows = connection.execute(wanted.where(i.image_id.in_(batch)).order_by(i.image_id))
            found += [RemovedImage(*row, removed_at=removed_at) for row in rows]
    return found


def read_pending(connection: Connection, source: str, *, since: datetime) -> list[RemovedImage]:
    """Read the removals since then whose actor is still unknown: a later query may find it."""
    pending = (
        select(r.image_id, r.version, r.name, r.last_seen_at, r.removed_at, r.attribution)
        .where(r.source == source, r.removed_at >= since)
        .where(or_(r.attribution.is_(None), r.attribution.in_(["none", "refused"])))
        .order_by(r.removed_at, r.image_id)
    )
    with reading(connection):
        return [RemovedImage(*row) for row in connection.execute(pending)]


def read_used_traces(connection: Connection, source: str, *, since: datetime) -> set[str]:
    """Read the ids of the traces since then that already name who removed an image."""
    used = select(r.trace_id).where(
        r.source == source, r.trace_id.is_not(None), r.trace_at >= since
    )
    with reading(connection):
        return {*connection.scalars(used)}


def write_attributions(transaction: SourceTransaction, attributions: Sequence[Attribution]) -> None:
    """Record the results that differ from those on record."""
    for each in attributions:
        if each.result == each.image.attribution:
            continue
        trace = each.trace
        actor = trace.actor if trace else None
        is_system = trace is not None and actor is None and trace.via == "SystemAction"
        record_attribution(
            transaction.connection,
            removal=(transaction.source, each.image.image_id, each.image.version),
            run_id=transaction.run_id,
            attribution=each.result,
            actor={
                "removed_by": actor.name if actor else None,
                "removed_by_kind": actor.kind if actor else "system" if is_system else None,
                "removed_via": trace.via if trace and trace.via in VIA else None,
                "source_ip": (trace.source_ip or None) if trace else None,
                "trace_id": (trace.trace_id or None) if trace else None,
                "trace_at": trace.at if trace else None,
            },
        )


def record_attribution(
    connection: Connection,
    *,
    removal: tuple[str, str, int],
    run_id: int,
    attribution: str,
    actor: Mapping[str, Any],
) -> None:
    """Record one result for a removal (source, image id, version): the newest one counts.

    `actor`: values of `ACTOR_COLUMNS`; empty if nobody is named. Runs in the transaction of the
    run, before its log entry is appended.
    """
    named = without_nulls(actor)
    salt = token_hex(16) if named else None
    source, image_id, version = removal
    of_removal = (
        image_removals.c.source == source,
        image_removals.c.image_id == image_id,
        image_removals.c.version == version,
    )
    values = dict.fromkeys(ACTOR_COLUMNS) | named
    values |= {"attribution": attribution, "attributed_run_id": run_id, "actor_salt": salt}
    connection.execute(update(image_removals).where(*of_removal).values(values))
    row = {"source": source, "image_id": image_id, "version": version, "run_id": run_id}
    opening = read_actor(connection, removal)
    digest = sha256(opening).hexdigest() if opening else None
    connection.execute(
        insert(removal_attributions).values(**row, attribution=attribution, actor_digest=digest)
    )


def read_actor(connection: Connection, removal: tuple[str, str, int]) -> bytes | None:
    """The text whose digest the log contains; None if nobody is named, or names were erased."""
    source, image_id, version = removal
    rows = read_rows(
        connection,
        "image_removals",
        (*ACTOR_COLUMNS, "actor_salt"),
        _REMOVAL,
        source=source,
        image_id=image_id,
        version=version,
    )
    if not rows or rows[0]["actor_salt"] is None:
        return None
    salt = rows[0].pop("actor_salt")
    return actor_text(rows[0], salt)


def forget_actors(connection: Connection) -> int:
    """Erase who removed images, with the salts. Returns the number of removals concerned."""
    erased = dict.fromkeys((*ACTOR_COLUMNS, "actor_salt"))
    named = image_removals.c.actor_salt.is_not(None)
    return connection.execute(update(image_removals).where(named).values(erased)).rowcount
