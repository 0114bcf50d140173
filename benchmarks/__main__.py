"""Measure image-sync and other tools, and write docs/benchmarks.md: `python -m benchmarks`."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from benchmarks.peers import PEERS
from benchmarks.places import postgresql_database, served, sqlite_file
from benchmarks.processes import companion, measure
from benchmarks.report import page
from benchmarks.rounds import LARGEST_WITH_LATENCY, Bench, Results

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "benchmarks.md"
WORK: Final = ROOT / "benchmarks" / ".work"
KEPT: Final = WORK / "rounds"
SIZES: Final = (10_000, 100_000, 1_000_000)
PARTS: Final = ("round-trips", "startup", "costs", "latency", "peers", "schedules")


def main() -> None:
    """Measure what the arguments name."""
    arguments = _arguments()
    results = _earlier_results() if arguments.add else Results()
    command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
    results.sessions.append((command, os.getloadavg()[0]))

    def keep() -> None:
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_bytes(msgspec.msgpack.encode(results))
        PAGE.write_text(page(results))

    with ExitStack() as stack:
        _measure(_bench(stack, results, arguments), arguments, keep=keep)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES, metavar="SIZE", help="images")
    parser.add_argument("--repeat", type=int, default=3, help="rounds; default: 3")
    parser.add_argument(
        "--schedules", type=int, default=60, help="number of changing catalogues; default: 60"
    )
    parser.add_argument("--add", action="store_true", help="add to earlier measurements")
    names = ",".join(PARTS)
    parser.add_argument("--only", default=names, metavar="PART,…", help=f"default: {names}")
    names = ",".join(peer.name for peer in PEERS)
    parser.add_argument(
        "--peers",
        metavar="NAME,…",
        help=f"measure these at every size: {names}; default: all, each at its own sizes",
    )
    parser.add_argument(
        "--environments",
        type=Path,
        default=WORK / "environments",
        help="folder of the peers",
    )
    return parser.parse_args()


def _earlier_results() -> Results:
    return msgspec.msgpack.decode(KEPT.read_bytes(), type=Results) if KEPT.exists() else Results()


def _bench(stack: ExitStack, results: Results, arguments: argparse.Namespace) -> Bench:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
    databases = {"sqlite": partial(sqlite_file, folder)}
    server = stack.enter_context(companion("benchmarks.postgres"))
    if server.read():
        databases["postgresql"] = partial(postgresql_database, server)
    peers = arguments.peers.split(",") if arguments.peers else None
    return Bench(
        results=results,
        folder=folder,
        databases=databases,
        environments=arguments.environments.absolute(),
        peers=peers if "peers" in arguments.only.split(",") else (),
        report=_report,
    )


def _measure(bench: Bench, arguments: argparse.Namespace, *, keep: Callable[[], None]) -> None:
    """Measure the requested parts; results are saved after each round."""
    parts = set(arguments.only.split(","))
    measure("-m", "compileall", "-q", "etl", "benchmarks")  # as in an installed program
    if "round-trips" in parts:
        bench.measure_round_trips(arguments.repeat)
    for _ in range(arguments.repeat if "startup" in parts else 0):
        bench.measure_startup()
    if "schedules" in parts:
        bench.play_schedules(arguments.schedules)
    keep()
    small = (size for size in arguments.sizes if size <= LARGEST_WITH_LATENCY)
    with_latency = max(small, default=0) if "latency" in parts else 0
    with_round = arguments.sizes if parts & {"costs", "peers"} else ()
    for size in sorted({*with_round, with_latency} - {0}):
        with served(size) as api:
            for _ in range(arguments.repeat):
                if size in with_round:
                    bench.measure_round(api)
                if size == with_latency:
                    bench.measure_latencies(api)
                keep()


def _report(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
