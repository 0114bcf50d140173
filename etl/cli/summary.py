"""The result of a run and of a plan: as text, in one line, and as JSON. It prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from msgspec import UNSET, UnsetType, convert

from etl.cli.results import (
    FieldValue,
    Plan,
    PlannedChange,
    PlannedImage,
    PlannedRemoval,
    RunResult,
    SourceFailure,
    SourceResult,
)
from etl.clock import instant_text
from etl.text import count_text, differing, printable

if TYPE_CHECKING:
    from etl.load.commit import Preview
    from etl.model import AbsentImage, Image, Outcome, Removal, RunOutcome, WalkFacts

_Planned = TypeVar("_Planned", PlannedImage, PlannedChange, PlannedRemoval)

_CERTIFICATES: Final = {
    "exact": "complete: the pages add up",
    "ordered": "complete: read in order of creation, from the last page to the first",
    "agreed": "complete: two consecutive reads agree",
    "none": "not certified: images may have been missed, so none is removed",
}
_CHANGES: Final = ("added", "changed", "removed", "restored", "in_scope", "out_of_scope")
_MOST_LISTINGS: Final = 3
_MOST_LINES: Final = 50
_VALUE_LENGTH: Final = 60
_RULES: Final = {
    "empty_listing": "a listing with present images came back empty",
    "max_count": "more than removals.max_count",
    "max_percent": "more than removals.max_percent of the present images",
}


def as_text(outcome: RunOutcome, *, command_line: Callable[[str], str]) -> str:
    """The summary for people; `command_line` makes a command of arguments that can be pasted."""
    if not outcome.sources:
        return "No source belongs to this shard."
    lines = [_headline(outcome)]
    for source in outcome.sources:
        lines += ["", *_source_lines(source, outcome=outcome, command_line=command_line)]
    has_changes = any(getattr(each, name) for each in outcome.sources for name in _CHANGES)
    if outcome.run_id is not None and has_changes:
        lines += ["", f"Details: {command_line(f'changes --run {outcome.run_id}')}"]
    if outcome.checkpoint:
        _, size, root, *_ = outcome.checkpoint.split("\n")
        lines += ["", f"Checkpoint: {count_text(int(size), 'log entry')}, root {root}"]
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
    for label, arguments in _next_steps(source, outcome.run_id) if outcome.run_id else ():
        yield f"  {label:<16} {command_line(arguments)}"


def _reasons(facts: WalkFacts) -> Iterator[str]:
    """Why a walk is not certified, listing by listing."""
    listings = () if facts.is_certified else facts.detail.get("listings", ())
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
    yield source.added, "added"
    yield source.changed, f"changed: {fields}"
    yield source.restored, "restored: had been removed"
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


def _next_steps(source: Outcome, run_id: int) -> Iterator[tuple[str, str]]:
    """Labels and the arguments of commands."""
    if source.removed:
        yield "removals:", f"removals --run {run_id}"
    if source.held:
        yield "held removals:", "removals --held"
        yield "remove them:", f"approve {run_id}"
        yield "keep the images:", f"dismiss {run_id}"
    if source.rejected:
        yield "rejects:", "rejects"


def _problem(source: Outcome, run_id: int | None, command_line: Callable[[str], str]) -> str:
    if source.status == "failed":
        return printable(source.error_message or "failed")
    problems = []
    if source.held:
        held = f"{count_text(source.held, 'removal')} held ({source.held_rule})"
        approve, dismiss = (command_line(f"{name} {run_id}") for name in ("approve", "dismiss"))
        steps = f": remove them with `{approve}` or keep the images with `{dismiss}`"
        problems.append(held if run_id is None else held + steps)
    if source.facts.walks > 0 and not source.facts.is_certified:
        problems.append("the walk could not be certified")
    if source.rejected:
        rejected = f"{count_text(source.rejected, 'record')} rejected"
        problems.append(f"{rejected} (see `{command_line('rejects')}`)")
    return ", ".join(problems) or source.status


def plan_lines(previews: Iterable[Preview], *, is_terminal: bool) -> Iterator[str]:
    """What a sync would write, source by source, printable.

    On a terminal, long values are reduced to where they differ, and of the lines about images that
    stay only the first are shown.
    """
    for preview in previews:
        others = _others(preview, is_terminal=is_terminal)
        shown = islice(others, _MOST_LINES) if is_terminal else others
        for number, line in enumerate(chain(_removals(preview), shown)):
            if number == 0:
                yield from ("", f"{printable(preview.outcome.name)}:")
            yield printable(line)
        if more := sum(1 for _ in others):
            yield f"  … and {more:,} more lines (`plan | less` or --output json shows all)"


def _removals(preview: Preview) -> Iterator[str]:
    for verb, removals in (("remove", preview.removals()), ("hold", preview.decision.held)):
        for each in removals:
            detail = ", ".join(f"{name} {value}" for name, value in each.detail.items())
            evidence = f"{each.evidence}: {detail}" if detail else each.evidence
            yield f"  - {_named(each.image)}  {verb} ({evidence})"


def _others(preview: Preview, *, is_terminal: bool) -> Iterator[str]:
    decision = preview.decision
    for state, images in (
        ("missing, undecided", decision.missing),
        ("not listed, but found by id", decision.found),
        ("out of scope", decision.out_of_scope),
    ):
        for image in images:
            yield f"  ? {_named(image)}  {state}"
    for change in preview.changes():
        mark, kind = ("+", "") if change.kind == "added" else ("~", f"  {change.kind}")
        yield f"  {mark} {_named(change.image)}{kind}"
        for each in change.fields:
            old, new = each.old_value, each.new_value
            if is_terminal:
                old, new = (
                    differing(old, new, longest=_VALUE_LENGTH),
                    differing(new, old, longest=_VALUE_LENGTH),
                )
            yield f"      {each.field}: {old} → {new}"


def _named(image: AbsentImage | Image) -> str:
    return f"{image.image_id}  {image.name or ''}"


def run_result(outcome: RunOutcome, previews: Iterable[Preview] = ()) -> RunResult:
    """The object of `sync --output json`; of a dry run with the previews of its sources."""
    plans = {each.outcome.name: _plan(each) for each in previews}
    return RunResult(
        run_id=outcome.run_id,
        status=cast("Any", outcome.status),
        started_at=instant_text(outcome.started_at),
        finished_at=instant_text(outcome.finished_at),
        dry_run=outcome.is_dry_run,
        checkpoint=outcome.checkpoint,
        sources=[_source_result(each, plans.get(each.name, UNSET)) for each in outcome.sources],
    )


def _source_result(source: Outcome, plan: Plan | UnsetType) -> SourceResult:
    failure = None
    if source.error_kind is not None:
        request_id = source.error_request_id or None
        failure = SourceFailure(
            kind=source.error_kind, message=source.error_message, request_id=request_id
        )
    values = {
        name: getattr(each, name)
        for each in (source.facts, source)
        for name in SourceResult.__struct_fields__
        if hasattr(each, name)
    }
    return SourceResult(**values, certified=source.facts.is_certified, error=failure, plan=plan)


def _plan(preview: Preview) -> Plan:
    decision = preview.decision
    plan = Plan(
        added=[],
        changed=[],
        removed=[_planned_removal(each) for each in preview.removals()],
        held=[_planned_removal(each) for each in decision.held],
        missing=[_planned(PlannedImage, each) for each in decision.missing],
        found_by_lookup=[_planned(PlannedImage, each) for each in decision.found],
        out_of_scope=[_planned(PlannedImage, each) for each in decision.out_of_scope],
    )
    for change in preview.changes():
        if change.kind == "added":
            plan.added.append(_planned(PlannedImage, change.image))
        else:
            fields = convert(change.fields, list[FieldValue], from_attributes=True)
            planned = _planned(PlannedChange, change.image, kind=change.kind, fields=fields)
            plan.changed.append(planned)
    return plan


def _planned_removal(removal: Removal) -> PlannedRemoval:
    evidence, detail = removal.evidence, removal.detail
    return _planned(PlannedRemoval, removal.image, evidence=evidence, evidence_detail=detail)


def _planned(struct: type[_Planned], image: AbsentImage | Image, /, **values: Any) -> _Planned:
    return struct(image_id=image.image_id, name=image.name, **values)
