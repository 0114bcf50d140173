"""Images that a run did not see, or sees again: removals, held removals, presence.

A removal ends a version. A version whose image is missing, found by a lookup or listed again stays;
such a change of its presence is also a row of `presence_changes`, so that the log can be recomputed
from the tables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from etl.clock import instant_text
from etl.database.schema import (
    current_images,
    held_removals,
    image_removals,
    presence_changes,
    source_runs,
)
from etl.load.attribution import record_attribution
from etl.load.baseline import read_present_where
from etl.load.sql import batches
from etl.model import DELETED, AbsentImage, Decision, Evidence, Listing, Removal

if TYPE_CHECKING:
    from etl.load.changes import ChangeDetector
    from etl.load.transaction import SourceTransaction

_BATCH: Final = 1_000
_PRESENCE: Final = ("last_seen_at", "missing_since", "relisted_as")
c: Final = current_images.c
h: Final = held_removals.c


@dataclass(frozen=True, slots=True)
class HeldRemoval:
    """A removal that is held: the guard's rule, and the evidence."""

    rule: str
    evidence: Evidence
    detail: dict[str, Any]


def read_held_evidence(connection: Connection, source: str) -> dict[str, HeldRemoval]:
    """Read the removals of a source that are held now, by image id."""
    held = select(h.image_id, h.rule, h.evidence, h.evidence_detail).where(
        h.source == source, h.released_at.is_(None)
    )
    with connection.begin():
        rows = connection.execute(held.order_by(h.image_id)).all()
    return {image_id: HeldRemoval(*values) for image_id, *values in rows}


def read_held(connection: Connection, run_id: int) -> dict[str, list[str]]:
    """Read what a run held and nobody has decided since: source → image ids."""
    s = source_runs.c
    of_run = (
        select(h.source, h.image_id)
        .join(
            source_runs,
            and_(s.source == h.source, s.run_id == run_id, s.held > 0),
        )
        .where(h.held_at <= s.observed_at, h.released_at.is_(None))
        .order_by(h.source, h.image_id)
    )
    held: dict[str, list[str]] = {}
    with connection.begin():
        for source, image_id in connection.execute(of_run):
            held.setdefault(source, []).append(image_id)
    return held


def write_decision(transaction: SourceTransaction, decision: Decision) -> None:
    """Write removals, what left the scope, what is missing, and what only a lookup found."""
    _remove(transaction, decision.removals)
    _close(transaction, decision.out_of_scope, "out_of_scope")
    # An image that is held because it is listed as DELETED is not missing.
    held = (each.image for each in decision.held if each.evidence != "listed_deleted")
    write_missing(transaction, [*decision.missing, *held])
    write_found(transaction, decision.found)
    connection, source, run_id = transaction.connection, transaction.source, transaction.run_id
    for each in decision.attributions:
        record_attribution(connection, each, source=source, run_id=run_id)


def remove_at_once(transaction: SourceTransaction) -> None:
    """Remove the images that this run added, or took into scope again, with status DELETED.

    Their version ends when it begins, so it was never part of a catalogue.
    """
    is_opened = and_(
        c.opened_run_id == transaction.run_id,
        c.opened_as.in_(("added", "in_scope")),
        c.status == DELETED,
    )
    images = read_present_where(transaction.connection, transaction.source, is_opened)
    at = transaction.observed_at
    _remove(transaction, [listed_deleted(each, each.listing, at) for each in images])


def listed_deleted(image: AbsentImage, listing: Listing | str | None, at: datetime) -> Removal:
    """Return the removal of an image that a listing shows with status DELETED."""
    detail = {"status": DELETED, "listing": str(listing), "time": instant_text(at)}
    return Removal(image, "listed_deleted", detail)


def _remove(transaction: SourceTransaction, removals: Sequence[Removal]) -> None:
    _write_removals(transaction, removals)
    _close(transaction, [each.image for each in removals], "removed")


