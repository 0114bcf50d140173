"""Which removals does the guard hold, how is each image known to be gone, what becomes of them?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import text

from etl.database.types import json_text
from etl.load.rows import form_of
from etl.load.statements import reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Connection

    from etl.load.seen import Seen
    from etl.load.turn import Turn
    from etl.model import Decision, Evidence, Removal


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


def read_held(connection: Connection, run_id: int) -> dict[str, list[str]]:
    """Source → image ids: what the run held, and is held still."""
    held: dict[str, list[str]] = {}
    with connection.begin():
        for source, image_id in connection.execute(text(_OF_RUN), {"run_id": run_id}):
            held.setdefault(source, []).append(image_id)
    return held


def write_held(
    turn: Turn,
    decision: Decision,
    seen: Seen,
    *,
    listed_deleted: Collection[str],
    dismissed: Collection[str],
) -> None:
    """Holds what the decision holds anew, and releases what it does not hold any more.

    A removal that is held still keeps its row as it is.
    """
    open_rows = turn.execute(_OPEN).all()
    held_already = {image_id for image_id, _, _ in open_rows}
    wanted = {removal.candidate.image_id: removal for removal in decision.held}
    settled = {removal.candidate.image_id for removal in decision.removals}
    cleared = {each.image_id for each in (*decision.found, *decision.out_of_scope)}
    released = {}
    for image_id, key, state in open_rows:
        is_listed = seen.has(key) and image_id not in listed_deleted
        is_back = state != "present" or is_listed or image_id in cleared
        if image_id in settled:
            released[image_id] = "removed"
        elif image_id in dismissed:
            released[image_id] = "dismissed"
        elif image_id not in wanted and (turn.is_certified or is_back):
            released[image_id] = "withdrawn"
    if released:
        _release(turn, released)
    if fresh := [removal for image_id, removal in wanted.items() if image_id not in held_already]:
        _hold(turn, fresh, rule=decision.held_rule)


def _release(turn: Turn, released: Mapping[str, str]) -> None:
    """Image id → as what its removal is held no more."""
    turn.temporary("released", "select image_id, released_as from held_removals limit 0")
    turn.insert("released", ("image_id", "released_as"), released.items())
    turn.execute(_RELEASE)
    turn.drop("released")


def _hold(turn: Turn, removals: Iterable[Removal], *, rule: str) -> None:
    alike = {
        "source": turn.source,
        "run_id": turn.run_id,
        "held_at": form_of(turn.connection).instant_of(turn.observed_at),
        "rule": rule,
    }
    rows = (
        (each.candidate.image_id, each.candidate.name, each.evidence, json_text(each.detail))
        for each in removals
    )
    turn.insert("held_removals", _HELD_ROW, rows, alike=alike)


_HELD_ROW: Final = ("image_id", "name", "evidence", "evidence_detail")
_HELD: Final = """
    select image_id, rule, evidence, cast(evidence_detail as text)
    from held_removals
    where source = :source and released_at is null
    order by image_id
"""
_OF_RUN: Final = """
    select h.source, h.image_id
    from held_removals as h
    join source_runs as s on s.source = h.source and s.run_id = :run_id and s.held > 0
    where h.held_at <= s.observed_at and h.released_at is null
    order by h.source, h.image_id
"""
_OPEN: Final = """
    select h.image_id, c.image_key, c.state
    from held_removals as h
    join current_images as c on c.source = h.source and c.image_id = h.image_id
    where h.source = :source and h.released_at is null
    order by h.image_id
"""
_RELEASE: Final = """
    update held_removals
    set released_run_id = :run_id, released_at = :at, released_as = r.released_as
    from released as r
    where held_removals.source = :source and held_removals.image_id = r.image_id
        and held_removals.released_at is null
"""
