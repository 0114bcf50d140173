"""What does not add up, and where? A finding names its run, its source and its row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from etl.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Ordered as people look for the cause: the first run, and in it a row before a digest."""

    run_id: int
    is_of_whole_run: bool
    source: str
    row: str
    told: str

    def __str__(self) -> str:
        where = f"run {self.run_id}, source {self.source}" if self.source else f"run {self.run_id}"
        return printable(f"{where}: {self.row}: {self.told}")


@dataclass(slots=True)
class counted:  # noqa: N801  # reads as a function where it is used
    """Findings that are counted as they pass."""

    findings: Iterable[Finding]
    count: int = field(default=0)

    def __iter__(self) -> Iterator[Finding]:
        for finding in self.findings:
            self.count += 1
            yield finding


def of_row(run_id: int | None, source: str, row: str, told: str) -> Finding:
    """What is wrong with a row."""
    return Finding(run_id or 0, False, source, row, told)


def of_run(run_id: int, source: str, told: str) -> Finding:
    """What is wrong with a run as a whole."""
    return Finding(run_id, True, source, "source_runs", told)
