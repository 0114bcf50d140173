"""Progress of a run: bars on a terminal, otherwise nothing.

The code that works reports what it has reached; `watching` decides once whether it is shown.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from etl.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class Progress:
    """Shows nothing. Its methods may be called from several threads."""

    def begin(self, source: str) -> None:
        """Starts a source."""

    def advance(self, source: str, listing: object, *, rows: int, total: int) -> None:
        """Reports a page with its rows, and the total that it announces for its listing."""

    def end(self, source: str, *, note: str) -> None:
        """Ends a source; `note` is its status in one word."""


@dataclass(slots=True)
class _Bar:
    """The bar of a source, and what its pages added up to."""

    task: TaskID
    pages: int = 0
    rows: int = 0
    totals: dict[object, int] = field(default_factory=dict)


class TerminalProgress(Progress):
    """A bar for each source, with its pages and rows."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._by_source: dict[str, _Bar] = {}

    def begin(self, source: str) -> None:
        task = self._bars.add_task(printable(source), total=None, pages=0, note="connecting")
        self._by_source[source] = _Bar(task)

    def advance(self, source: str, listing: object, *, rows: int, total: int) -> None:
        bar = self._by_source[source]
        bar.pages += 1
        bar.rows += rows
        bar.totals[listing] = total
        total = max(bar.rows, sum(bar.totals.values()))
        self._bars.update(bar.task, completed=bar.rows, total=total, pages=bar.pages, note="")

    def end(self, source: str, *, note: str) -> None:
        bar = self._by_source[source]
        done = max(bar.rows, 1)
        self._bars.update(bar.task, total=done, completed=done, note=note)


@contextmanager
def watching(*, is_wanted: bool = True) -> Iterator[Progress]:
    """Progress for the length of a run: shown when wanted and standard error is a terminal."""
    if not (is_wanted and sys.stderr.isatty()):
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    bars = RichProgress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pages]} pages", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
    with bars:
        yield TerminalProgress(bars)
