"""Writes the versions that a run opens: of new images, of changed ones, of ones that came back."""

# ruff: noqa: S608  # the SQL is put together from our own column names, never from input

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import astuple

from etl.clock import instant_text
from etl.database.types import json_text
from etl.load.bulk import many_new_rows
from etl.load.rows import NEW_ROW, STATUS, VALUES, form_of
from etl.load.sights import new_sights, sights_kept
from etl.load.turn import batches
from etl.model import DELETED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from etl.load.stage import Changed, New, Touched
    from etl.load.turn import Turn

BATCH: Final = 1_000  # changed images in memory at once

_NEXT: Final = ("record_digest", "fingerprint", "listing", *VALUES, "components")
# Indexed, and rarely what changed: a row that an update names them in has its place in their
# indexes written anew, wherever that is, though they stay the same.
_SOUGHT: Final = ("name", "swr_path")
_STAGED: Final = ("image_key", "version", "opened_as", *_NEXT)
_CHANGES: Final = ("image_key", "version", "field", "old_value", "new_value", "run_id")


def write_new(turn: Turn, pages: Iterable[New], *, about: int) -> None:
    """Version 1 of images never seen before, about so many."""
    at = form_of(turn.connection).instant_of(turn.observed_at)
    alike = {
        "source": turn.source,
        "state": "present",
        "version": 1,
        "valid_from": at,
        "first_seen_at": at,
        "opened_run_id": turn.run_id,
        "opened_as": "added",
    }
    with many_new_rows(turn, about):
        rows = chain.from_iterable(_new_rows(turn, pages))
        turn.insert("current_images", NEW_ROW, rows, alike=alike)


def _new_rows(turn: Turn, pages: Iterable[New]) -> Iterator[list[tuple[Any, ...]]]:
    for page in pages:
        facts = zip(page.rows, page.facts, strict=True)
        turn.catalogue.update(fact for row, fact in facts if row[STATUS] != DELETED)
        turn.sights.update(new_sights(turn.source, page.rows))
        yield page.rows


def remove_at_once(turn: Turn) -> None:
    """Images that the run added, or took in again, listed as DELETED: their version ends as it
    begins.
    """
    turn.execute(_CLOSED_AT_ONCE)
    time = instant_text(turn.observed_at)
    for listing in turn.execute(_LISTINGS_AT_ONCE).scalars().all():
        detail = json_text({"status": DELETED, "listing": listing, "time": time})
        turn.execute(_REMOVED_AT_ONCE[turn.is_sqlite], listing=listing, detail=detail)


def write_changed(turn: Turn, frames: Iterable[Changed]) -> None:
    """The next versions: the row as it was goes to `past_versions`, then says the new values."""
    for batch in batches(frames, BATCH):
        turn.temporary("staged", f"select {', '.join(_STAGED)} from current_images limit 0")
        turn.insert("staged", _STAGED, _staged_rows(turn, batch))
        turn.execute(_SUPERSEDE)
        with sights_kept(turn, "staged"):
            turn.execute(_REWRITE)
            turn.execute(_RENAME)
        turn.execute(_RESTORED)
        turn.drop("staged")
        turn.insert("field_changes", _CHANGES, _change_rows(turn, batch))


def _staged_rows(turn: Turn, frames: Sequence[Changed]) -> Iterator[tuple[Any, ...]]:
    for frame in frames:
        if frame.state == "present":
            turn.catalogue.remove(frame.fact_before)
        if frame.image.status != DELETED:
            turn.catalogue.add(frame.fact)
    images = [*zip(*(astuple(frame.image) for frame in frames), strict=True)]
    _, *columns = form_of(turn.connection).driver_columns(images)
    for frame, *values in zip(frames, *columns, strict=True):
        yield (
            *(frame.image_key, frame.version, frame.opened_as),
            *(frame.record_digest, frame.fingerprint, frame.listing, *values),
        )


def _change_rows(turn: Turn, frames: Iterable[Changed]) -> Iterator[tuple[Any, ...]]:
    for frame in frames:
        for change in frame.changes:
            yield (
                *(frame.image_key, frame.version, change.field),
                *(change.old_value, change.new_value, turn.run_id),
            )


