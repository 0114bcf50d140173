"""What did a source's run come to, in numbers? Counted as the differences pass by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from etl.load.rows import STATUS
from etl.model import DELETED, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from etl.errors import SourceError
    from etl.load.seen import Seen
    from etl.load.stage import Changed, New
    from etl.model import Decision, Status, WalkFacts


@dataclass(slots=True)
class Tally:
    """The running counts of one source's run."""

    added: int = 0
    came_deleted: int = 0  # added, or in scope again, and removed at once
    kinds: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    rejected: int = 0

    def new(self, pages: Iterable[New]) -> Iterator[New]:
        """Passes the pages on, counted."""
        for page in pages:
            self.added += len(page.rows)
            self.came_deleted += sum(row[STATUS] == DELETED for row in page.rows)
            yield page

    def changed(self, frames: Iterable[Changed]) -> Iterator[Changed]:
        """Passes the frames on, counted."""
        for frame in frames:
            self.kinds[frame.opened_as] += 1
            self.came_deleted += frame.image.status == DELETED
            self.fields.update(change.field for change in frame.changes)
            yield frame

    def outcome(
        self,
        *,
        source: str,
        observed_at: datetime,
        facts: WalkFacts,
        decision: Decision,
        seen: Seen,
        deleted: int,
        present_before: int,
    ) -> Outcome:
        """The whole, when all frames have passed; `deleted`: present images listed as DELETED."""
        removed = len(decision.removals) + self.came_deleted
        arrived = self.added + self.kinds["restored"] + self.kinds["in_scope"]
        out_of_scope = len(decision.out_of_scope)
        return Outcome(
            name=source,
            status=_status(facts, decision, self.rejected),
            observed_at=observed_at,
            facts=facts,
            seen=seen.distinct,
            added=self.added,
            changed=self.kinds["changed"],
            unchanged=seen.told - self.kinds["changed"] - deleted,
            removed=removed,
            restored=self.kinds["restored"],
            in_scope=self.kinds["in_scope"],
            out_of_scope=out_of_scope,
            held=len(decision.held),
            missing=len(decision.missing),
            rejected=self.rejected,
            present=present_before + arrived - removed - out_of_scope,
            held_rule=decision.held_rule,
            changed_fields=dict(sorted(self.fields.items())),
        )


def failed_outcome(
    *, source: str, observed_at: datetime, facts: WalkFacts, error: SourceError, present: int
) -> Outcome:
    """A source that could not be read: its images are as they were."""
    return Outcome(
        name=source,
        status="failed",
        observed_at=observed_at,
        facts=facts,
        present=present,
        error_kind=error.kind,
        error_message=str(error),
        error_request_id=error.request_id or None,
        error_exit_code=error.exit_code,
    )


def _status(facts: WalkFacts, decision: Decision, rejected: int) -> Status:
    if decision.held:
        return "held"
    is_unproven = facts.walks > 0 and facts.certificate == "none"
    return "partial" if is_unproven or rejected else "succeeded"
