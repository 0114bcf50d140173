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

from benchmarks.places import postgresql_database, sqlite_file
from benchmarks.processes import companion, measure
from benchmarks.report import page
from benchmarks.rounds import Bench

ROOT = Path(__file__).parents[1]
SIZES = (10_000, 100_000, 1_000_000)


def main() -> None:
    """Measure what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES, metavar="SIZE")
    parser.add_argument("--repeat", type=int, default=3, help="rounds; default: 3")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md")
    arguments = parser.parse_args()
    command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
    load = os.getloadavg()[0]
    bench = _measured(arguments.sizes, repeat=arguments.repeat)
    text = page(bench.results, command=command, repeat=arguments.repeat, load=load)
    arguments.page.write_text(text)


def _measured(sizes: list[int], *, repeat: int) -> Bench:
    measure("-m", "etl", "--help")  # compiles the modules
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
        databases = {"sqlite": partial(sqlite_file, folder)}
        server = stack.enter_context(companion("benchmarks.postgres"))
        if server.read():
            databases["postgresql"] = partial(postgresql_database, server)
        bench = Bench(folder=folder, repeat=repeat, databases=databases, tell=_tell)
        bench.run(sizes)
    return bench


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
