"""What did a run do? For people, and as the one JSON object that programs rely on.

Pure: from a `RunOutcome` to text. It decides nothing and prints nothing.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any, Final

from etl.clock import instant_text
from etl.text import count_text, printable, printable_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from etl.model import Outcome, RunOutcome, WalkFacts

_COUNTS: Final = (
    "seen",
    "added",
    "changed",
    "unchanged",
    "removed",
    "restored",
    "out_of_scope",
    "held",
    "missing",
    "rejected",
)
_SURE: Final = {
    "exact": "nothing was missed: the pages add up",
    "ordered": "nothing was missed: read in order, last page to first",
    "agreed": "nothing was missed: two readings agree",
    "none": "not certified: something may have been missed, so nothing counts as removed",
}
MOST_LISTINGS: Final = 3  # that are told of one by one
_RULES: Final = {
    "empty_listing": "a listing with present images came back empty",
    "max_count": "more than removals.max_count",
    "max_percent": "more than removals.max_percent of the present images",
}


def as_json(outcome: RunOutcome, **more: Any) -> str:
    """The object of `sync --output json`; `more` are further members."""
    told = {
        "run_id": outcome.run_id,
        "status": outcome.status,
        "started_at": instant_text(outcome.started_at),
        "finished_at": instant_text(outcome.finished_at),
        "dry_run": outcome.is_dry_run,
        "sources": [_source_object(source) for source in outcome.sources],
        **more,
    }
    return printable_json(json.dumps(told, ensure_ascii=False, indent=2))


def as_text(outcome: RunOutcome, *, again: Callable[[str], str]) -> str:
    """The summary for people; `again` makes a command line out of arguments."""
    lines = [_headline(outcome)]
    for source in outcome.sources:
        lines += ["", *_source_lines(source, outcome=outcome, again=again)]
    if outcome.run_id is not None and any(map(_has_news, outcome.sources)):
        lines += ["", f"Look closer: {again(f'changes --run {outcome.run_id}')}"]
    return "\n".join(lines)


def in_one_line(outcome: RunOutcome) -> str:
    """What is wrong with a run that did not simply succeed."""
    wrong = [
        f"{printable(source.name)}: {_what_is_wrong(source, outcome.run_id)}"
        for source in outcome.sources
        if source.status != "succeeded"
    ]
    return f"{_run_name(outcome)} {outcome.status}: {'; '.join(wrong)}"


def _headline(outcome: RunOutcome) -> str:
    seconds = (outcome.finished_at - outcome.started_at).total_seconds()
    sources = count_text(len(outcome.sources), "source")
    tail = ". Nothing was written." if outcome.is_dry_run else "."
    return f"{_run_name(outcome)} {outcome.status}: {sources} in {seconds:.1f} s{tail}"


def _run_name(outcome: RunOutcome) -> str:
    return "Plan" if outcome.is_dry_run or outcome.run_id is None else f"Run {outcome.run_id}"


def _source_lines(
    source: Outcome, *, outcome: RunOutcome, again: Callable[[str], str]
) -> Iterator[str]:
    facts = source.facts
    name = printable(source.name)
    if source.status == "failed":
        yield f"{name}: failed ({source.error_kind})"
        yield f"  ! {printable(source.error_message or 'no reason known')}"
        return
    effort = f"{count_text(facts.pages, 'page')}, {count_text(facts.requests, 'request')}"
    walks = f", {facts.walks} readings" if facts.walks > 1 else ""
    if facts.walks:
        yield f"{name}: {count_text(source.seen, 'image')} seen ({effort}{walks})"
        yield f"  {facts.certificate:>9}  {_SURE[facts.certificate]}"
        yield from _doubts(facts)
    else:
        yield f"{name}: {count_text(source.present, 'image')} present"
    for count, text in _news(source):
        if count:
            yield f"  {count:>9,}  {text}"
    yield from _advice(source, outcome=outcome, again=again)


def _doubts(facts: WalkFacts) -> Iterator[str]:
    """Why a walk is not certified, listing by listing."""
    listings = facts.detail.get("listings", ()) if facts.certificate == "none" else ()
    in_doubt = [each for each in listings if each["certificate"] == "none"]
    for each in in_doubt[:MOST_LISTINGS]:
        reasons = [*each.get("reasons", ()), *([each["backward"]] if "backward" in each else [])]
        yield f"             {printable(each['listing'])}: {'; '.join(reasons)}"
    if in_doubt[MOST_LISTINGS:]:
        yield f"             … and {count_text(len(in_doubt) - MOST_LISTINGS, 'more listing')}"


def _news(source: Outcome) -> Iterator[tuple[int, str]]:
    fields = ", ".join(
        f"{name} {count:,}"
        for name, count in sorted(source.changed_fields.items(), key=lambda each: (-each[1], each))
    )
    detail = source.facts.detail
    altered = "; altered: " + fields if fields and not source.changed else ""
    yield source.added, "added"
    yield source.changed, f"changed: {fields}"
    yield source.restored, f"restored: removed before, and back again{altered}"
    yield source.removed, "removed, each with its evidence"
    yield source.in_scope, "taken in again by the source's types, workspaces and filters"
    yield source.out_of_scope, "out of scope: no longer taken in by the source's filters"
    yield source.unchanged, "unchanged"
    yield detail.get("found_by_lookup", 0), "not listed, but found by their ids: they stay"
    yield source.missing, "missing, not proven removed: they stay until a later run knows"
    yield detail.get("dismissed", 0), "held removals dropped: later runs judge anew"
    rule = source.held_rule
    held = "removal" if source.held == 1 else "removals"
    yield source.held, f"{held} held by the guard ({rule}): {_RULES.get(rule, '')}"
    yield source.rejected, "record rejected" if source.rejected == 1 else "records rejected"


def _advice(source: Outcome, *, outcome: RunOutcome, again: Callable[[str], str]) -> Iterator[str]:
    if source.removed and outcome.run_id is not None:
        yield f"  removed:  {again(f'removals --run {outcome.run_id}')}"
    if source.held and outcome.run_id is not None:
        accept = f"sync --source {shlex.quote(printable(source.name))} --accept-removals"
        yield f"  held:     {again('removals --held')}"
        yield f"  let go:   {again(f'approve {outcome.run_id}')}"
        yield f"  drop:     {again(f'dismiss {outcome.run_id}')}"
        yield f"  accept:   {again(accept)}"
    if source.rejected and outcome.run_id is not None:
        yield f"  rejected: {again('rejects')}"


def _what_is_wrong(source: Outcome, run_id: int | None) -> str:
    if source.status == "failed":
        return printable(source.error_message or "failed")
    parts = [
        _what_is_held(source, run_id) if source.held else "",
        "the walk could not be certified" if _is_unproven(source.facts) else "",
        f"{count_text(source.rejected, 'record')} rejected" if source.rejected else "",
    ]
    return ", ".join(filter(None, parts)) or source.status


def _what_is_held(source: Outcome, run_id: int | None) -> str:
    told = f"{count_text(source.held, 'removal')} held ({source.held_rule})"
    ways = f": approve {run_id}, dismiss {run_id}, or sync --accept-removals"
    return told if run_id is None else told + ways


def _is_unproven(facts: WalkFacts) -> bool:
    return facts.walks > 0 and facts.certificate == "none"


def _has_news(source: Outcome) -> bool:
    changes = (source.added, source.changed, source.removed, source.restored)
    return any(changes) or bool(source.in_scope or source.out_of_scope)


def _source_object(source: Outcome) -> dict[str, Any]:
    facts = source.facts
    return {
        "name": source.name,
        "status": source.status,
        "certified": facts.certificate != "none",
        "certificate": facts.certificate,
        "walks": facts.walks,
        "pages": facts.pages,
        "requests": facts.requests,
        "retries": facts.retries,
        "reported_total": facts.reported_total,
        **{name: getattr(source, name) for name in _COUNTS},
        "in_scope": source.in_scope,
        "error": _error_object(source),
    }


def _error_object(source: Outcome) -> dict[str, Any] | None:
    if source.error_kind is None:
        return None
    return {
        "kind": source.error_kind,
        "message": source.error_message,
        "request_id": source.error_request_id or None,
    }
