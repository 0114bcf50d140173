"""What every run of a source records besides its changes: time, endpoint, coverage."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from etl.clock import clock_difference_text, instant_text
from etl.decide.removal import Coverage
from etl.errors import EnvironmentFailure
from etl.load.transaction import SourceWrite
from etl.model import WalkFacts

if TYPE_CHECKING:
    from etl.client.http_client import Client
    from etl.config import SourceSettings
    from etl.load.baseline import Baseline
    from etl.run_context import RunContext

CLOCK_WARNING_SECONDS: Final = 120
MAX_CLOCK_ERROR_SECONDS: Final = 300
_log = logging.getLogger(__name__)


def source_write(
    source: SourceSettings,
    context: RunContext,
    baseline: Baseline,
    client: Client | None = None,
    **facts: Any,
) -> SourceWrite:
    """Return what a run writes about a source besides its changes; `facts` are of `WalkFacts`.

    Raises `EnvironmentFailure` if the clock is minutes off.
    """
    before = baseline.previous.endpoint
    is_moved = bool(before) and before != source.endpoint
    if is_moved:
        _log.warning("endpoint changed", extra={"endpoint": source.endpoint, "before": before})
    observed_at, clock = next_observed_at(context, baseline, client)
    facts["detail"] = facts.get("detail", {}) | clock
    return SourceWrite(
        run_id=context.run_id,
        baseline=baseline,
        observed_at=observed_at,
        rules=context.rules,
        facts=WalkFacts(
            requests=client.requests if client else 0,
            retries=client.retries if client else 0,
            coverage=coverage_of(source).digest,
            endpoint=source.endpoint,
            project_id=source.project_id,
            previous_endpoint=before if is_moved else None,
            guard_override="accept_removals" if context.options.accepts_removals else None,
            **facts,
        ),
    )


def next_observed_at(
    context: RunContext, baseline: Baseline, client: Client | None
) -> tuple[datetime, dict[str, Any]]:
    """Return the time of this run, and what is unusual about the clock, for `walk_detail`.

    The time is in whole milliseconds and later than the source's last run. Raises
    `EnvironmentFailure` if the clock is minutes off according to the API's responses: a run with a
    wrong time would hide every later one. If an earlier run had one, later runs follow it.
    """
    now, last = context.now(), baseline.previous.observed_at
    ahead_seconds = client.clock_skew_seconds if client else None
    detail: dict[str, Any] = {}
    if ahead_seconds is not None and (text := clock_warning(ahead_seconds)):
        _log.warning("clock differs", extra={"cause": text})
        detail["clock_ahead_seconds"] = round(ahead_seconds)
    if last is None:
        return now, detail
    if last - now > timedelta(seconds=MAX_CLOCK_ERROR_SECONDS):
        detail["last_run_at"] = instant_text(last)
        _log.warning(
            "last run lies in the future",
            extra={
                "last_run": baseline.previous.run_id,
                "last_run_at": detail["last_run_at"],
                "consequence": "until then, each run is recorded 1 ms after the previous one",
            },
        )
    return max(now, last + timedelta(milliseconds=1)), detail


def clock_warning(ahead_seconds: float | None) -> str:
    """Return how far this machine's clock is off according to the API; "" for a small difference.

    Raises `EnvironmentFailure` if it is minutes off.
    """
    if ahead_seconds is None or abs(ahead_seconds) <= CLOCK_WARNING_SECONDS:
        return ""
    text = clock_difference_text(ahead_seconds, "the API's")
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
