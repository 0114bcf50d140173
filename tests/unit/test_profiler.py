"""Each stage's own time, by clocks that the test sets; off, a watch measures nothing."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from etl.profiler import Profiler, RunningStopwatch, Spent, profile_rows, profile_table


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Times:
    wall: Clock
    cpu: Clock
    process: Clock
    watch: RunningStopwatch

    def work(self, wall: float, cpu: float) -> None:
        self.wall.now += wall
        self.cpu.now += cpu
        self.process.now += cpu


def times() -> Times:
    wall, cpu, process = Clock(100.0), Clock(7.0), Clock(0.5)
    watch = RunningStopwatch(wall=wall, cpu=cpu, process_cpu=process)
    return Times(wall, cpu, process, watch)


def test_a_stage_inside_another_is_measured_by_itself() -> None:
    at = times()
    at.work(9, 9)  # in no stage
    with at.watch.on("outer", 2):
        at.work(4, 1)
        with at.watch.on("inner", 10):
            at.work(2, 0.5)
        with at.watch.on("inner", 5):
            at.work(1, 0.25)
        at.work(8, 0.125)
    at.work(1, 1)
    assert at.watch.spent() == {"outer": Spent(12, 1.125, 2), "inner": Spent(3, 0.75, 15)}
    assert at.watch.total() == Spent(25, 12.375)


def test_a_stage_that_fails_ends() -> None:
    at = times()
    try:
        with at.watch.on("failing"):
            at.work(1, 1)
            raise ValueError
    except ValueError:
        at.work(5, 5)
    assert at.watch.spent() == {"failing": Spent(1, 1, 0)}


def test_another_thread_has_stages_of_its_own() -> None:
    at = times()

    def elsewhere() -> None:
        with at.watch.on("there"):
            at.work(2, 2)

    with at.watch.on("here"):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert at.watch.spent() == {"here": Spent(2, 2), "there": Spent(2, 2)}


def test_off_it_measures_nothing() -> None:
    with Profiler().on("stage", 3) as nothing:
        assert nothing is None


def test_the_table_adds_up() -> None:
    at = times()
    with at.watch.on("fetch", 1000):
        at.work(4, 1.5)
    at.process.now += 2  # threads that fetch
    assert profile_table(at.watch).splitlines() == [
        "stage                wall s    CPU s   share      count",
        "fetch                 4.000    1.500   37.5%      1,000",
        "other threads                  2.500   62.5%",
        "total                 4.000    4.000  100.0%",
    ]
    assert next(iter(profile_rows(at.watch))) == {
        "stage": "fetch",
        "wall_seconds": 4.0,
        "cpu_seconds": 1.5,
        "share": 0.375,
        "count": 1000,
    }
    nothing = RunningStopwatch(wall=Clock(), cpu=Clock(), process_cpu=Clock())
    assert [row["share"] for row in profile_rows(nothing)] == [0.0, 0.0]
