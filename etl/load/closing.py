"""Writes what becomes of the present images that a run did not see: the versions that it ends."""

# ruff: noqa: S608  # the SQL is put together from our own column names, never from input

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from etl.database.types import json_text
from etl.decide.ledger import version_fact
from etl.load.rows import image_columns, image_of
from etl.load.sights import sights_kept
from etl.load.turn import LAST_SEEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from etl.load.turn import Turn
    from etl.model import Candidate, Decision, Removal

_PICKED: Final = ("image_key", "evidence", "evidence_detail")


def write_absent(turn: Turn, decision: Decision) -> None:
    """Removals, what is out of scope, what is missing, and what only a lookup found."""
    if decision.removals:
        with _picked(turn, map(_evidenced, decision.removals)):
            _forget_facts(turn)
            turn.execute(_REMOVALS[turn.is_sqlite])
            turn.execute(_CLOSE, closed_as="removed")
    if decision.out_of_scope:
        with _picked(turn, map(_bare, decision.out_of_scope)):
            _forget_facts(turn)
            turn.execute(_CLOSE, closed_as="out_of_scope")
    if missing := [*decision.missing, *_absent_but_held(decision)]:
        with _picked(turn, map(_bare, missing)):
            turn.execute(_MISSING)
    if decision.found:
        with _picked(turn, map(_bare, decision.found)):
            turn.execute(_FOUND)


@contextmanager
def _picked(turn: Turn, rows: Iterable[tuple[Any, ...]]) -> Iterator[None]:
    """The rows that the statements of the block work on, as the temporary table `picked`."""
    empty = (
        "select image_key, name as evidence, name as evidence_detail from current_images limit 0"
    )
    turn.temporary("picked", empty)
    turn.insert("picked", _PICKED, rows)
    with sights_kept(turn, "picked"):
        yield
    turn.drop("picked")


def _evidenced(removal: Removal) -> tuple[Any, ...]:
    return removal.candidate.image_key, removal.evidence, json_text(removal.detail)


def _bare(candidate: Candidate) -> tuple[Any, ...]:
    return candidate.image_key, None, None


def _absent_but_held(decision: Decision) -> Iterator[Candidate]:
    """A held image that is listed as DELETED is not missing."""
    for removal in decision.held:
        if removal.evidence != "listed_deleted":
            yield removal.candidate


def _forget_facts(turn: Turn) -> None:
    """Takes the picked images' versions out of the catalogue's digest."""
    columns = image_columns(turn.connection, "c")
    statement = f"""
        select c.version, {columns}
        from picked as p
        join current_images as c on c.image_key = p.image_key
    """
    for version, *image in turn.connection.execute(text(statement)):
        turn.catalogue.remove(version_fact(turn.source, version, image_of(image)))


def _removals(detail: str) -> str:
    return f"""
    insert into image_removals (
        source, image_id, name, swr_path, version, run_id, removed_at, last_seen_at,
        missing_since, evidence, evidence_detail
    )
    select c.source, c.image_id, c.name, c.swr_path, c.version, :run_id, :at, {LAST_SEEN},
        case when p.evidence = 'listed_deleted' then c.missing_since
            else coalesce(c.missing_since, :at) end,
        p.evidence, {detail}
    from picked as p
    join current_images as c on c.image_key = p.image_key
    """


_REMOVALS: Final = {
    True: _removals("p.evidence_detail"),
    False: _removals("cast(p.evidence_detail as json)"),
}
_LAST_SEEN_HERE: Final = LAST_SEEN.replace("c.", "current_images.")
_CLOSE: Final = f"""
    update current_images
    set state = :closed_as, valid_to = :at, closed_run_id = :run_id, closed_as = :closed_as,
        last_seen_at = {_LAST_SEEN_HERE}, missing_since = null
    from picked as p
    where current_images.image_key = p.image_key
"""
_MISSING: Final = f"""
    update current_images
    set missing_since = coalesce(current_images.missing_since, :at), last_seen_at =
{_LAST_SEEN_HERE}
    from picked as p
    where current_images.image_key = p.image_key
        and (current_images.missing_since is null or current_images.last_seen_at is null)
"""
_FOUND: Final = f"""
    update current_images
    set missing_since = null, last_seen_at = {_LAST_SEEN_HERE}
    from picked as p
    where current_images.image_key = p.image_key
        and (current_images.missing_since is not null or current_images.last_seen_at is null)
"""
