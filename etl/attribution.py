"""Attribution of removals: ask the Cloud Trace Service who removed the images of a source.

This never fails a run or a removal. The result of each removal is recorded by the run's commit.
A removal without a final result is asked for again by later runs, as long as traces are kept.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from etl.clock import CLOCK_TOLERANCE
from etl.config import SourceSettings
from etl.decide.attribution import TRACES_ARE_KEPT, match_traces
from etl.errors import SourceError, SourceRefused
from etl.extract.traces import fetch_traces
from etl.load.attribution import read_unattributed, read_used_traces
from etl.model import Attribution, Decision
from etl.sources.connect import open_trace_client

if TYPE_CHECKING:
    from etl.load.baseline import Baseline
    from etl.run_context import RunContext

_log = logging.getLogger(__name__)


def attribute_removals(
    source: SourceSettings, context: RunContext, baseline: Baseline, decision: Decision
) -> tuple[Decision, dict[str, Any]]:
    """Find out who removed the images that this run removes, or that are still unattributed.

    Returns the decision with the results, and the part of `walk_detail` that describes the query. A
    plan does not ask.
    """
    connection = baseline.connection
    if source.actors != "cts" or connection is None or not context.run_id:
        return decision, {}
    now = context.now()
    oldest = now - TRACES_ARE_KEPT
    image_ids = [each.image.image_id for each in decision.removals]
    images = read_unattributed(connection, source.name, image_ids, now=now, since=oldest)
    if not images:
        return decision, {}
    used = read_used_traces(connection, source.name, since=oldest - CLOCK_TOLERANCE)
    first = min(image.last_seen_at for image in images) - CLOCK_TOLERANCE
    last = max(image.removed_at for image in images) + CLOCK_TOLERANCE
    after, before = max(first, oldest), min(last, now + timedelta(seconds=1))
    run_count = baseline.previous.run_count
    try:
        with open_trace_client(source, run_count=run_count, context=context) as client:
            traces = fetch_traces(client, source.project_id, after=after, before=before)
            detail = {"requests": client.requests, "traces": len(traces)}
    except SourceError as error:
        refused: tuple[Attribution, ...] = ()
        if isinstance(error, SourceRefused):
            refused = tuple(Attribution(image, "refused") for image in images)
            _log.warning("traces refused", extra={"cause": str(error)})
        else:
            _log.warning("traces not read", extra={"cause": str(error)})
        return replace(decision, attributions=refused), {"traces": {"error": str(error)}}
    results = match_traces(images, traces, now=now, used_traces=used)
    return replace(decision, attributions=tuple(results)), {"traces": detail}
