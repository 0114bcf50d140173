"""How are numbers drawn? Points, bars and ticks, in percent of the width and pixels of the height.

Percent, so that a chart fills a phone and a wide screen alike with its letters' size unchanged.
Knows numbers and instants only: no database, no HTML.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

HEIGHT: Final = 180
MOST_POINTS: Final = 240
_STEPS: Final = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Point:
    """A number at an instant."""

    at: datetime
    value: int


@dataclass(slots=True)
class RunCounts:
    """What one run did, and how it ended for each source."""

    run_id: int
    at: datetime
    added: int = 0
    changed: int = 0
    removed: int = 0
    statuses: list[str] = field(default_factory=list)

    @property
    def status(self) -> str:
        """The worst of its sources'."""
        return next((s for s in ("failed", "held", "partial") if s in self.statuses), "succeeded")


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the chart, `y` pixels from the top."""

    value: int
    y: float


@dataclass(frozen=True, slots=True)
class Step:
    """A point of the line, for those who read it point by point."""

    point: Point
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line in steps: a number holds until the next run."""

    path: str
    area: str
    ticks: list[Tick]
    steps: list[Step]
    is_from_zero: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """One run's bars: additions and changes up from `zero`, removals down."""

    run: RunCounts
    x: float
    width: float
    added: tuple[float, float]
    changed: tuple[float, float]
    removed: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Bars:
    """All runs' bars, with the height of their common base line."""

    bars: list[Bar]
    ticks: list[Tick]
    zero: float


def thinned(points: Sequence[Point], *, most: int = MOST_POINTS) -> list[Point]:
    """At most `most` points: the last one of each of as many equal stretches of time."""
    if len(points) <= most:
        return list(points)
    first, last = points[0].at, points[-1].at
    stretch = (last - first) / (most - 1)
    kept = {int((point.at - first) / stretch): point for point in points}
    return list(kept.values())


def line(points: Sequence[Point]) -> Line:
    """The number of images over time; the height shows the range that was, unless near zero."""
    low, high = min(p.value for p in points), max(p.value for p in points)
    low = 0 if low < high / 2 else low
    values = round_values(low, high)
    first, last = points[0].at, points[-1].at
    seconds = (last - first).total_seconds() or 1

    def y(value: float) -> float:
        return _pixels(values[-1] - value, values[-1] - values[0])

    steps = [
        Step(point, round((point.at - first).total_seconds() / seconds * 100, 2), y(point.value))
        for point in points
    ]
    path = f"M{steps[0].x} {steps[0].y}" + "".join(f"H{s.x}V{s.y}" for s in steps[1:]) + "H100"
    ticks = [Tick(value, y(value)) for value in values]
    return Line(path, f"{path}V{HEIGHT}H0Z", ticks, steps, is_from_zero=values[0] == 0)


def bars(runs: Sequence[RunCounts]) -> Bars:
    """Additions and changes upwards, removals downwards, one place for each run."""
    up = max((run.added + run.changed for run in runs), default=0)
    down = max((run.removed for run in runs), default=0)
    values = round_values(-down, up)
    span = values[-1] - values[0]
    zero = _pixels(values[-1], span)
    place = 100 / max(len(runs), 20)

    def bar(index: int, run: RunCounts) -> Bar:
        added, changed, removed = (
            _visible(count, span) for count in (run.added, run.changed, run.removed)
        )
        return Bar(
            run,
            x=round(index * place, 3),
            width=round(place, 3),
            added=(round(zero - added, 1), added),
            changed=(round(zero - added - changed, 1), changed),
            removed=(zero, removed),
        )

    ticks = [Tick(abs(value), _pixels(values[-1] - value, span)) for value in values]
    return Bars([bar(index, run) for index, run in enumerate(runs)], ticks, zero)


def round_values(low: int, high: int, *, most: int = 4) -> list[int]:
    """Round numbers, evenly apart, from at most `low` to at least `high`."""
    raw = max(high - low, 1) / most
    magnitude = 10 ** math.floor(math.log10(raw))
    step = max(1, round(next(s for s in _STEPS if s * magnitude >= raw) * magnitude))
    start = math.floor(low / step)
    end = max(math.ceil(high / step), start + 1)
    return [number * step for number in range(start, end + 1)]


def _pixels(part: float, span: float) -> float:
    return round(part / span * HEIGHT, 1)


def _visible(count: int, span: float) -> float:
    """A bar's height; what is not nothing can be seen."""
    return max(_pixels(count, span), 2.0) if count else 0.0
