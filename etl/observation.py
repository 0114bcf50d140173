"""Facts that every run of a source records besides its changes: time, endpoint, coverage."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from etl.clock import instant_text
from etl.decide.removal import Coverage
from etl.errors import EnvironmentFailure
from etl.load.transaction import SourceWrite
from etl.model import WalkFacts

if TYPE_CHECKING:
    from etl.config import SourceSettings
    from etl.context import RunContext
    from etl.extract.http import Client
    from etl.load.baseline import Baseline

CLOCK_WARNING_SECONDS: Final = 120
MAX_CLOCK_ERROR_SECONDS: Final = 300
_log = logging.getLogger(__name__)


def source_facts(
    source: SourceSettings, baseline: Baseline, client: Client | None = None, **facts: Any
) -> WalkFacts:
    """Return the facts of a run, with those that every run of the source records."""
    before = baseline.previous.endpoint
    is_moved = bool(before) and before != source.endpoint
    if is_moved:
        _log.warning("endpoint changed", extra={"endpoint": source.endpoint, "before": before})
    return WalkFacts(
        requests=client.requests if client else 0,
        retries=client.retries if client else 0,
        coverage=coverage_of(source).digest,
        endpoint=source.endpoint,
        project_id=source.project_id,
        previous_endpoint=before if is_moved else None,
        **facts,
    )


def source_write(
    context: RunContext, baseline: Baseline, client: Client | None = None
) -> SourceWrite:
    """Return what the commit of a source needs besides its changes."""
    return SourceWrite(
        run_id=context.run_id,
        baseline=baseline,
        observed_at=next_observed_at(context, baseline, client),
        rules=context.rules,
    )


def next_observed_at(
    context: RunContext, baseline: Baseline, client: Client | None = None
) -> datetime:
    """Return the time of this run, in whole milliseconds and later than the source's last run.

    Raises `EnvironmentFailure` if the clock is minutes off according to the API's responses: a run
    with a wrong time would hide every later one. If an earlier run had one, later runs follow it.
    """
    now, last = context.now(), baseline.previous.observed_at
    if text := clock_warning(client.clock_skew_seconds if client else None):
        _log.warning("clock differs", extra={"cause": text})
    if last is None:
        return now
    if _lies_ahead(last, now):
        _log.warning(
            "last run lies in the future",
            extra={
                "last_run": baseline.previous.run_id,
                "last_run_at": instant_text(last),
                "consequence": "until then, each run is recorded 1 ms after the previous one",
            },
        )
    return max(now, last + timedelta(milliseconds=1))


def clock_warning(ahead_seconds: float | None) -> str:
    """Return how far this machine's clock is off according to the API; "" for a small difference.

    Raises `EnvironmentFailure` if it is minutes off.
    """
    if ahead_seconds is None or abs(ahead_seconds) <= CLOCK_WARNING_SECONDS:
        return ""
    side = "ahead of" if ahead_seconds > 0 else "behind"
    text = f"this machine's clock is {abs(ahead_seconds) / 60:.0f} minutes {side} the API's"
    if abs(ahead_seconds) > MAX_CLOCK_ERROR_SECONDS:
        hint = "set the clock, for example with NTP, and run again"
        raise EnvironmentFailure(f"{text}; nothing was written", hint=hint)
    return text


def coverage_of(source: SourceSettings) -> Coverage:
    """Return the coverage of a source."""
    return Coverage(
        types=source.types,
        workspaces=source.workspaces,
        namespace=source.namespace,
        name_filter=source.name_filter,
        name_fuzzy=source.name_fuzzy,
        service_type=source.service_type,
    )


def clock_detail(
    context: RunContext, baseline: Baseline, client: Client | None
) -> dict[str, float | str]:
    """Return what is unusual about the clock, for `walk_detail`.

    `clock_ahead_seconds`: this machine's clock compared with the API's. `last_run_at`: the time of
    the source's last run, if it lies in the future.
    """
    ahead, last = client.clock_skew_seconds if client else None, baseline.previous.observed_at
    detail: dict[str, float | str] = {}
    if ahead is not None and abs(ahead) > CLOCK_WARNING_SECONDS:
        detail["clock_ahead_seconds"] = round(ahead)
    if last is not None and _lies_ahead(last, context.now()):
        detail["last_run_at"] = instant_text(last)
    return detail


def _lies_ahead(last: datetime, now: datetime) -> bool:
    return last - now > timedelta(seconds=MAX_CLOCK_ERROR_SECONDS)
