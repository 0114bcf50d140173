"""Matching of traces with removals: which trace, if any, shows who removed an image. Pure.

A trace counts only if its operation deletes notebook images, did not fail, and happened between the
time the image was last seen and its removal. It matches

- by id: `exact` (`likely` if the trace does not say whether the operation succeeded);
- otherwise by name, if the trace has no id of another image: `likely`. The deletion of a group
  removes all images of its name, any other deletion only one.

Several candidates with different actors are `ambiguous`, and then nobody is named. A deletion can
leave two traces, the request of a user and the result of the system: the user counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from etl.clock import CLOCK_TOLERANCE
from etl.model import Attribution, AttributionResult, RemovedImage, Trace

TRACES_ARE_KEPT: Final = timedelta(days=7)
_IMAGE: Final = "notebookimage"  # resource types that start so are images or groups of images


def match_traces(
    images: Sequence[RemovedImage],
    traces: Iterable[Trace],
    *,
    now: datetime,
    used_traces: Collection[str] = (),
) -> list[Attribution]:
    """Return the attribution of each image.

    `used_traces` are the ids of traces that already name who removed another image: each of them
    deleted one image, so it cannot match a second one by name.
    """
    deletions = _deletions(traces)
    by_name: dict[str, list[RemovedImage]] = {}
    for image in images:
        if image.name:
            by_name.setdefault(image.name, []).append(image)
    known = {image.image_id for image in images}
    results = []
    for image in images:
        in_time = [trace for trace in deletions if _is_in_time(trace, image)]
        by_id = [trace for trace in in_time if trace.resource_id == image.image_id]
        if by_id:
            results.append(_by_id(image, by_id))
            continue
        named = [
            trace
            for trace in in_time
            if image.name
            and trace.resource_name == image.name
            and (_is_group(trace) or not trace.resource_id)
            and (_is_group(trace) or trace.trace_id not in used_traces)
            and trace.resource_id not in known
        ]
        results.append(_by_name(image, named, by_name.get(image.name or "", []), now))
    return results


def _deletions(traces: Iterable[Trace]) -> list[Trace]:
    """The deletions of images that did not fail, each once, in order of time."""
    found: dict[object, Trace] = {}
    for trace in traces:
        is_deletion = trace.name.lower().startswith("delete")
        is_image = trace.resource_type.lower().startswith(_IMAGE)
        if is_deletion and is_image and trace.has_succeeded is not False:
            found.setdefault(trace.trace_id or trace, trace)
    return sorted(found.values(), key=lambda each: (each.at, each.trace_id))


def _is_in_time(trace: Trace, image: RemovedImage) -> bool:
    begin, end = image.last_seen_at - CLOCK_TOLERANCE, image.removed_at + CLOCK_TOLERANCE
    return begin <= trace.at <= end


def _is_group(trace: Trace) -> bool:
    return trace.resource_type.lower() != _IMAGE


def _by_id(image: RemovedImage, traces: list[Trace]) -> Attribution:
    certain = [trace for trace in traces if trace.has_succeeded]
    return _by_one_actor(image, certain or traces, "exact" if certain else "likely")


def _by_name(
    image: RemovedImage, traces: list[Trace], same_name: list[RemovedImage], now: datetime
) -> Attribution:
    if not traces:
        is_covered = image.last_seen_at >= now - TRACES_ARE_KEPT
        return Attribution(image, "none" if is_covered else "expired")
    for trace in traces:
        others = [each for each in same_name if each is not image and _is_in_time(trace, each)]
        if others and not _is_group(trace):
            return Attribution(image, "ambiguous")
    return _by_one_actor(image, traces, "likely")


def _by_one_actor(
    image: RemovedImage, traces: list[Trace], result: AttributionResult
) -> Attribution:
    named = [trace for trace in traces if trace.actor]
    if len({trace.actor for trace in named}) > 1:
        return Attribution(image, "ambiguous")
    return Attribution(image, result, (named or traces)[0])
