"""Numbers as points, lines and bars, in percent of a chart's width and pixels of its height.

Percent, so that a chart fills a phone and a wide screen alike while its text keeps its size.
Knows numbers and times only: no database, no HTML.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

HEIGHT: Final = 170
MOST_POINTS: Final = 240
FEW: Final = 10
"""Up to so many points, each is drawn with its value, and each run has its own label."""
_NARROWEST_LABEL: Final = 9  # percent of the width
_FEWEST_PLACES: Final = 6
_STEPS: Final = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Point:
    """A number at a time."""

    at: datetime
    value: int


@dataclass(slots=True)
class RunCounts:
    """What one run did to all its sources, and how it ended for each."""

    run_id: int
    at: datetime
    added: int = 0
    changed: int = 0
    removed: int = 0
    statuses: list[str] = field(default_factory=list)

    @property
    def status(self) -> str:
        """The worst status of its sources."""
        return next((s for s in ("failed", "held", "partial") if s in self.statuses), "succeeded")


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the chart, `y` pixels from the top."""

    value: int
    y: float


@dataclass(frozen=True, slots=True)
class Step:
    """A point of the line; `has_label`: there is room to write its value above it."""

    point: Point
    x: float
    y: float
    has_label: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line in steps: a number holds until the next run, and the last one until now."""

    path: str
    area: str
    ticks: Sequence[Tick]
    steps: Sequence[Step]
    begins_at: datetime
    ends_at: datetime

    @property
    def has_few_points(self) -> bool:
        """Whether every point is drawn."""
        return len(self.steps) <= FEW

    @property
    def is_from_zero(self) -> bool:
        """Whether the scale begins at zero."""
        return self.ticks[0].value == 0


@dataclass(frozen=True, slots=True)
class Bar:
    """One run's bars: additions and changes up from the base line, removals down."""

    run: RunCounts
    x: float
    width: float
    added: tuple[float, float]
    changed: tuple[float, float]
    removed: tuple[float, float]
    has_label: bool


@dataclass(frozen=True, slots=True)
class Bars:
    """All runs' bars, with the height of their common base line."""

    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    zero: float


def thinned(points: Sequence[Point], *, most: int = MOST_POINTS) -> list[Point]:
    """At most `most` points: the last one of each of as many equal stretches of time."""
    if len(points) <= most:
        return list(points)
    first, last = points[0].at, points[-1].at
    stretch = (last - first) / (most - 1)
    kept = {int((point.at - first) / stretch): point for point in points}
    return list(kept.values())


def line(points: Sequence[Point], *, until: datetime) -> Line:
    """The number of images over time.

    The scale shows the range of the values with some air around it, from zero if that is near.
    """
    values = _scale(min(p.value for p in points), max(p.value for p in points))
    first = points[0].at
    last = max(until, points[-1].at)
    seconds = (last - first).total_seconds() or 1
    is_few = len(points) <= FEW

    def y(value: float) -> float:
        return _pixels(values[-1] - value, values[-1] - values[0])

    steps: list[Step] = []
    labelled = -100.0
    for point in points:
        x = round((point.at - first).total_seconds() / seconds * 100, 2)
        has_label = is_few and x - labelled >= _NARROWEST_LABEL
        labelled = x if has_label else labelled
        steps.append(Step(point, x, y(point.value), has_label))
    path = f"M{steps[0].x} {steps[0].y}" + "".join(f"H{s.x}V{s.y}" for s in steps[1:]) + "H100"
    ticks = [Tick(value, y(value)) for value in values]
    return Line(path, f"{path}V{HEIGHT}H0Z", ticks, steps, first, last)


def _scale(low: int, high: int) -> list[int]:
    air = max((high - low) // 5, 1)
    low = 0 if low < high / 2 else max(low - air, 0)
    return round_values(low, high + air)


def bars(runs: Sequence[RunCounts]) -> Bars:
    """Additions and changes upwards, removals downwards, one place for each run."""
    up = max((run.added + run.changed for run in runs), default=0)
    down = max((run.removed for run in runs), default=0)
    values = round_values(-down, up)
    span = values[-1] - values[0]
    zero = _pixels(values[-1], span)
    place = 100 / max(len(runs), _FEWEST_PLACES)
    every = 1 if len(runs) <= FEW else len(runs) - 1  # the first and the last run, at least

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
            has_label=index % every == 0,
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
