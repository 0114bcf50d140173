"""Findings: what does not match, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from msgspec import MsgspecError
from sqlalchemy.exc import DataError, DBAPIError, NotSupportedError

from etl.proof.check import Invalid
from etl.text import printable

UNREADABLE: Final = (
    *(ValueError, TypeError, AttributeError, OverflowError, LookupError, AssertionError),
    *(MsgspecError, Invalid),
)
"""What values raise that the program never writes: a date without a year, a text for a number."""
_LAST: Final = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that does not match; ordered by entry, then event, then row."""

    entry: int | None = None
    event: int | None = None
    run_id: int | None = None
    source: str = ""
    row: str = ""
    problem: str = ""

    def __lt__(self, other: Finding) -> bool:
        return self._place < other._place

    @property
    def _place(self) -> tuple[Any, ...]:
        entry = _LAST if self.entry is None else self.entry
        event = _LAST if self.event is None else self.event
        return entry, event, self.row, self.problem

    def __str__(self) -> str:
        parts = [
            *([f"entry {self.entry}"] if self.entry is not None else []),
            *([f"event {self.event}"] if self.event is not None else []),
            *([f"run {self.run_id}"] if self.run_id is not None else []),
            *([f"source {self.source}"] if self.source else []),
        ]
        return printable(": ".join(part for part in (", ".join(parts), self.row) if part)) + (
            f": {printable(self.problem)}"
        )


def is_unreadable(error: DBAPIError) -> bool:
    """Whether a database's error is about a value, and not about the database."""
    is_about_text = "Could not decode to UTF-8" in str(error.orig)
    return is_about_text or isinstance(error, DataError | NotSupportedError)
