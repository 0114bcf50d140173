"""What is measured, in which order? Each work in turn, by rounds, so that noise hits all alike.

A round of a database: the floor, then the first load, the unchanged and the changed catalogue into
a fresh database. Its figures are compared with each other only, and count once each result is the
truth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from benchmarks.catalogue import changed_count, removed_count
from benchmarks.places import Api, expect, served, write_configuration
from benchmarks.processes import Cost, WrongResultError, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

FLOOR: Final = "floor"
FIRST: Final = "first load"
UNCHANGED: Final = "unchanged"
CHANGED: Final = "1 % changed"
LATENCIES_MS: Final = (50, 200)
IN_FLIGHT: Final = 8

Round = dict[str, Cost]


@dataclass(slots=True)
class Results:
    """Every cost, one for each round."""

    rounds: dict[tuple[int, str], list[Round]] = field(default_factory=dict)
    latencies: dict[tuple[int, int], list[Cost]] = field(default_factory=dict)
    startup: dict[str, list[Cost]] = field(default_factory=dict)


class Bench:
    """Adds to `results`; `databases` gives fresh ones of each kind, `tell` shows progress."""

    def __init__(
        self,
        *,
        results: Results,
        folder: Path,
        repeat: int,
        databases: Mapping[str, Callable[[], AbstractContextManager[str]]],
        tell: Callable[[str], object],
    ) -> None:
        self.results = results
        self._configuration = folder / "config.toml"
        self._repeat = repeat
        self._databases = databases
        self._tell = tell

    def run(self, sizes: Iterable[int]) -> None:
        """Start-up first, then each size by itself."""
        self._measure_startup()
        for size in sizes:
            with served(size) as api:
                for _ in range(self._repeat):
                    for kind in self._databases:
                        self._measure_round(api, size=size, kind=kind)

    def _measure_startup(self) -> None:
        with served(100) as api, self._databases["sqlite"]() as url:
            write_configuration(self._configuration, api, database_url=url)
            self._sync()
            for _ in range(self._repeat):
                self._keep_startup("--help", measure("-m", "etl", "--help"))
                self._keep_startup("a sync of 100 images, unchanged", self._sync())
            expect(api, url, generation=1, unchanged=100)

    def _measure_round(self, api: Api, *, size: int, kind: str) -> None:
        moved, gone = changed_count(size), removed_count(size)
        api.show(1)
        with self._databases[kind]() as url:
            write_configuration(self._configuration, api, database_url=url)
            costs = {FLOOR: _floor(api, size)}
            costs[FIRST] = self._sync()
            expect(api, url, generation=1, added=size)
            costs[UNCHANGED] = self._sync()
            expect(api, url, generation=1, unchanged=size, added=0, changed=0, removed=0)
            if kind == "sqlite":
                self._measure_latencies(api, size, url=url)
            api.show(2)
            costs[CHANGED] = self._sync()
            expect(api, url, generation=2, added=gone, changed=moved, removed=gone)
        self.results.rounds.setdefault((size, kind), []).append(costs)
        for work, cost in costs.items():
            self._tell(f"{size} {kind} {work}: {cost.cpu_seconds:.2f} s of processor time")

    def _measure_latencies(self, api: Api, size: int, *, url: str) -> None:
        """The unchanged catalogue again, `IN_FLIGHT` requests at a time."""
        write_configuration(self._configuration, api, database_url=url, concurrency=IN_FLIGHT)
        for latency_ms in LATENCIES_MS:
            api.show(1, latency_ms=latency_ms)
            cost = self._sync()
            self.results.latencies.setdefault((size, latency_ms), []).append(cost)
            self._tell(f"{size} {latency_ms} ms: {cost.wall_seconds:.2f} s")
        expect(api, url, generation=1, unchanged=size, added=0, changed=0, removed=0)
        write_configuration(self._configuration, api, database_url=url)

    def _sync(self) -> Cost:
        return measure("-m", "etl", "--config", str(self._configuration), "-q", "sync")

    def _keep_startup(self, name: str, cost: Cost) -> None:
        self.results.startup.setdefault(name, []).append(cost)
        self._tell(f"{name}: {cost.cpu_seconds:.2f} s of processor time")


def _floor(api: Api, size: int) -> Cost:
    cost = measure("-m", "benchmarks.floor", api.url)
    if int(cost.output) != size:
        raise WrongResultError(f"the floor saw {cost.output} of {size} images")
    return cost
