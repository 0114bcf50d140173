"""Versions that a run opens: of new images, of changed ones, and of images that came back."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import astuple
from sqlalchemy import (
    Column,
    MetaData,
    Table,
    bindparam,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from etl.clock import instant_text
from etl.database.schema import current_images, field_changes, image_removals, past_versions
from etl.load.events import added_hashes
from etl.load.sql import LOG_CODEC, VALUES, batches, codec_of, insert_rows, temporary_table
from etl.model import Image
from etl.transform import READ_FROM

if TYPE_CHECKING:
    from etl.load.spool import Change
    from etl.load.transaction import SourceTransaction

_FOLLOWING: Final = frozenset({"changed", "restored", "in_scope"})
BATCH: Final = 1_000  # changed images in memory at once
_BLOCK: Final = 5_000
_PAYLOAD: Final = (*VALUES, "components", "record_digest", "fingerprint", "listing")
_NEW: Final = ("image_id", *_PAYLOAD)
_STAGED: Final = ("image_key", "version", "opened_as", *_PAYLOAD)
# Indexed columns that rarely change: naming them in an update rewrites the row's index entries.
_INDEXED: Final = ("name", "swr_path")
_CHANGES: Final = ("image_key", "version", "field", "old_value", "new_value", "run_id")
_log = logging.getLogger(__name__)
c: Final = current_images.c


_STAGED_ROWS: Final = Table(
    "staged",
    MetaData(),
    *(Column(each, c[each].type) for each in _STAGED),
    prefixes=["temporary"],
)


def write_changes(transaction: SourceTransaction, changes: Iterable[Change]) -> None:
    """Write all changes of a run, in batches."""
    for batch in batches(changes, BATCH):
        _write_new(transaction, [each for each in batch if each.kind == "added"])
        _write_next(transaction, [each for each in batch if each.kind in _FOLLOWING])
        _rehash(transaction, [each for each in batch if each.kind == "rehashed"])


def _columns(transaction: SourceTransaction, changes: Sequence[Change]) -> dict[str, Sequence[Any]]:
    values = [*zip(*(astuple(each.image) for each in changes), strict=True)]
    columns: dict[str, Sequence[Any]] = dict(zip(("image_id", *VALUES), values, strict=True))
    columns["components"] = [*transaction.rules.components_of(values)]
    for name in ("record_digest", "fingerprint", "listing"):
        columns[name] = [getattr(each, name) for each in changes]
    return columns


def _write_new(transaction: SourceTransaction, changes: Sequence[Change]) -> None:
    if not changes:
        return
    columns = _columns(transaction, changes)
    codec = codec_of(transaction.connection)
    encoded = codec.encode(columns)
    at = codec.instant(transaction.observed_at)
    shared = {
        "source": transaction.source,
        "state": "present",
        "version": 1,
        "valid_from": at,
        "first_seen_at": at,
        "opened_run_id": transaction.run_id,
        "opened_as": "added",
    }
    rows = zip(*(encoded[name] for name in _NEW), strict=True)
    insert_rows(transaction.connection, current_images, _NEW, rows, shared)
    hashes = added_hashes(
        encoded if codec is LOG_CODEC else LOG_CODEC.encode(columns),
        run_id=transaction.run_id,
        valid_from=instant_text(transaction.observed_at),
    )
    transaction.added_hashes.extend(hashes)


def _write_next(transaction: SourceTransaction, changes: Sequence[Change]) -> None:
    """The row's version moves to `past_versions`, then the row gets the new values."""
    if not changes:
        return
    columns = codec_of(transaction.connection).encode(_columns(transaction, changes))
    columns["image_key"] = [each.image_key for each in changes]
    columns["version"] = [each.version for each in changes]
    columns["opened_as"] = [each.kind for each in changes]
    rows = zip(*(columns[name] for name in _STAGED), strict=True)
    with temporary_table(transaction.connection, _STAGED_ROWS, rows):
        _keep_past_versions(transaction)
        _rewrite(transaction)
        _mark_restored(transaction)
    values = _field_rows(transaction, changes)
    insert_rows(transaction.connection, field_changes, _CHANGES, values)


