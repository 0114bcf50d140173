"""The measurements and their order: programs take turns, so that noise affects all of them.

A round over a database: the floor, then for each program the first load, the unchanged and the
changed catalogue into a fresh database, and the fastest insert of the rows of image-sync. Figures
are compared only with those of the same round, and only if each result was correct.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from benchmarks.environments import NotInstallableError, environment
from benchmarks.peers import PEERS
from benchmarks.places import served
from benchmarks.processes import Cost, WrongResultError, ask, measure
from benchmarks.programs import FIRST, UNCHANGED, WORKS, ImageSync, PeerProgram
from benchmarks.round_trips import CASES, IN_FLIGHT, RoundTrips, measured

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from contextlib import AbstractContextManager

    from benchmarks.peers import Peer
    from benchmarks.places import Api
    from benchmarks.programs import Program

FLOOR: Final = "floor"
FETCH: Final = "fetch and decode"
INSERT: Final = "fastest insert"
IMAGE_SYNC: Final = "image-sync"
HELP: Final = "--help"
SMALL: Final = "a sync of 100 images, unchanged"
LATENCIES_MS: Final = (50, 200)
LARGEST_WITH_LATENCY: Final = 100_000

Works = dict[str, Cost]
Round = dict[str, Works]


@dataclass(slots=True)
class Results:
    """All measurements, one for each round, and the peers that were left out, with the reason.

    `sessions`: each command with the machine's load average before it started. `schedules`: for
    each reader, the totals of all catalogues that changed while they were read.
    """

    sessions: list[tuple[str, float]] = field(default_factory=list)
    rounds: dict[tuple[int, str], list[Round]] = field(default_factory=dict)
    latencies: dict[tuple[int, str, int], list[Works]] = field(default_factory=dict)
    startup: dict[str, list[Cost]] = field(default_factory=dict)
    round_trips: dict[str, RoundTrips] = field(default_factory=dict)
    schedules: dict[str, dict[str, int]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


class Bench:
    """Adds to `results`. `databases` opens fresh databases of each kind; `report` shows progress.

    `peers`: names of those to measure at every size; None: all, each at its own sizes.
    `environments`: the folder of their virtual environments.
    """

    def __init__(
        self,
        *,
        results: Results,
        folder: Path,
        databases: Mapping[str, Callable[[], AbstractContextManager[str]]],
        environments: Path,
        peers: Collection[str] | None,
        report: Callable[[str], object],
    ) -> None:
        self.results = results
        self._folder = folder
        self._databases = databases
        self._environments = environments
        self._peers = peers
        self._report = report

    def measure_startup(self) -> None:
        """Measure `--help`, and a sync of few unchanged images."""
        with served(100) as api, self._databases["sqlite"]() as url:
            program = ImageSync(api, url, self._folder)
            program.load()
            self.results.startup.setdefault(HELP, []).append(measure("-m", "etl", "--help"))
            self.results.startup.setdefault(SMALL, []).append(program.load())
            program.check(UNCHANGED)
        self._report("start-up")

    def measure_round_trips(self, repeat: int) -> None:
        """Measure small catalogues over a slow network."""
        for name, case in CASES.items():
            self.results.round_trips[name] = measured(case, repeat)
            self._report(f"{name}: {self.results.round_trips[name]}")

    def measure_round(self, api: Api) -> None:
        """Measure each program with each kind of database."""
        for kind in self._databases:
            costs: Round = {FLOOR: {FETCH: _floor(api)}}
            for name, start in self._programs(api, kind):
                with self._databases[kind]() as url, TemporaryDirectory(dir=self._folder) as own:
                    costs[name] = self._works(api, start(url, Path(own)), f"{kind} {name}")
                    if name == IMAGE_SYNC:
                        costs[INSERT] = {FIRST: self._insert(kind, url)}
            self.results.rounds.setdefault((api.size, kind), []).append(costs)

    def _insert(self, kind: str, url: str) -> Cost:
        """The CPU time of inserting the rows of the database at `url` into an empty one."""
        with self._databases[kind]() as empty:
            cost = measure("-m", "benchmarks.insert", url, empty)
        return replace(cost, cpu_seconds=float(cost.output))

    def measure_latencies(self, api: Api) -> None:
        """Measure image-sync with `IN_FLIGHT` requests at a time."""
        for kind in self._databases:
            for latency_ms in LATENCIES_MS:
                with self._databases[kind]() as url:
                    program = ImageSync(api, url, self._folder, in_flight=IN_FLIGHT)
                    label = f"{kind} {latency_ms} ms"
                    costs = self._works(api, program, label, latency_ms=latency_ms)
                measured = self.results.latencies.setdefault((api.size, kind, latency_ms), [])
                measured.append(costs)

    def play_schedules(self, count: int) -> None:
        """Read the next `count` catalogues that change meanwhile, with image-sync and dlt."""
        first = self.results.schedules.get(IMAGE_SYNC, {}).get("schedules", 0)
        [dlt] = [peer for peer in PEERS if peer.name == "dlt"]
        python = self._python(dlt)
        totals = ask(
            "benchmarks.moving", str(first), str(count), *([str(python)] if python else [])
        )
        for reader, figures in totals.items():
            sums = Counter(self.results.schedules.get(reader, {}))
            sums.update(figures)
            self.results.schedules[reader] = dict(sums)
            self._report(f"{count} schedules, {reader}: {figures}")

    def _works(self, api: Api, program: Program, label: str, *, latency_ms: int = 0) -> Works:
        costs = {}
        for work, generation in WORKS.items():
            api.show(generation, latency_ms=latency_ms)
            cost = costs[work] = program.load()
            program.check(work)
            figures = f"{cost.cpu_seconds:.2f} s of CPU time, {cost.wall_seconds:.2f} s"
            self._report(f"{api.size} {label}, {work}: {figures}")
        return costs

    def _programs(
        self, api: Api, kind: str
    ) -> Iterator[tuple[str, Callable[[str, Path], Program]]]:
        yield IMAGE_SYNC, lambda url, folder: ImageSync(api, url, folder)
        for peer in PEERS:
            is_wanted = self._is_wanted(peer, api.size) and kind in peer.relations
            if is_wanted and (python := self._python(peer)):
                yield peer.name, partial(PeerProgram, peer, python, api)

    def _is_wanted(self, peer: Peer, size: int) -> bool:
        return size in peer.sizes if self._peers is None else peer.name in self._peers

    def _python(self, peer: Peer) -> Path | None:
        try:
            return environment(self._environments / peer.name, peer.packages)
        except NotInstallableError as error:
            self.results.left_out[peer.name] = str(error)
            self._report(f"{peer.name} is left out: {error}")
            return None


def _floor(api: Api) -> Cost:
    api.show(1)  # without the latency of an earlier measurement
    cost = measure("-m", "benchmarks.floor", api.url)
    if int(cost.output) != api.size:
        raise WrongResultError(f"the floor read {cost.output} of {api.size} images")
    return cost
