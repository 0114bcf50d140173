"""The preview of a run that writes nothing: its outcome and the changes that it would apply."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.load.versions import listed_deleted_detail
from etl.model import DELETED, AbsentImage, Decision, Outcome, Removal

if TYPE_CHECKING:
    from etl.load.changes import ChangeDetector
    from etl.load.spool import Change


@dataclass(frozen=True, slots=True)
class Preview:
    """The outcome of a plan for one source, with the changes that a sync would apply."""

    outcome: Outcome
    decision: Decision
    detector: ChangeDetector

    def changes(self) -> Iterator[Change]:
        """Iterate over the new and changed images."""
        is_certified = self.outcome.facts.certificate != "none"
        for change in self.detector.changes(is_certified=is_certified):
            if change.kind != "restamped":
                yield change

    def removals(self) -> Iterator[Removal]:
        """Iterate over the removals, including images first seen with status DELETED."""
        yield from self.decision.removals
        for change in self.changes():
            image = change.image
            if change.kind in {"added", "in_scope"} and image.status == DELETED:
                absent = AbsentImage(
                    *(change.image_key, image.image_id, image.name, change.listing, image.type),
                    *(image.workspace_id, image.namespace, image.service_type, None),
                )
                detail = listed_deleted_detail(change.listing, self.outcome.observed_at)
                yield Removal(absent, "listed_deleted", detail)
