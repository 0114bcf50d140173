"""Where did a run's time go, for people and for programs?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from etl.profiler import RunningStopwatch

ELSEWHERE: Final = "other threads"


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


def as_table(watch: RunningStopwatch) -> str:
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
