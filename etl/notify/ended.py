"""What did a run come to? One shape, whether it ended with an outcome or with an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from etl.errors import ImageSyncError, Interrupted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from etl.model import Outcome, RunOutcome

_MOST_LINES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run that is over; `error` is what ended it before it had an outcome."""

    command: str
    run_id: int | None
    status: str
    exit_code: int
    started_at: datetime
    finished_at: datetime
    sources: Sequence[Outcome] = ()
    error: str | None = None


def in_words(ended: Ended) -> str:
    """A few lines for people, in a ping's log."""
    lines = [f"{ended.command} {ended.status}, exit code {ended.exit_code}"]
    if ended.error:
        lines.append(ended.error)
    for each in ended.sources[:_MOST_LINES]:
        told = each.error_message or f"{each.present} images present, {each.held} removals held"
        lines.append(f"{each.name}: {each.status}: {told}")
    return "\n".join(lines)


def ended_well(command: str, outcome: RunOutcome) -> Ended:
    """A run that has an outcome, good or bad."""
    return Ended(
        command=command,
        run_id=outcome.run_id,
        status=outcome.status,
        exit_code=outcome.exit_code,
        started_at=outcome.started_at,
        finished_at=outcome.finished_at,
        sources=outcome.sources,
    )


def ended_by(
    command: str, error: BaseException, *, started_at: datetime, finished_at: datetime
) -> Ended:
    """A run that an error ended. An unexpected one may say anything, so its name alone is told."""
    exit_code, run_id = 1, None
    told = f"unexpected {type(error).__name__}"
    if isinstance(error, ImageSyncError):
        exit_code, told, run_id = error.exit_code, str(error), error.run_id
    return Ended(
        command=command,
        run_id=run_id,
        status="interrupted" if isinstance(error, Interrupted) else "failed",
        exit_code=exit_code,
        started_at=started_at,
        finished_at=finished_at,
        error=told,
    )
