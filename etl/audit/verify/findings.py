"""What does not add up, and where? A finding names its run, its source and its row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from msgspec import MsgspecError
from sqlalchemy.exc import DataError, DBAPIError, NotSupportedError

from etl.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


UNREADABLE: Final = (
    *(ValueError, TypeError, AttributeError, OverflowError, LookupError),
    MsgspecError,
)
"""What a value raises that is none of its column's: a date without a year, a text for a number."""


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


def of_row(run_id: Any, source: Any, row: str, told: str) -> Finding:
    """What is wrong with a row; its run and source may be anything that a row can hold."""
    number = run_id if isinstance(run_id, int) else 0
    return Finding(number, False, str(source), row, told)


def of_run(run_id: Any, source: Any, told: str) -> Finding:
    """What is wrong with a run as a whole."""
    number = run_id if isinstance(run_id, int) else 0
    return Finding(number, True, str(source), "source_runs", told)


def is_unreadable(error: DBAPIError) -> bool:
    """Whether a database's error is about a value, and not about the database."""
    is_about_text = "Could not decode to UTF-8" in str(error.orig)
    return is_about_text or isinstance(error, DataError | NotSupportedError)
