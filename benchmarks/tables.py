"""Tables of medians with their ranges and goals."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmarks.processes import Cost


@dataclass(frozen=True, slots=True)
class Aim:
    """A goal for the median: at most, or at least, `bound`."""

    bound: float
    is_least: bool = False

    def __str__(self) -> str:
        return f"{'≥' if self.is_least else '≤'} {self.bound:g}"

    def missed_by(self, reached: float) -> str:
        """By how many per cent the goal is missed; "" if it is reached."""
        far = reached / self.bound - 1
        if (far >= 0) if self.is_least else (far <= 0):
            return ""
        return f"{abs(far):.0%} {'below' if self.is_least else 'above'}"


def judged(values: Sequence[float], aim: Aim | None) -> Iterator[str]:
    """Three cells: the median with its range, the goal, and by how much it is missed."""
    reached = median(values)
    yield f"{reached:.3g} ({min(values):.3g} to {max(values):.3g})"
    yield str(aim) if aim else ""
    yield aim.missed_by(reached) if aim else ""


def middle(costs: Sequence[Cost]) -> Iterator[str]:
    """Four cells: the medians of CPU time, wall time and peak memory, and the number of rounds."""
    yield f"{median(cost.cpu_seconds for cost in costs):.2f}"
    yield f"{median(cost.wall_seconds for cost in costs):.2f}"
    yield f"{median(cost.peak_bytes for cost in costs) / 1e6:.0f}"
    yield f"{len(costs)}"


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A section with a table; "" without rows."""
    lines = [head, ["---"] * len(head), *rows]
    if len(lines) == 2:
        return ""
    return "\n".join([f"## {title}\n", *(f"| {' | '.join(line)} |" for line in lines), ""])