def _write_removals(transaction: SourceTransaction, removals: Iterable[Removal]) -> None:
    since = func.coalesce(c.missing_since, literal(transaction.observed_at, c.valid_from.type))
    evidence = bindparam("evidence", type_=image_removals.c.evidence.type)
    detail = bindparam("detail", type_=image_removals.c.evidence_detail.type)
    same = ("source", "image_id", "name", "swr_path", "version")
    names = (*same, "run_id", "removed_at", "last_seen_at", "missing_since")
    row = select(
        *(c[name] for name in same),
        literal(transaction.run_id),
        literal(transaction.observed_at, c.valid_from.type),
        transaction.last_seen_at(),
        case((evidence == "listed_deleted", c.missing_since), else_=since),
        evidence,
        detail,
    ).where(c.image_key == bindparam("key"))
    statement = insert(image_removals).from_select((*names, "evidence", "evidence_detail"), row)
    for batch in batches(removals, _BATCH):
        rows = [
            {"key": each.image.image_key, "evidence": each.evidence, "detail": each.detail}
            for each in batch
        ]
        transaction.execute(statement, rows)


def _close(transaction: SourceTransaction, images: Iterable[AbsentImage], state: str) -> None:
    """End the images' versions."""
    closed = update(current_images).values(
        state=state,
        valid_to=transaction.observed_at,
        closed_run_id=transaction.run_id,
        closed_as=state,
        last_seen_at=transaction.last_seen_at(),
        missing_since=None,
        relisted_as=None,
    )
    for keys in batches((each.image_key for each in images), _BATCH):
        transaction.execute(closed.where(c.image_key.in_(keys)))


def write_held(
    transaction: SourceTransaction,
    decision: Decision,
    changes: ChangeDetector,
    *,
    dismissed: Collection[str],
) -> None:
    """Hold what the decision holds, and release what it no longer holds.

    A removal that is held again keeps its row. `dismissed` are ids of held removals to discard.
    """
    open_rows = transaction.execute(
        select(h.image_id, c.image_key, c.state)
        .join(current_images, and_(c.source == h.source, c.image_id == h.image_id))
        .where(h.source == transaction.source, h.released_at.is_(None))
        .order_by(h.image_id)
    ).all()
    wanted = {removal.image.image_id: removal for removal in decision.held}
    removed = {removal.image.image_id for removal in decision.removals}
    cleared = {each.image_id for each in (*decision.found, *decision.out_of_scope)}
    deleted = {*changes.deleted_keys}
    released = {}
    for row in open_rows:
        image_id = row.image_id
        is_back = (
            row.state != "present"
            or image_id in cleared
            or (changes.was_seen(row.image_key) and row.image_key not in deleted)
        )
        if image_id in removed:
            released[image_id] = "removed"
        elif image_id in dismissed:
            released[image_id] = "dismissed"
        elif image_id not in wanted and (transaction.is_certified or is_back):
            released[image_id] = "withdrawn"
    _release(transaction, released)
    already = {row.image_id for row in open_rows}
    _hold(transaction, [each for id_, each in wanted.items() if id_ not in already], decision)


def _release(transaction: SourceTransaction, released: dict[str, str]) -> None:
    if not released:
        return
    statement = (
        update(held_removals)
        .values(
            released_run_id=transaction.run_id,
            released_at=transaction.observed_at,
            released_as=bindparam("how"),
        )
        .where(
            h.source == transaction.source,
            h.image_id == bindparam("id"),
            h.released_at.is_(None),
        )
    )
    transaction.execute(statement, [{"id": key, "how": how} for key, how in released.items()])


def _hold(transaction: SourceTransaction, removals: Sequence[Removal], decision: Decision) -> None:
    if not removals:
        return
    shared = {
        "source": transaction.source,
        "run_id": transaction.run_id,
        "held_at": transaction.observed_at,
        "rule": decision.held_rule,
    }
    transaction.execute(
        insert(held_removals),
        [
            {
                **shared,
                "image_id": each.image.image_id,
                "name": each.image.name,
                "evidence": each.evidence,
                "evidence_detail": each.detail,
            }
            for each in removals
        ],
    )


