"""Results of asking who removed an image, recorded so that the log covers them.

Names are personal data. The log contains only a salted digest of them (`actor_text`), so that
`prune --forget-actors` can erase names and salt without touching the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import Connection, column, insert, or_, select, table, update

from etl.database.columns import Instant
from etl.database.schema import image_removals, removal_attributions
from etl.load.log import read_values
from etl.load.sql import batches
from etl.model import Attribution, RemovedImage, Trace
from etl.proof.entries import actor_text

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


def read_unattributed(
    connection: Connection, source: str, image_ids: Sequence[str], *, now: datetime, since: datetime
) -> list[RemovedImage]:
    """Read removals whose actor is wanted.

    These are the removals of `image_ids` that a run is about to record, and those since `since`
    whose actor is still unknown: a later query may find it.
    """
    i = _images.c
    present = select(i.image_id, i.version, i.name, i.last_seen_at).where(i.source == source)
    pending = (
        select(r.image_id, r.version, r.name, r.last_seen_at, r.removed_at, r.attribution)
        .where(r.source == source, r.removed_at >= since)
        .where(or_(r.attribution.is_(None), r.attribution.in_(["none", "refused"])))
        .order_by(r.removed_at, r.image_id)
    )
    found: list[RemovedImage] = []
    with connection.begin():
        for batch in batches(image_ids, _BATCH):
            rows = connection.execute(present.where(i.image_id.in_(batch)).order_by(i.image_id))
            found += [RemovedImage(*row, removed_at=now) for row in rows]
        return found + [RemovedImage(*row) for row in connection.execute(pending)]


def read_used_traces(connection: Connection, source: str, *, since: datetime) -> set[str]:
    """Read the ids of the traces since then that already name who removed an image."""
    used = select(r.trace_id).where(
        r.source == source, r.trace_id.is_not(None), r.trace_at >= since
    )
    with connection.begin():
        return {*connection.scalars(used)}


def record_attribution(
    connection: Connection, attribution: Attribution, *, source: str, run_id: int
) -> None:
    """Record a result unless it is on record: the newest one counts.

    Runs in the transaction of the run, before its log entry is appended.
    """
    image, trace = attribution.image, attribution.trace
    if attribution.result == image.attribution:
        return
    removal = (source, image.image_id, image.version)
    result = {"attribution": attribution.result, "attributed_run_id": run_id}
    of_removal = (r.source == source, r.image_id == image.image_id, r.version == image.version)
    named = _actor_values(trace) if trace else dict.fromkeys(ACTOR_COLUMNS)
    salt = token_hex(16) if any(named.values()) else None
    connection.execute(
        update(image_removals).where(*of_removal).values(result | named | {"actor_salt": salt})
    )
    opening = read_actor(connection, removal)
    connection.execute(
        insert(removal_attributions).values(
            source=source,
            image_id=image.image_id,
            version=image.version,
            run_id=run_id,
            attribution=attribution.result,
            actor_digest=sha256(opening).hexdigest() if opening else None,
        )
    )


def _actor_values(trace: Trace) -> dict[str, Any]:
    actor = trace.actor
    is_system = actor is None and trace.via == "SystemAction"
    return {
        "removed_by": actor.name if actor else None,
        "removed_by_kind": actor.kind if actor else "system" if is_system else None,
        "removed_via": trace.via if trace.via in VIA else None,
        "source_ip": trace.source_ip or None,
        "trace_id": trace.trace_id or None,
        "trace_at": trace.at,
    }


def read_actor(connection: Connection, removal: tuple[str, str, int]) -> bytes | None:
    """The text whose digest the log contains; None if nobody is named, or names were erased."""
    source, image_id, version = removal
    rows = read_values(
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