def write_touched(turn: Turn, frames: Iterable[Touched]) -> None:
    """Unchanged images that were seen again, or that carry an older program's fingerprint."""
    for batch in batches(frames, BATCH):
        turn.temporary("picked", "select image_key from current_images limit 0")
        turn.insert("picked", ("image_key",), ((frame.image_key,) for frame in batch))
        with sights_kept(turn, "picked"):
            turn.execute(_SEEN_IN_CERTIFIED if turn.is_certified else _SEEN)
        turn.drop("picked")
        for frame in batch:
            if frame.fingerprint is not None:
                turn.execute(_RESTAMP, **msgspec.structs.asdict(frame))


def _removed_at_once(detail: str) -> str:
    return f"""
    insert into image_removals (
        source, image_id, name, swr_path, version, run_id, removed_at, last_seen_at,
        evidence, evidence_detail
    )
    select source, image_id, name, swr_path, version, closed_run_id, valid_to, valid_from,
        'listed_deleted', {detail}
    from current_images
    where {_AT_ONCE} and listing = :listing
    """


_AT_ONCE: Final = "closed_run_id = :run_id and source = :source and valid_to = valid_from"
_CLOSED_AT_ONCE: Final = f"""
    update current_images
    set state = 'removed', valid_to = valid_from, closed_run_id = opened_run_id,
        closed_as = 'removed'
    where opened_run_id = :run_id and source = :source and opened_as in ('added', 'in_scope')
        and status = '{DELETED}'
"""
_LISTINGS_AT_ONCE: Final = f"""
    select distinct listing from current_images where {_AT_ONCE} order by listing
"""
_REMOVED_AT_ONCE: Final = {
    True: _removed_at_once(":detail"),
    False: _removed_at_once("cast(:detail as json)"),
}
_SUPERSEDE: Final = f"""
    insert into past_versions (
        image_key, source, image_id, version, valid_from, opened_run_id, opened_as,
        valid_to, closed_run_id, closed_as, last_seen_at, listing, {", ".join(VALUES)}
    )
    select c.image_key, c.source, c.image_id, c.version, c.valid_from, c.opened_run_id, c.opened_as,
        coalesce(c.valid_to, :at), coalesce(c.closed_run_id, :run_id),
        coalesce(c.closed_as, 'changed'), c.last_seen_at, c.listing,
        {", ".join(f"c.{name}" for name in VALUES)}
    from staged as s
    join current_images as c on c.image_key = s.image_key
"""
_REWRITE: Final = f"""
    update current_images
    set state = 'present', version = s.version, valid_from = :at, valid_to = null,
        opened_run_id = :run_id, opened_as = s.opened_as, closed_run_id = null, closed_as = null,
        last_seen_at = null, missing_since = null,
        {", ".join(f"{name} = s.{name}" for name in _NEXT if name not in _SOUGHT)}
    from staged as s
    where current_images.image_key = s.image_key
"""
_DIFFERENT: Final = "current_images.{0} <> s.{0} or (current_images.{0} is null) <> (s.{0} is null)"
_RENAME: Final = f"""
    update current_images
    set {", ".join(f"{name} = s.{name}" for name in _SOUGHT)}
    from staged as s
    where current_images.image_key = s.image_key
        and ({" or ".join(_DIFFERENT.format(name) for name in _SOUGHT)})
"""
_RESTORED: Final = """
    update image_removals
    set restored_at = :at, restored_run_id = :run_id
    from staged as s
    join current_images as c on c.image_key = s.image_key
    where s.opened_as = 'restored' and image_removals.source = c.source
        and image_removals.image_id = c.image_id and image_removals.restored_at is null
"""
_SEEN: Final = """
    update current_images set missing_since = null
    from picked as p
    where current_images.image_key = p.image_key and missing_since is not null
"""
_SEEN_IN_CERTIFIED: Final = """
    update current_images set missing_since = null, last_seen_at = null
    from picked as p
    where current_images.image_key = p.image_key
        and (missing_since is not null or last_seen_at is not null)
"""
_RESTAMP: Final = """
    update current_images set record_digest = :record_digest, fingerprint = :fingerprint
    where image_key = :image_key
"""