def write_missing(transaction: SourceTransaction, images: Iterable[AbsentImage]) -> None:
    """Images that a certified walk did not see and whose removal is not proven."""
    at = literal(transaction.observed_at, c.missing_since.type)
    values = {
        "missing_since": func.coalesce(c.missing_since, at),
        "last_seen_at": transaction.last_seen_at(),
    }
    is_new = or_(c.missing_since.is_(None), c.last_seen_at.is_(None))
    _update(transaction, "missing", [each.image_key for each in images], values, is_new)


def write_found(transaction: SourceTransaction, images: Iterable[AbsentImage]) -> None:
    """Images that a certified walk did not see, but a lookup found."""
    values = {"missing_since": null(), "last_seen_at": transaction.last_seen_at()}
    is_new = or_(c.missing_since.is_not(None), c.last_seen_at.is_(None))
    _update(transaction, "found", [each.image_key for each in images], values, is_new)


def write_reseen(transaction: SourceTransaction, keys: Sequence[int]) -> None:
    """Unchanged images that are seen again after walks without them."""
    values: dict[str, Any] = {"missing_since": null()}
    is_missed: ColumnElement[bool] = c.missing_since.is_not(None)
    if transaction.is_certified:
        values["last_seen_at"] = null()
        is_missed = or_(is_missed, c.last_seen_at.is_not(None))
    _update(transaction, "listed", keys, values, is_missed)


def write_relisted(
    transaction: SourceTransaction, changes: ChangeDetector, listings: frozenset[str]
) -> None:
    """Images whose listing a certified walk no longer reads, and that another one shows.

    An image keeps the listing that gave its version, which decides about its absence. If another
    coverage drops that listing and another one shows the image, the image belongs there.
    """
    if not transaction.is_certified or transaction.previous.walked_listings <= listings:
        return
    elsewhere = (
        select(c.image_key)
        .where(
            c.source == transaction.source,
            c.state == "present",
            func.coalesce(c.relisted_as, c.listing).not_in(sorted(listings)),
        )
        .order_by(c.image_key)
    )
    moved: dict[str, list[int]] = {}
    for key in transaction.execute(elsewhere).scalars():
        if listing := changes.listing_of(key):
            moved.setdefault(str(listing), []).append(key)
    reseen = {*changes.reseen()}  # `write_reseen` records these, with their new listing
    for name, keys in moved.items():
        values = {"relisted_as": literal(name)}
        known = [key for key in keys if key in reseen]
        _update(transaction, "relisted", [key for key in keys if key not in reseen], values)
        for batch in batches(known, _BATCH):
            relisted = update(current_images).values(values).where(c.image_key.in_(batch))
            transaction.execute(relisted)


def _update(
    transaction: SourceTransaction,
    kind: str,
    keys: Sequence[int],
    values: dict[str, Any],
    condition: ColumnElement[bool] | None = None,
) -> None:
    """Set values of the images that fulfil the condition, and record them."""
    recorded = {name: values.get(name, c[name]) for name in _PRESENCE}
    for batch in batches(keys, _BATCH):
        is_meant: ColumnElement[bool] = c.image_key.in_(batch)
        if condition is not None:
            is_meant &= condition
        rows = select(
            c.image_key,
            c.source,
            c.image_id,
            literal(transaction.run_id),
            literal(transaction.observed_at, c.valid_from.type),
            literal(kind),
            *recorded.values(),
        ).where(is_meant)
        names = ("image_key", "source", "image_id", "run_id", "changed_at", "kind", *_PRESENCE)
        transaction.execute(insert(presence_changes).from_select(names, rows))
        transaction.execute(update(current_images).values(values).where(is_meant))
