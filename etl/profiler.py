"""The time that each stage of a run takes, for `sync --profile`. Without it, timers cost nothing.

The profiler knows no stages: the code that works names what it is doing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

ELSEWHERE: Final = "other threads"
_NOTHING: Final = nullcontext()


@dataclass(slots=True)
class Spent:
    """The cost of a stage without the stages inside it, and the number of items that it handled."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    count: int = 0


class Profiler:
    """Measures nothing."""

    def on(self, stage: str, count: int = 0) -> AbstractContextManager[None]:  # noqa: ARG002  # it measures nothing
        """Measures the block as `stage`; stages inside it are measured separately."""
        return _NOTHING


class RunningStopwatch(Profiler):
    """Measures each stage in all threads; the clocks return seconds."""

    def __init__(
        self,
        *,
        wall: Callable[[], float] = time.perf_counter,
        cpu: Callable[[], float] = time.thread_time,
        process_cpu: Callable[[], float] = time.process_time,
    ) -> None:
        """`cpu`: of the calling thread; `process_cpu`: of all threads since the start."""
        self._wall, self._cpu, self._process_cpu = wall, cpu, process_cpu
        self._began = wall()
        self._spent: dict[str, Spent] = {}
        self._lock = threading.Lock()
        self._here = threading.local()

    @contextmanager
    def on(self, stage: str, count: int = 0) -> Iterator[None]:
        """Measures the block as `stage`; stages inside it are measured separately."""
        with self._lock:
            self._spent.setdefault(stage, Spent()).count += count
        outer = self._turn_to(stage)
        try:
            yield
        finally:
            self._turn_to(outer)

    def spent(self) -> dict[str, Spent]:
        """The cost of each stage, in the order in which they first started."""
        return self._spent

    def total(self) -> Spent:
        """Wall time since this object was created, CPU time since the process started."""
        return Spent(self._wall() - self._began, self._process_cpu())

    def _turn_to(self, stage: str | None) -> str | None:
        """Charges this thread's time since the last turn to the stage that was on; names it."""
        wall, cpu = self._wall(), self._cpu()
        outer, since_wall, since_cpu = getattr(self._here, "lap", (None, wall, cpu))
        if outer is not None:
            with self._lock:
                self._spent[outer].wall_seconds += wall - since_wall
                self._spent[outer].cpu_seconds += cpu - since_cpu
        self._here.lap = stage, wall, cpu
        return outer


def profile_rows(watch: RunningStopwatch) -> Iterator[dict[str, Any]]:
    """A row for each stage, one for what no stage did (the threads that fetch), and the total."""
    total = watch.total()
    measured = 0.0
    for stage, spent in watch.spent().items():
        measured += spent.cpu_seconds
        yield _row(
            stage, spent.wall_seconds, spent.cpu_seconds, of=total.cpu_seconds, count=spent.count
        )
    yield _row(ELSEWHERE, None, max(total.cpu_seconds - measured, 0.0), of=total.cpu_seconds)
    yield _row("total", total.wall_seconds, total.cpu_seconds, of=total.cpu_seconds)


def profile_table(watch: RunningStopwatch) -> str:
    """The rows for people."""
    lines = [f"{'stage':18}{'wall s':>9}{'CPU s':>9}{'share':>8}{'count':>11}"]
    for row in profile_rows(watch):
        wall = "" if row["wall_seconds"] is None else f"{row['wall_seconds']:.3f}"
        count = f"{row['count']:,}" if row["count"] else ""
        share = f"{row['share']:.1%}"
        lines.append(
            f"{row['stage']:18}{wall:>9}{row['cpu_seconds']:>9.3f}{share:>8}{count:>11}".rstrip()
        )
    return "\n".join(lines)


def _row(
    stage: str, wall_seconds: float | None, cpu_seconds: float, *, of: float, count: int = 0
) -> dict[str, Any]:
    return {
        "stage": stage,
        "wall_seconds": None if wall_seconds is None else round(wall_seconds, 6),
        "cpu_seconds": round(cpu_seconds, 6),
        "share": round(cpu_seconds / of, 4) if of else 0.0,
        "count": count,
    }
