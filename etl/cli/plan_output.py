"""What a plan found, image by image: lines for people, and the struct that programs receive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from os.path import commonprefix
from typing import TYPE_CHECKING, Final

from etl.cli.results import FieldValue, Plan, PlannedChange, PlannedImage, PlannedRemoval
from etl.text import printable

if TYPE_CHECKING:
    from etl.load.preview import Preview
    from etl.load.spool import Change
    from etl.model import AbsentImage, Removal

_MOST_LINES: Final = 50
_VALUE_LENGTH: Final = 60
_CONTEXT: Final = 12


def plan_struct(preview: Preview) -> Plan:
    """What a sync would write for one source."""
    decision = preview.decision
    removed = [_planned_removal(each) for each in preview.removals()]
    plan = Plan(
        added=[],
        changed=[],
        removed=removed,
        held=[_planned_removal(each) for each in decision.held],
        missing=_planned_images(decision.missing),
        found_by_lookup=_planned_images(decision.found),
        out_of_scope=_planned_images(decision.out_of_scope),
    )
    for change in preview.changes():
        image = change.image
        if change.kind == "added":
            plan.added.append(PlannedImage(image_id=image.image_id, name=image.name))
        else:
            plan.changed.append(_planned_change(change))
    return plan


def plan_lines(previews: Iterable[Preview], *, is_terminal: bool) -> Iterator[str]:
    """What a sync would write, source by source, printable.

    On a terminal, long values are reduced to where they differ, and of the lines about images that
    stay only the first are shown.
    """
    for preview in previews:
        removals = [*_removals(preview)]
        others = _others(preview, is_terminal=is_terminal)
        shown = islice(others, _MOST_LINES) if is_terminal else others
        if first := next(chain(removals, shown), None):
            yield ""
            yield f"{printable(preview.outcome.name)}:"
            yield printable(first)
        yield from map(printable, chain(removals[1:], shown))
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
        if change.kind == "added":
            yield f"  + {change.image.image_id}  {change.image.name or ''}"
        else:
            yield f"  ~ {change.image.image_id}  {change.image.name or ''}  {change.kind}"
            for each in change.fields:
                values = each.old_value, each.new_value
                old, new = _differing(*values) if is_terminal else values
                yield f"      {each.field}: {old} → {new}"


def _named(image: AbsentImage) -> str:
    return f"{image.image_id}  {image.name or ''}"


def _differing(old: str, new: str) -> tuple[str, str]:
    """Two values, the long ones reduced to a window around their first difference."""
    begin = max(len(commonprefix([old, new])) - _CONTEXT, 0)  # noqa: RUF071  # values, not paths
    return _window(old, begin), _window(new, begin)


def _window(value: str, begin: int) -> str:
    if len(value) <= _VALUE_LENGTH:
        return value
    end = begin + _VALUE_LENGTH
    return f"{'…' if begin else ''}{value[begin:end]}{'…' if end < len(value) else ''}"


def _planned_removal(removal: Removal) -> PlannedRemoval:
    image = removal.image
    return PlannedRemoval(
        image_id=image.image_id,
        name=image.name,
        evidence=removal.evidence,
        evidence_detail=removal.detail,
    )


def _planned_images(images: Iterable[AbsentImage]) -> list[PlannedImage]:
    return [PlannedImage(image_id=each.image_id, name=each.name) for each in images]


def _planned_change(change: Change) -> PlannedChange:
    return PlannedChange(
        image_id=change.image.image_id,
        name=change.image.name,
        kind=change.kind,  # type: ignore[arg-type]  # added and restamped ones are no changes
        fields=[
            FieldValue(field=each.field, old_value=each.old_value, new_value=each.new_value)
            for each in change.fields
        ],
    )
