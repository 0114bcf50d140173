"""A run's status and exit code, from its sources'."""

from datetime import UTC, datetime
from typing import Any

import pytest

from etl.model import Outcome, WalkFacts
from etl.run import LOCKED, status_and_exit_code


def outcome(status: Any, code: int = 0, kind: str | None = None) -> Outcome:
    return Outcome(
        name="one",
        status=status,
        observed_at=datetime(2026, 1, 1, tzinfo=UTC),
        facts=WalkFacts(),
        error_kind=kind,
        error_exit_code=code,
    )


DONE, PART, HELD = outcome("succeeded"), outcome("partial"), outcome("held")
REFUSED, AWAY, BROKEN = (outcome("failed", code, "x") for code in (10, 11, 12))
BUSY = outcome("failed", 22, LOCKED)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], ("succeeded", 0)),
        ([DONE, DONE], ("succeeded", 0)),
        ([DONE, PART], ("partial", 3)),
        ([DONE, REFUSED], ("partial", 3)),
        ([HELD, REFUSED, PART], ("held", 30)),
        ([REFUSED, AWAY], ("failed", 10)),
        ([AWAY, REFUSED], ("failed", 11)),
        ([BROKEN], ("failed", 12)),
        ([BUSY], ("failed", 22)),
        ([REFUSED, BUSY], ("failed", 22)),
        ([DONE, HELD, BUSY], ("partial", 22)),
    ],
)
def test_the_status_and_exit_code_of_a_run(
    outcomes: list[Outcome], expected: tuple[str, int]
) -> None:
    assert status_and_exit_code(outcomes) == expected
