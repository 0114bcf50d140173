"""The result of a run: as text, in one line, and as the struct that programs receive.

Pure: from a `RunOutcome` to text. It prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from msgspec import UNSET

from etl.cli.results import Plan, RunResult, SourceFailure, SourceResult
from etl.clock import instant_text
from etl.text import count_text, printable

if TYPE_CHECKING:
    from etl.model import Outcome, RunOutcome, WalkFacts

_COUNTS: Final = (
    *("seen", "added", "changed", "unchanged", "removed", "restored", "in_scope"),
    *("out_of_scope", "held", "missing", "rejected"),
)
_FACTS: Final = ("certificate", "walks", "pages", "requests", "retries", "reported_total")
_CERTIFICATES: Final = {
    "exact": "complete: the pages add up",
    "ordered": "complete: read in order of creation, from the last page to the first",
    "agreed": "complete: two consecutive reads agree",
    "none": "not certified: images may have been missed, so none is removed",
}
_MOST_LISTINGS: Final = 3
_RULES: Final = {
    "empty_listing": "a listing with present images came back empty",
    "max_count": "more than removals.max_count",
    "max_percent": "more than removals.max_percent of the present images",
}


def as_struct(
    outcome: RunOutcome,
    *,
    plans: Mapping[str, Plan] | None = None,
) -> RunResult:
    """The object of `sync --output json`; `plans` by source, for a dry run."""
    return RunResult(
        run_id=outcome.run_id,
        status=cast("Any", outcome.status),
        started_at=instant_text(outcome.started_at),
        finished_at=instant_text(outcome.finished_at),
        dry_run=outcome.is_dry_run,
        checkpoint=outcome.checkpoint,
        sources=[_source(each, (plans or {}).get(each.name)) for each in outcome.sources],
    )


def as_text(outcome: RunOutcome, *, command_line: Callable[[str], str]) -> str:
    """The summary for people; `command_line` makes a command of arguments that can be pasted."""
    if not outcome.sources:
        return "No source belongs to this shard."
    lines = [_headline(outcome)]
    for source in outcome.sources:
        lines += ["", *_source_lines(source, outcome=outcome, command_line=command_line)]
    if outcome.run_id is not None and any(map(_has_changes, outcome.sources)):
        lines += ["", f"Details: {command_line(f'changes --run {outcome.run_id}')}"]
    if outcome.checkpoint:
        _, size, root, *_ = outcome.checkpoint.split("\n")
        noun = "entry" if size == "1" else "entries"
        lines += ["", f"Checkpoint: {size} log {noun}, root {root}"]
    return "\n".join(lines)


def in_one_line(outcome: RunOutcome, *, command_line: Callable[[str], str]) -> str:
    """What is wrong with a run that did not simply succeed, with the commands to decide."""
    wrong = [
        f"{printable(source.name)}: {_problem(source, outcome.run_id, command_line)}"
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
    source: Outcome, *, outcome: RunOutcome, command_line: Callable[[str], str]
) -> Iterator[str]:
    facts = source.facts
    name = printable(source.name)
    if source.status == "failed":
        yield f"{name}: failed ({source.error_kind})"
        yield f"  ! {printable(source.error_message or 'unknown reason')}"
        return
    effort = f"{count_text(facts.pages, 'page')}, {count_text(facts.requests, 'request')}"
    walks = f", {facts.walks} walks" if facts.walks > 1 else ""
    if facts.walks:
        yield f"{name}: {count_text(source.seen, 'image')} seen ({effort}{walks})"
        yield f"  {facts.certificate:>9}  {_CERTIFICATES[facts.certificate]}"
        yield from _reasons(facts)
    else:
        yield f"{name}: {count_text(source.present, 'image')} present"
    for count, text in _counts(source):
        if count:
            yield f"  {count:>9,}  {text}"
    if outcome.run_id is not None:
        yield from _next_steps(source, outcome.run_id, command_line)


def _reasons(facts: WalkFacts) -> Iterator[str]:
    """Why a walk is not certified, listing by listing."""
    listings = facts.detail.get("listings", ()) if facts.certificate == "none" else ()
    uncertified = [each for each in listings if each["certificate"] == "none"]
    for each in uncertified[:_MOST_LISTINGS]:
        reasons = [*each.get("reasons", ()), *([each["backward"]] if "backward" in each else [])]
        yield f"             {printable(each['listing'])}: {'; '.join(reasons)}"
    if uncertified[_MOST_LISTINGS:]:
        more = count_text(len(uncertified) - _MOST_LISTINGS, "more listing")
        yield f"             … and {more}"


def _counts(source: Outcome) -> Iterator[tuple[int, str]]:
    fields = ", ".join(
        f"{name} {count:,}"
        for name, count in sorted(source.changed_fields.items(), key=lambda each: (-each[1], each))
    )
    detail = source.facts.detail
    differing = f"; changed fields: {fields}" if fields and not source.changed else ""
    yield source.added, "added"
    yield source.changed, f"changed: {fields}"
    yield source.restored, f"restored: had been removed{differing}"
    yield source.removed, "removed, each with evidence"
    yield source.in_scope, "in scope again: included by the source's types, workspaces and filters"
    yield source.out_of_scope, "out of scope: excluded by the source's types, workspaces or filters"
    yield source.unchanged, "unchanged"
    yield detail.get("found_by_lookup", 0), "not listed, but found by id: still present"
    yield source.missing, "missing without proof: present until a later run decides"
    yield detail.get("dismissed", 0), "held removals dismissed: later runs decide again"
    rule = source.held_rule
    held = "removal" if source.held == 1 else "removals"
    yield source.held, f"{held} held by the guard ({rule}): {_RULES.get(rule, '')}"
    yield source.rejected, "record rejected" if source.rejected == 1 else "records rejected"


def _next_steps(source: Outcome, run_id: int, command_line: Callable[[str], str]) -> Iterator[str]:
    if source.removed:
        yield f"  removals:        {command_line(f'removals --run {run_id}')}"
    if source.held:
        yield f"  held removals:   {command_line('removals --held')}"
        yield f"  remove them:     {command_line(f'approve {run_id}')}"
        yield f"  keep the images: {command_line(f'dismiss {run_id}')}"
    if source.rejected:
        yield f"  rejects:         {command_line('rejects')}"


def _problem(source: Outcome, run_id: int | None, command_line: Callable[[str], str]) -> str:
    if source.status == "failed":
        return printable(source.error_message or "failed")
    problems = []
    if source.held:
        held = f"{count_text(source.held, 'removal')} held ({source.held_rule})"
        approve, dismiss = (command_line(f"{name} {run_id}") for name in ("approve", "dismiss"))
        steps = f": remove them with `{approve}` or keep the images with `{dismiss}`"
        problems.append(held if run_id is None else held + steps)
    if source.facts.walks > 0 and source.facts.certificate == "none":
        problems.append("the walk could not be certified")
    if source.rejected:
        rejected = f"{count_text(source.rejected, 'record')} rejected"
        problems.append(f"{rejected} (see `{command_line('rejects')}`)")
    return ", ".join(problems) or source.status


def _has_changes(source: Outcome) -> bool:
    counts = (source.added, source.changed, source.removed, source.restored, source.in_scope)
    return any(counts) or bool(source.out_of_scope)


def _source(source: Outcome, plan: Plan | None) -> SourceResult:
    failure = None
    if source.error_kind is not None:
        request_id = source.error_request_id or None
        failure = SourceFailure(
            kind=source.error_kind, message=source.error_message, request_id=request_id
        )
    return SourceResult(
        name=source.name,
        status=source.status,
        certified=source.facts.certificate != "none",
        **{name: getattr(source.facts, name) for name in _FACTS},
        **{name: getattr(source, name) for name in _COUNTS},
        entry=source.entry,
        error=failure,
        plan=UNSET if plan is None else plan,
    )
