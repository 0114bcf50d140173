"""What would a run do, image by image? The lines below a plan's summary."""

from __future__ import annotations

import threading
from itertools import islice
from typing import TYPE_CHECKING, Final

from etl.text import clipped, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from etl.load.preview import Preview
    from etl.load.stage import Changed
    from etl.model import Candidate, Decision, Removal

MOST_LINES: Final = 50
VALUE_LENGTH: Final = 60


class Forecast:
    """Collects the lines of each source, as many as a person reads."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._lock = threading.Lock()

    def take(self, preview: Preview, decision: Decision) -> None:
        """Takes in what a dry run would write to one source."""
        lines = _lines(preview, decision)
        shown = [*islice(lines, MOST_LINES)]
        rest = sum(1 for _ in lines)
        with self._lock:
            if shown:
                self._lines += ["", f"{preview.outcome.name}:", *shown]
            if rest:
                self._lines.append(f"  … and {rest:,} more")

    def lines(self) -> list[str]:
        """All lines, printable."""
        return [printable(line) for line in self._lines]


def _lines(preview: Preview, decision: Decision) -> Iterator[str]:
    yield from _removals("remove", decision.removals)
    yield from _removals("hold", decision.held)
    yield from _candidates("missing, undecided", decision.missing)
    yield from _candidates("not listed, but found by lookup", decision.found)
    yield from _candidates("out of scope", decision.out_of_scope)
    for version in preview.changed():
        yield from _version(version)
    for image_id, name in preview.new():
        yield f"  + {_named(image_id, name)}"


def _removals(word: str, removals: Iterable[Removal]) -> Iterator[str]:
    for each in removals:
        detail = ", ".join(f"{name} {value}" for name, value in each.detail.items())
        known = f"{each.evidence}{f': {detail}' if detail else ''}"
        yield f"  - {each.candidate.image_id}  {each.candidate.name or ''}  {word} ({known})"


def _candidates(word: str, candidates: Iterable[Candidate]) -> Iterator[str]:
    for each in candidates:
        yield f"  ? {each.image_id}  {each.name or ''}  {word}"


def _version(version: Changed) -> Iterator[str]:
    yield f"  ~ {_named(version.image.image_id, version.image.name)}  {version.opened_as}"
    for change in version.changes:
        old, new = (clipped(each, VALUE_LENGTH) for each in (change.old_value, change.new_value))
        yield f"      {change.field}: {old} → {new}"


def _named(image_id: str, name: str | None) -> str:
    return f"{image_id}  {name or ''}"
