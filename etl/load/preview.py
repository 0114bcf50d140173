"""What would a run do to a source? The same counting as `apply`, and nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.load.differences import Differences
from etl.load.rows import ID, NAME
from etl.load.sighting import deleted_by, seen_by
from etl.load.statements import reading
from etl.load.tally import Tally
from etl.load.turn import read_before

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from etl.load.sighting import Sighting
    from etl.load.stage import Changed
    from etl.model import Decision, Outcome, WalkFacts


@dataclass(frozen=True, slots=True)
class Preview:
    """A run that is not done: its outcome, and what it would write, read from the spools."""

    outcome: Outcome
    differences: Differences
    is_certified: bool

    def new(self) -> Iterator[tuple[str, str | None]]:
        """Id and name of the images that would be added (and removed, if listed as DELETED)."""
        for page in self.differences.new(is_certified=self.is_certified):
            for row in page.rows:
                yield row[ID], row[NAME]

    def changed(self) -> Iterator[Changed]:
        """The versions that would follow, with their field changes."""
        return self.differences.changed(is_certified=self.is_certified)


def preview_source(
    connection: Connection,
    *,
    source: str,
    observed_at: datetime,
    sightings: Sequence[Sighting],
    decision: Decision,
    facts: WalkFacts,
) -> Preview:
    """The outcome that `apply_source` would come to now."""
    with reading(connection):
        before = read_before(connection, source)
    is_certified = facts.certificate != "none"
    differences, tally = Differences(sightings, decision), Tally()
    for _ in tally.new(differences.new(is_certified=is_certified)):
        pass
    for _ in tally.changed(differences.changed(is_certified=is_certified)):
        pass
    tally.rejected = sum(1 for _ in differences.rejected())
    outcome = tally.outcome(
        source=source,
        observed_at=observed_at,
        facts=facts,
        decision=decision,
        seen=seen_by(sightings),
        deleted=len(deleted_by(sightings)),
        present_before=before.present,
    )
    return Preview(outcome, differences, is_certified)