def _keep_past_versions(transaction: SourceTransaction) -> None:
    same = (
        *("image_key", "source", "image_id", "version", "valid_from", "opened_run_id"),
        *("opened_as", "listing", *VALUES),
    )
    names = (*same, "last_seen_at", "valid_to", "closed_run_id", "closed_as")
    rows = select(
        *(c[name] for name in same),
        case((c.valid_to.is_not(None), c.last_seen_at)),
        func.coalesce(c.valid_to, literal(transaction.observed_at, c.valid_to.type)),
        func.coalesce(c.closed_run_id, transaction.run_id),
        func.coalesce(c.closed_as, "changed"),
    ).join_from(_STAGED_ROWS, current_images, _STAGED_ROWS.c.image_key == c.image_key)
    transaction.execute(insert(past_versions).from_select(names, rows))


def _rewrite(transaction: SourceTransaction) -> None:
    staged = _STAGED_ROWS.c
    this_row = c.image_key == staged.image_key
    values: dict[str, Any] = {
        "state": "present",
        "version": staged.version,
        "valid_from": transaction.observed_at,
        "opened_run_id": transaction.run_id,
        "opened_as": staged.opened_as,
    }
    ended = (
        *("valid_to", "closed_run_id", "closed_as"),
        *("last_seen_at", "missing_since", "relisted_as"),
    )
    values |= dict.fromkeys(ended)
    values |= {name: staged[name] for name in _PAYLOAD if name not in _INDEXED}
    transaction.execute(update(current_images).values(values).where(this_row))
    is_other = or_(*(c[name].is_distinct_from(staged[name]) for name in _INDEXED))
    indexed = {name: staged[name] for name in _INDEXED}
    transaction.execute(update(current_images).values(indexed).where(this_row, is_other))


def _mark_restored(transaction: SourceTransaction) -> None:
    removal = image_removals.c
    restored = (
        select(c.image_id)
        .join_from(_STAGED_ROWS, current_images, _STAGED_ROWS.c.image_key == c.image_key)
        .where(_STAGED_ROWS.c.opened_as == "restored")
    )
    transaction.execute(
        update(image_removals)
        .values(restored_at=transaction.observed_at, restored_run_id=transaction.run_id)
        .where(
            removal.source == transaction.source,
            removal.restored_at.is_(None),
            removal.image_id.in_(restored),
        )
    )


def _field_rows(
    transaction: SourceTransaction, changes: Iterable[Change]
) -> Iterator[tuple[Any, ...]]:
    for each in changes:
        for change in each.fields:
            yield (
                each.image_key,
                each.version,
                change.field,
                change.old_value,
                change.new_value,
                transaction.run_id,
            )


def _rehash(transaction: SourceTransaction, changes: Sequence[Change]) -> None:
    """Store the digests by the current rules; the images' values are the same."""
    if changes:
        stamped = update(current_images).where(c.image_key == bindparam("key"))
        transaction.execute(
            stamped.values(
                record_digest=bindparam("record_digest"), fingerprint=bindparam("fingerprint")
            ),
            [
                {
                    "key": each.image_key,
                    "record_digest": each.record_digest,
                    "fingerprint": each.fingerprint,
                }
                for each in changes
            ],
        )


def refresh_components(transaction: SourceTransaction) -> None:
    """Read the components of all images again if other rules read them last.

    `image_components` follows from the values of versions: this opens no version.
    """
    rules = transaction.rules
    if transaction.previous.component_rules in {None, rules.digest}:
        return
    count, low = 0, -1
    while rows := _components_after(transaction, low):
        count += _write_components(transaction, rows)
        low = rows[-1].image_key
    _log.info("components refreshed", extra={"images": count})


def _components_after(transaction: SourceTransaction, low: int) -> Sequence[Any]:
    columns = [c[name] for name in ("image_key", "components", *READ_FROM)]
    following = select(*columns).where(c.source == transaction.source, c.image_key > low)
    return transaction.execute(following.order_by(c.image_key).limit(_BLOCK)).all()


def _write_components(transaction: SourceTransaction, rows: Sequence[Any]) -> int:
    changed = []
    for image_key, before, *texts in rows:
        image = Image("", **dict(zip(READ_FROM, texts, strict=True)))
        now = [list(each) for each in transaction.rules.components(image)]
        if now != before:
            changed.append({"key": image_key, "now": now})
    if changed:
        rewritten = update(current_images).where(c.image_key == bindparam("key"))
        transaction.execute(rewritten.values(components=bindparam("now")), changed)
    return len(changed)
