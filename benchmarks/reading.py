"""The duration of each reading command over a large record: `python -m benchmarks.reading`.

Builds `benchmarks.ledger`'s 1,000,000 images and 100 runs in each kind of database, asks every
reading command its default question as a whole process, and writes docs/benchmarks-reading.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.ledger import IMAGES, RUNS, write_ledger
from benchmarks.places import postgresql_database, sqlite_file
from benchmarks.processes import Cost, companion, measure
from benchmarks.tables import Aim, table
from etl.audit.query import names_in

PAGE: Final = Path(__file__).parents[1] / "docs" / "benchmarks-reading.md"
AIM: Final = Aim(1.0)
_IMAGE: Final = f"{(7 * 2654435761) % 2**32:08x}"  # the beginning of the seventh image's id

QUESTIONS: Final = (
    *("status", "images", f"images --as-of {RUNS // 2}", "images --as-of 2026-10-01"),
    *("images --state removed", "images --arch aarch64", f"history {_IMAGE}"),
    *("changes", "changes --since 2026-11-02", "changes --field swr_path", "removals"),
    *("removals --held", "rejects", "runs", "runs --by-source", f"diff {RUNS - 1} {RUNS}"),
    f"diff 2026-11-02 {RUNS}",
)
REPORTS: Final = tuple(f"report {name}" for name in names_in("reports"))
WHOLE: Final = ("dashboard {0}/page.html",)
"""Questions whose answer takes the whole catalogue; `verify` and `export` write or read it all."""

Costs = dict[tuple[str, str], list[Cost]]


def main() -> None:
    """Measure what the arguments say."""
    arguments = _arguments()
    costs: Costs = defaultdict(list)
    load = os.getloadavg()[0]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
        databases = arguments.database or _built(stack, folder, arguments.images)
        for _ in range(arguments.repeat):
            for url in databases:
                _ask_all(costs, url, folder)
    command = f"python -m benchmarks.reading --repeat {arguments.repeat}"  # a URL may be secret
    PAGE.write_text(_page(costs, arguments.images, command=command, load=load))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--repeat", type=int, default=3, help="rounds; default: 3")
    parser.add_argument(
        "--database", metavar="URL", action="append", help="one that `benchmarks.ledger` wrote"
    )
    return parser.parse_args()


def _built(stack: ExitStack, folder: Path, images: int) -> list[str]:
    urls = [stack.enter_context(sqlite_file(folder))]
    server = stack.enter_context(companion("benchmarks.postgres"))
    if server.read():
        urls.append(stack.enter_context(postgresql_database(server)))
    for url in urls:
        _tell(f"building {url.partition(':')[0]}")
        write_ledger(url, images=images)
    return urls


def _ask_all(costs: Costs, url: str, folder: Path) -> None:
    kind = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
    for question in (*QUESTIONS, *REPORTS, *WHOLE):
        words = question.format(folder).split()
        cost = measure("-m", "etl", "-q", "--database", url, *words)
        costs[question, kind].append(cost)
        _tell(
            f"{kind:10} {cost.wall_seconds:6.2f} s, processor {cost.cpu_seconds:5.2f} s  {question}"
        )


def _page(costs: Costs, images: int, *, command: str, load: float) -> str:
    head = ("question", "database", "wall s", "aim", "", "processor s", "peak MB")
    parts = [_HEAD.format(images=images, runs=RUNS, command=command, load=load)]
    for title, questions in (("Commands", QUESTIONS), ("Reports", REPORTS), ("Page", WHOLE)):
        rows = [
            (f"`{question.replace('{0}/', '')}`", kind, *_row(costs[question, kind], kind))
            for question in questions
            for kind in ("SQLite", "PostgreSQL")
            if costs[question, kind]
        ]
        parts.append(table(title, head, rows))
    return "\n".join(part for part in parts if part)


def _row(costs: list[Cost], kind: str) -> list[str]:
    least = min(cost.wall_seconds for cost in costs)
    processor = min(cost.cpu_seconds for cost in costs)
    peak = max(cost.peak_bytes for cost in costs)
    missed = AIM.missed_by(processor if kind == "SQLite" else least)
    return [f"{least:.2f}", str(AIM), missed, f"{processor:.2f}", f"{peak / 1e6:.0f}"]


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


_HEAD = """\
# Reading a large ledger

Written by `{command}`: {images:,} images and {runs} runs of history in one source, built by SQL \
(`benchmarks/ledger.py`), each question asked as a whole process, with its default limit of 100 \
rows. Both are the least of the rounds. With SQLite all work is in the process, so its processor \
seconds are held against the aim; with PostgreSQL wall seconds are, since the server's work is not \
in the processor's. The load average before it was {load:.1f}: on two cores, whatever is above 2 \
lengthens wall time.

What reads the whole catalogue (the reports on what is there, and the page) costs as much as the \
catalogue is large; `verify` and `export` do, too, and are not measured here.
"""

if __name__ == "__main__":
    main()
