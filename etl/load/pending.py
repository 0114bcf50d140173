"""What waits for a person: removals that are held, and rejects that may be tried again."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import select, text

from etl.database.schema import rejects
from etl.load.statements import reading

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl.model import Evidence


@dataclass(frozen=True, slots=True)
class Held:
    """A removal that is held: by which rule, and how the image was known to be gone."""

    rule: str
    evidence: Evidence
    detail: dict[str, Any]


def held_evidence(connection: Connection, source: str) -> dict[str, Held]:
    """Image id → what is known of each removal of `source` that is held now."""
    with reading(connection):
        rows = connection.execute(text(_HELD), {"source": source}).all()
    return {
        image_id: Held(rule, evidence, msgspec.json.decode(detail))
        for image_id, rule, evidence, detail in rows
    }


def whole_rejects(connection: Connection, source: str) -> list[bytes]:
    """The unresolved records of `source` that were kept whole, oldest first."""
    open_ones = (
        select(rejects.c.record, rejects.c.record_digest)
        .where(rejects.c.source == source, rejects.c.resolved_at.is_(None))
        .order_by(rejects.c.reject_id)
    )
    with reading(connection):
        rows = connection.execute(open_ones).all()
    records = [(record.encode(), digest) for record, digest in rows]
    return [record for record, digest in records if _digest(record) == digest]


def _digest(record: bytes) -> str:
    return blake2b(record, digest_size=16).hexdigest()


_HELD: Final = """
    select image_id, rule, evidence, cast(evidence_detail as text)
    from held_removals
    where source = :source and released_at is null
    order by image_id
"""
