"""What would a run do, image by image? The lines below a plan's summary."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from etl.text import clipped, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from etl.load.preview import Preview
    from etl.load.spool import Change
    from etl.model import AbsentImage, Removal

MOST_LINES: Final = 50
VALUE_LENGTH: Final = 60


def plan_lines(previews: Iterable[Preview]) -> list[str]:
    """Return what a sync would write, source by source, printable."""
    lines: list[str] = []
    for preview in previews:
        source = _lines(preview)
        shown = [*islice(source, MOST_LINES)]
        rest = sum(1 for _ in source)
        if shown:
            lines += ["", f"{preview.outcome.name}:", *shown]
        if rest:
            lines.append(f"  … and {rest:,} more")
    return [printable(line) for line in lines]


def _lines(preview: Preview) -> Iterator[str]:
    decision = preview.decision
    yield from _removals("remove", preview.removals())
    yield from _removals("hold", decision.held)
    yield from _candidates("missing, undecided", decision.missing)
    yield from _candidates("not listed, but found by lookup", decision.found)
    yield from _candidates("out of scope", decision.out_of_scope)
    for change in preview.changes():
        if change.kind == "added":
            yield f"  + {_named(change.image.image_id, change.image.name)}"
        else:
            yield from _version(change)


def _removals(word: str, removals: Iterable[Removal]) -> Iterator[str]:
    for each in removals:
        detail = ", ".join(f"{name} {value}" for name, value in each.detail.items())
        known = f"{each.evidence}{f': {detail}' if detail else ''}"
        yield f"  - {each.image.image_id}  {each.image.name or ''}  {word} ({known})"


def _candidates(word: str, candidates: Iterable[AbsentImage]) -> Iterator[str]:
    for each in candidates:
        yield f"  ? {each.image_id}  {each.name or ''}  {word}"


def _version(version: Change) -> Iterator[str]:
    yield f"  ~ {_named(version.image.image_id, version.image.name)}  {version.kind}"
    for change in version.fields:
        old, new = (clipped(each, VALUE_LENGTH) for each in (change.old_value, change.new_value))
        yield f"      {change.field}: {old} → {new}"


def _named(image_id: str, name: str | None) -> str:
    return f"{image_id}  {name or ''}"
