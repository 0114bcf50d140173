"""Scales and positions of charts, in percent of the width and pixels of the height.

Percent, so that a chart fills a phone and a wide screen alike while its text keeps its size. The
templates draw; this module knows numbers and times only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

HEIGHT: Final = 170
MOST_POINTS: Final = 240
FEW: Final = 10
"""Up to so many points, each is drawn with its value, and each run has its own label."""
_NARROWEST_LABEL: Final = 9  # percent of the width
_STEPS: Final = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Point:
    """A number at a time."""

    at: datetime
    value: int


@dataclass(frozen=True, slots=True)
class Step:
    """A point of the line; `has_label`: there is room to write its value above it."""

    point: Point
    x: float
    has_label: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """Round numbers, evenly apart, from the bottom to the top of a chart."""

    values: Sequence[int]

    def y(self, value: float) -> float:
        """Pixels from the top."""
        return round(self._pixels(self.values[-1] - value), 1)

    def height(self, count: int) -> float:
        """Pixels of a bar; at least 2 unless the count is 0."""
        return max(round(self._pixels(count), 1), 2.0) if count else 0.0

    def _pixels(self, part: float) -> float:
        return part / (self.values[-1] - self.values[0]) * HEIGHT


def scale(low: int, high: int, *, most: int = 4) -> Scale:
    """Round numbers from at most `low` to at least `high`."""
    raw = max(high - low, 1) / most
    magnitude = 10 ** math.floor(math.log10(raw))
    step = max(1, round(next(s for s in _STEPS if s * magnitude >= raw) * magnitude))
    start = math.floor(low / step)
    end = max(math.ceil(high / step), start + 1)
    return Scale([number * step for number in range(start, end + 1)])


def line_scale(points: Sequence[Point]) -> Scale:
    """The range of the values with a margin, from zero if that is near."""
    values = [point.value for point in points]
    low, high = min(values), max(values)
    air = max((high - low) // 5, 1)
    return scale(0 if low < high / 2 else max(low - air, 0), high + air)


def steps(points: Sequence[Point], *, until: datetime) -> list[Step]:
    """The points of a line in steps: a number holds until the next run, and the last until now."""
    first = points[0].at
    seconds = (max(until, points[-1].at) - first).total_seconds() or 1
    found: list[Step] = []
    labelled = -100.0
    for point in points:
        x = round((point.at - first).total_seconds() / seconds * 100, 2)
        has_label = len(points) <= FEW and x - labelled >= _NARROWEST_LABEL
        labelled = x if has_label else labelled
        found.append(Step(point, x, has_label))
    return found


def thinned(points: Sequence[Point], *, most: int = MOST_POINTS) -> list[Point]:
    """At most `most` points: the last one of each of as many equal stretches of time."""
    if len(points) <= most:
        return list(points)
    first, last = points[0].at, points[-1].at
    stretch = (last - first) / (most - 1)
    kept = {int((point.at - first) / stretch): point for point in points}
    return list(kept.values())
