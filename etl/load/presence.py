"""Presence of images whose version stays: missing, found by lookup, listed again, relisted.

Each change is also a row of `presence_changes`, so that the log can be recomputed from the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, func, insert, literal, null, or_, select, update

from etl.database.schema import current_images, presence_changes
from etl.load.sql import batches
from etl.model import AbsentImage

if TYPE_CHECKING:
    from etl.load.changes import ChangeDetector
    from etl.load.transaction import SourceTransaction

_BATCH: Final = 1_000
c: Final = current_images.c


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
    recorded = {name: values.get(name, c[name]) for name in _RECORDED}
    for batch in batches(keys, _BATCH):
        is_meant: ColumnElement[bool] = c.image_key.in_(batch)
        if condition is not None:
            is_meant &= condition
        rows = select(
            *(c.image_key, c.source, c.image_id),
            literal(transaction.run_id),
            literal(transaction.observed_at, c.valid_from.type),
            literal(kind),
            *recorded.values(),
        ).where(is_meant)
        names = ("image_key", "source", "image_id", "run_id", "changed_at", "kind", *_RECORDED)
        transaction.execute(insert(presence_changes).from_select(names, rows))
        transaction.execute(update(current_images).values(values).where(is_meant))


_RECORDED: Final = ("last_seen_at", "missing_since", "relisted_as")
