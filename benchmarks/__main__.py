"""`python -m benchmarks [SIZE ...]`: measure, and write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.places import postgresql_database, sqlite_file
from benchmarks.processes import companion, measure
from benchmarks.report import page
from benchmarks.rounds import Bench, Results

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
KEPT = ROOT / "benchmarks" / ".work" / "results"
SIZES = (10_000, 100_000, 1_000_000)


def main() -> None:
    """Measure what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES, metavar="SIZE")
    parser.add_argument("--repeat", type=int, default=3, help="rounds; default: 3")
    parser.add_argument("--add", action="store_true", help="to the rounds measured before")
    arguments = parser.parse_args()
    command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
    load = os.getloadavg()[0]
    results = _measured_before() if arguments.add else Results()
    _measure(results, arguments.sizes, repeat=arguments.repeat)
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_bytes(msgspec.msgpack.encode(results))
    PAGE.write_text(page(results, command=command, load=load))


def _measured_before() -> Results:
    return msgspec.msgpack.decode(KEPT.read_bytes(), type=Results) if KEPT.exists() else Results()


def _measure(results: Results, sizes: list[int], *, repeat: int) -> None:
    measure("-m", "etl", "--help")  # compiles the modules
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
        databases = {"sqlite": partial(sqlite_file, folder)}
        server = stack.enter_context(companion("benchmarks.postgres"))
        if server.read():
            databases["postgresql"] = partial(postgresql_database, server)
        bench = Bench(
            results=results, folder=folder, repeat=repeat, databases=databases, tell=_tell
        )
        bench.run(sizes)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
