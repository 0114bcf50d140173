"""Which present images were seen in another listing than the one on record? Their rows say so now.

An image keeps the listing that gave its version. When a run does not walk that listing any more
(another coverage, a workspace that vanished) and sees the image in another one, it belongs there:
by its listing it is judged when it is absent one day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from etl.load.sights import sights_kept
from etl.load.turn import batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from etl.load.sighting import Sighting
    from etl.load.turn import Turn

_BATCH: Final = 1_000


def write_relisted(turn: Turn, sightings: Sequence[Sighting]) -> None:
    """Writes where images are listed now; `sightings` in order of precedence.

    All present images are looked at where the last certified walk had a listing that this one has
    not; else none can be meant. What is no certified walk (a replay, a decision) leaves it to the
    next one.
    """
    walked = {str(sighting.listing) for sighting in sightings}
    if not turn.is_certified or turn.before.listings <= walked:
        return
    for batch in batches(_seen_elsewhere(turn, sightings, walked), _BATCH):
        turn.temporary("picked", "select image_key, listing from current_images limit 0")
        turn.insert("picked", ("image_key", "listing"), batch)
        with sights_kept(turn, "picked"):
            turn.execute(_RELIST)
        turn.drop("picked")


def _seen_elsewhere(
    turn: Turn, sightings: Sequence[Sighting], walked: set[str]
) -> Iterator[tuple[Any, ...]]:
    names = msgspec.json.encode(sorted(walked)).decode()
    for (key,) in turn.execute(_ELSEWHERE[turn.is_sqlite], names=names).all():
        for sighting in sightings:
            if sighting.seen.has_told(key):
                yield key, str(sighting.listing)
                break


def _elsewhere(names: str) -> str:
    return f"""
    select image_key from current_images
    where source = :source and state = 'present' and listing not in (select value from {names})
    order by image_key
    """  # noqa: S608  # our own words


_ELSEWHERE: Final = {
    True: _elsewhere("json_each(:names)"),
    False: _elsewhere("jsonb_array_elements_text(cast(:names as jsonb)) as named (value)"),
}
_RELIST: Final = """
    update current_images set listing = p.listing
    from picked as p
    where current_images.image_key = p.image_key
"""
