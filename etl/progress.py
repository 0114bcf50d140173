"""Progress of a run: bars on a terminal, otherwise nothing.

The code that works reports what it has reached; `watching` decides once whether it is shown.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from etl.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class Progress:
    """Shows nothing. Its methods may be called from several threads."""

    def begin(self, source: str) -> None:
        """Starts a source."""

    def advance(self, source: str, *, pages: int, rows: int, total: int, note: str = "") -> None:
        """Reports the pages and rows read so far in this walk, and the total that it announced."""

    def end(self, source: str, *, note: str) -> None:
        """Ends a source; `note` is its status in one word."""


class TerminalProgress(Progress):
    """A bar for each source, with its pages and rows."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def begin(self, source: str) -> None:
        with self._lock:
            self._tasks[source] = self._bars.add_task(
                printable(source), total=None, pages=0, note="connecting"
            )

    def advance(self, source: str, *, pages: int, rows: int, total: int, note: str = "") -> None:
        self._bars.update(
            self._tasks[source],
            completed=rows,
            total=max(rows, total),
            pages=pages,
            note=printable(note),
        )

    def end(self, source: str, *, note: str) -> None:
        task = self._tasks[source]
        done = next(each.completed for each in self._bars.tasks if each.id == task)
        self._bars.update(task, total=max(done, 1), completed=max(done, 1), note=printable(note))


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
