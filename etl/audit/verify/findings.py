"""Findings: what does not match, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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
    """Something that does not match."""

    entry: int | None = None
    event: int | None = None
    run_id: int | None = None
    source: str | None = None
    row: str | None = None
    problem: str = ""

    def sort_key(self) -> tuple[int, int, str, str]:
        """Findings are ordered by entry, then event, then row."""
        entry = _LAST if self.entry is None else self.entry
        event = _LAST if self.event is None else self.event
        return entry, event, self.row or "", self.problem

    def __str__(self) -> str:
        named = {"entry": self.entry, "event": self.event, "run": self.run_id}
        parts = [f"{name} {number}" for name, number in named.items() if number is not None]
        parts += [f"source {self.source}"] if self.source else []
        where = [each for each in (", ".join(parts), self.row) if each]
        return printable(": ".join([*where, self.problem]))


def is_unreadable(error: DBAPIError) -> bool:
    """Whether a database's error is about a value, and not about the database."""
    is_about_text = "Could not decode to UTF-8" in str(error.orig)
    return is_about_text or isinstance(error, DataError | NotSupportedError)
