"""The figures as a page for people: medians, ratios by pairs, and what falls short of the aim."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import version
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.rounds import CHANGED, FIRST, FLOOR, IN_FLIGHT, UNCHANGED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmarks.processes import Cost
    from benchmarks.rounds import Results, Round

# Ratios of processor time at `_AIMED_SIZE` images, and what they should be at most.
_RATIO_AIMS: Final = {
    (UNCHANGED, FLOOR): {"sqlite": 1.6, "postgresql": 1.8},
    (FIRST, FLOOR): {"sqlite": 3.0, "postgresql": 3.0},
    (CHANGED, UNCHANGED): {"sqlite": 1.3, "postgresql": 1.3},
}
_PEAK_AIMS_MB: Final = {100_000: 90, 1_000_000: 130}
_STARTUP_AIMS: Final = {"--help": 0.15, "a sync of 100 images, unchanged": 0.7}
_LATENCY_AIM: Final = 1.15  # at 200 ms
_AIMED_SIZE: Final = 100_000
_PACKAGES: Final = ("msgspec", "requests", "sqlalchemy", "psycopg")

_HEAD: Final = """\
# Benchmarks

Written by `{command}`; `make bench` measures every size, and `--add` adds rounds to
those measured before. Do not edit: measure again.

Whole processes are measured, from start to end: processor time is user and system together, of the
program alone and not of PostgreSQL; memory is the peak of resident pages. They run in turn; a table
shows the median of the rounds, here {rounds}. A result counts only when the database then held the
truth, value by value, and the run said so with the certificate `exact`.

- **Catalogue**: made from a seed, 491 bytes an image, in pages of 1000 from a process of its own on
  loopback, in an order that stays. The second generation has 1 % changed, 0.2 % removed and 0.2 %
  added. Each removal is looked up, one request each, and this is part of "{changed}".
- **Floor**: the same pages through one `requests` session, one after the other, and msgspec.
- **First load**: into a database that is not there yet, or empty: it makes the tables too.
- **Peers** (dlt, sqlite-utils, Singer, a plain upsert) are left out this time: nothing here says
  how image-sync compares with them.

{machine}
"""


def page(results: Results, *, command: str, load: float) -> str:
    """The whole page. `load`: the machine's load average before it began."""
    rounds = min(map(len, results.rounds.values()))
    kinds = {kind for _, kind in results.rounds}
    without = "" if "postgresql" in kinds else "\nPostgreSQL: skipped, there was none.\n"
    head = _HEAD.format(
        command=command, rounds=rounds, changed=CHANGED, machine=_machine(load) + without
    )
    parts = [_costs(results), _ratios(results), _memory(results), _latencies(results)]
    return "\n".join([head, *parts, _startup(results)])


def _machine(load: float) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"Measured with image-sync {version('modelarts-image-sync')}, Python"
        f" {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {packages}; on"
        f" {os.cpu_count()} cores ({platform.machine()}) with a load average of {load:.1f} when it"
        " began: much above 0 means that others used them too, and figures are the noisier for it."
    )


def _costs(results: Results) -> str:
    rows = [
        (f"{size:,}", kind, work, *_middle([each[work] for each in rounds]))
        for (size, kind), rounds in results.rounds.items()
        for work in rounds[0]
    ]
    head = ("images", "database", "work", "processor s", "wall s", "peak MB")
    return _table("Costs", head, rows)


def _ratios(results: Results) -> str:
    rows = [
        (
            f"{size:,}",
            kind,
            f"{work} : {other}",
            *_judged(_ratio(rounds, work, other), aims[kind] if size == _AIMED_SIZE else None),
        )
        for (size, kind), rounds in results.rounds.items()
        for (work, other), aims in _RATIO_AIMS.items()
    ]
    head = ("images", "database", "processor time of", "ratio", "aim", "")
    title = "Ratios, by pairs of one round (median; lowest to highest)"
    return _table(title, head, rows)


def _memory(results: Results) -> str:
    rows = [
        (f"{size:,}", kind, *_judged([each[UNCHANGED].peak_bytes / 1e6 for each in rounds], aim))
        for (size, kind), rounds in results.rounds.items()
        if (aim := _PEAK_AIMS_MB.get(size))
    ]
    return _table("Peak memory, unchanged, MB", ("images", "database", "MB", "aim", ""), rows)


def _latencies(results: Results) -> str:
    rows = []
    for (size, latency_ms), costs in results.latencies.items():
        share = -(-size // 1000) * latency_ms / 1000 / IN_FLIGHT
        walls = [cost.wall_seconds for cost in costs]
        ratios = [wall / share for wall in walls]
        aim = _LATENCY_AIM if (size, latency_ms) == (_AIMED_SIZE, 200) else None
        judged = _judged(ratios, aim)
        rows.append(
            (f"{size:,}", f"{latency_ms} ms", f"{median(walls):.2f}", f"{share:.2f}", *judged)
        )
    head = ("images", "latency", "wall s", "share s", "wall : share", "aim", "")
    title = (
        f"Latency: unchanged, SQLite, {IN_FLIGHT} in flight; share = pages × latency ÷ in flight"
    )
    return _table(title, head, rows)


def _startup(results: Results) -> str:
    rows = [
        (name, *_judged([cost.cpu_seconds for cost in costs], _STARTUP_AIMS[name]))
        for name, costs in results.startup.items()
    ]
    return _table("Start-up, seconds of processor time", ("work", "s", "aim", ""), rows)


def _ratio(rounds: Sequence[Round], work: str, other: str) -> list[float]:
    return [each[work].cpu_seconds / each[other].cpu_seconds for each in rounds]


def _judged(values: Sequence[float], aim: float | None) -> Iterator[str]:
    """The median with its range, the aim, and by how much it is missed."""
    reached = median(values)
    yield f"{reached:.3g} ({min(values):.3g} to {max(values):.3g})"
    yield f"≤ {aim:g}" if aim else ""
    yield f"{reached / aim - 1:.0%} above" if aim and reached > aim else ""


def _middle(costs: Sequence[Cost]) -> Iterator[str]:
    """The medians, each by itself."""
    yield f"{median(cost.cpu_seconds for cost in costs):.2f}"
    yield f"{median(cost.wall_seconds for cost in costs):.2f}"
    yield f"{median(cost.peak_bytes for cost in costs) / 1e6:.0f}"


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join([f"## {title}\n", *(f"| {' | '.join(line)} |" for line in lines), ""])
