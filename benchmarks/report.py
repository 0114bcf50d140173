"""The figures as a page for people: medians, ratios by pairs, and what falls short of the aim."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib.metadata import version
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, Final, TypeVar

from benchmarks.peers import PEERS
from benchmarks.programs import CHANGED, FIRST, UNCHANGED, WORKS
from benchmarks.rounds import FETCH, FLOOR, HELP, IMAGE_SYNC, IN_FLIGHT, SMALL
from benchmarks.tables import Aim, judged, middle, table
from etl import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.processes import Cost
    from benchmarks.rounds import Results, Round

_Pair = tuple[str, str]
_Key = TypeVar("_Key", bound=tuple[Any, ...])
_Rounds = TypeVar("_Rounds")

# Ratios of processor time at `_AIMED_SIZE` images, by database.
_OWN_AIMS: Final[dict[tuple[_Pair, _Pair], dict[str, Aim]]] = {
    ((IMAGE_SYNC, UNCHANGED), (FLOOR, FETCH)): {"sqlite": Aim(1.6), "postgresql": Aim(1.8)},
    ((IMAGE_SYNC, FIRST), (FLOOR, FETCH)): {"sqlite": Aim(3), "postgresql": Aim(3)},
    ((IMAGE_SYNC, CHANGED), (IMAGE_SYNC, UNCHANGED)): {"sqlite": Aim(1.3), "postgresql": Aim(1.3)},
}
_PEER_AIMS: Final = {
    ("dlt", UNCHANGED, "sqlite"): Aim(10, is_least=True),
    ("dlt", UNCHANGED, "postgresql"): Aim(7, is_least=True),
    ("sqlite-utils", UNCHANGED, "sqlite"): Aim(2, is_least=True),
}
_PEAK_AIMS_MB: Final = {100_000: Aim(90), 1_000_000: Aim(130)}
_STARTUP_AIMS: Final = {HELP: Aim(0.15), SMALL: Aim(0.7)}
_LATENCY_AIM: Final = Aim(1.15)  # at 200 ms, unchanged
_GROWTH_AIM: Final = Aim(1.25)  # from the smallest to the largest catalogue
_AIMED_SIZE: Final = 100_000
_PACKAGES: Final = ("msgspec", "requests", "sqlalchemy", "psycopg")

_HEAD: Final = """\
# Benchmarks

Written by the commands at the end of this section; `make bench` measures everything, and `--add`
adds to what was measured before. Do not edit: measure again.

Whole processes are measured, from start to end, with those that they start: processor time is user
and system together, of the program alone and not of PostgreSQL; memory is the peak of resident
pages. They run in turn; a table shows the median of the rounds. A result counts only when the
database then held the truth, value by value; of image-sync also, that the run said so with the
certificate `exact`.

- **Catalogue**: made from a seed, 491 bytes an image, in pages of 1000 from a process of its own on
  loopback, in an order that stays. The second generation has 1 % changed, 0.2 % removed and 0.2 %
  added. image-sync looks each removal up, one request each; this is part of "{changed}".
- **Floor**: the same pages through one `requests` session, one after the other, and msgspec.
- **First load**: into a database that is not there yet, or empty: it makes the tables too.

{machine}

{sessions}
"""

_MOVING: Final = """\
The random schedules of `tests/support/schedules.py`: images are added, deleted, replaced, changed,
moved, respelled and brought back between any two requests of three runs; then the catalogue is
quiet. Both read each schedule over HTTP from an endpoint made plain (one listing, offsets that
count records, no cap, a right `total`, an empty page past the end), as dlt's offset paginator
expects it; where the endpoint sorts by creation time, dlt asks for that; images that are listed as
DELETED do not count as dlt's. image-sync runs as it comes, its guard told to let all removals pass.

- *Missed*: there throughout a run, and not in the record after it. *False removals*: those of them
  that the record had before, and then told as gone.
- *False versions*: images with more versions in the record than they had values.
- *Doubles*: twice in the record. *In the end*: after the quiet runs, until the record was right.
"""


def page(results: Results) -> str:
    """The whole page."""
    sessions = "\n".join(
        f"- `{command}`, begun at a load average of {load:.1f}"
        for command, load in results.sessions
    )
    if results.rounds and not any(kind == "postgresql" for _, kind in results.rounds):
        sessions += "\n\nPostgreSQL is left out: there was none."
    head = _HEAD.format(changed=CHANGED, machine=_machine(), sessions=sessions)
    sections = (
        _costs,
        _ratios,
        _against_peers,
        _peers,
        _moving,
        _growth,
        _memory,
        _latencies,
        _startup,
    )
    return "\n".join([head, *filter(None, (section(results) for section in sections))])


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"Measured with image-sync {__version__}, Python"
        f" {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {packages}; on"
        f" {os.cpu_count()} cores ({platform.machine()}). A load average much above 0 before a"
        " command began means that others used them too, and figures are the noisier for it:"
    )


def _costs(results: Results) -> str:
    rows = [
        (f"{size:,}", kind, program, work, *middle(_of(rounds, (program, work))))
        for (size, kind), rounds in _by_size(results.rounds)
        for program, works in _merged(rounds).items()
        for work in works
    ]
    head = ("images", "database", "program", "work", "processor s", "wall s", "peak MB", "rounds")
    return table("Costs", head, rows)


def _ratios(results: Results) -> str:
    rows = [
        (
            f"{size:,}",
            kind,
            f"{_label(one)} : {_label(other)}",
            *judged(_ratio(rounds, one, other), aim),
        )
        for (size, kind), rounds in _by_size(results.rounds)
        for (one, other), aims in _OWN_AIMS.items()
        for aim in [aims[kind] if size == _AIMED_SIZE else None]
    ]
    head = ("images", "database", "processor time of", "ratio", "aim", "")
    return table("Ratios, by pairs of one round (median; lowest to highest)", head, rows)


def _against_peers(results: Results) -> str:
    rows = [
        (f"{size:,}", kind, f"{peer.name} : {IMAGE_SYNC}, {work}", *judged(ratios, aim))
        for (size, kind), rounds in _by_size(results.rounds)
        for peer in PEERS
        for work in WORKS
        if (ratios := _ratio(rounds, (peer.name, work), (IMAGE_SYNC, work)))
        for aim in [_PEER_AIMS.get((peer.name, work, kind)) if size == _AIMED_SIZE else None]
    ]
    head = ("images", "database", "processor time of", "ratio", "aim", "")
    return table("Against the peers, by pairs of one round", head, rows)


def _peers(results: Results) -> str:
    rows = [
        (
            peer.name,
            peer.about,
            ", ".join(f"`{package}`" for package in peer.packages),
            peer.removes,
            peer.history,
            results.left_out.get(peer.name) or _left_out(peer.relations, peer.without),
        )
        for peer in PEERS
    ]
    head = (
        "peer",
        "set up as its documentation says",
        "packages",
        "removes",
        "history",
        "left out",
    )
    return table("The peers: what they do, and what they do not", head, rows)


def _left_out(relations: dict[str, str], why: str) -> str:
    return ", ".join(f"{kind}: {why}" for kind in ("sqlite", "postgresql") if kind not in relations)


def _moving(results: Results) -> str:
    names = {
        "schedules": "schedules",
        "runs": "runs",
        "missed": "missed in a run",
        "false_removals": "false removals",
        "false_versions": "images with false versions",
        "doubles": "doubles",
        "lost": "lost in the end",
        "kept": "kept in the end",
        "lost_changes": "lost changes",
    }
    rows = [
        (reader, *(f"{figures[name]:,}" for name in names))
        for reader, figures in results.schedules.items()
    ]
    told = table("A catalogue that changes while it is read", ("reader", *names.values()), rows)
    return told and f"{told}\n{_MOVING}"


def _growth(results: Results) -> str:
    """By medians, since catalogues of two sizes are no pair."""
    sizes = sorted({size for size, _ in results.rounds})
    rows = []
    for kind in ("sqlite", "postgresql"):
        for pair in ((FLOOR, FETCH), *((IMAGE_SYNC, work) for work in WORKS)):
            if all((size, kind) in results.rounds for size in sizes) and len(sizes) > 1:
                spent = [_median(results.rounds[size, kind], pair) for size in sizes]
                rows.append((kind, _label(pair), *_grown(sizes, spent)))
    steps = [f"of each from {low:,} to {high:,}" for low, high in pairwise(sizes)]
    each = [f"of each of {size:,}" for size in sizes]
    head = ("database", "work", *each, *steps, "largest : smallest", "aim", "")
    return table("Growth: microseconds of processor time for an image", head, rows)


def _grown(sizes: Sequence[int], spent: Sequence[float]) -> Iterator[str]:
    each = [seconds / size * 1e6 for size, seconds in zip(sizes, spent, strict=True)]
    yield from (f"{cost:.1f}" for cost in each)
    for step in range(len(sizes) - 1):
        more = (spent[step + 1] - spent[step]) / (sizes[step + 1] - sizes[step])
        yield f"{more * 1e6:.1f}"
    grown = each[-1] / each[0]
    yield from (f"{grown:.2f}", str(_GROWTH_AIM), _GROWTH_AIM.missed_by(grown))


def _memory(results: Results) -> str:
    rows = [
        (f"{size:,}", kind, *judged([cost.peak_bytes / 1e6 for cost in costs], aim))
        for (size, kind), rounds in _by_size(results.rounds)
        if (aim := _PEAK_AIMS_MB.get(size)) and (costs := _of(rounds, (IMAGE_SYNC, UNCHANGED)))
    ]
    return table("Peak memory, unchanged, MB", ("images", "database", "MB", "aim", ""), rows)


def _latencies(results: Results) -> str:
    rows = []
    for (size, kind, latency_ms), rounds in _by_size(results.latencies):
        share = -(-size // 1000) * latency_ms / 1000 / IN_FLIGHT
        for work in WORKS:
            walls = [works[work].wall_seconds for works in rounds]
            ratios = judged([wall / share for wall in walls], _aim(size, latency_ms, work))
            label = (f"{size:,}", kind, f"{latency_ms} ms", work)
            rows.append((*label, f"{median(walls):.2f}", f"{share:.2f}", *ratios))
    head = ("images", "database", "latency", "work", "wall s", "share s", "wall : share", "aim", "")
    title = (
        f"Latency, {IN_FLIGHT} in flight; share = pages × latency ÷ in flight; 0 ms: see the costs"
    )
    return table(title, head, rows)


def _aim(size: int, latency_ms: int, work: str) -> Aim | None:
    return _LATENCY_AIM if (size, latency_ms, work) == (_AIMED_SIZE, 200, UNCHANGED) else None


def _startup(results: Results) -> str:
    rows = [
        (name, *judged([cost.cpu_seconds for cost in costs], _STARTUP_AIMS[name]))
        for name, costs in results.startup.items()
    ]
    return table("Start-up, seconds of processor time", ("work", "s", "aim", ""), rows)


def _by_size(measured: Mapping[_Key, _Rounds]) -> list[tuple[_Key, _Rounds]]:
    """The small catalogues first."""
    return sorted(measured.items(), key=lambda entry: entry[0][0])


def _label(pair: _Pair) -> str:
    """A work of image-sync by itself, or the floor."""
    program, work = pair
    return program if program == FLOOR else work


def _merged(rounds: Sequence[Round]) -> Round:
    """One round with every program and work that some round has."""
    return {program: works for each in rounds for program, works in each.items()}


def _of(rounds: Sequence[Round], pair: _Pair) -> list[Cost]:
    program, work = pair
    return [each[program][work] for each in rounds if program in each]


def _median(rounds: Sequence[Round], pair: _Pair) -> float:
    return median(cost.cpu_seconds for cost in _of(rounds, pair))


def _ratio(rounds: Sequence[Round], one: _Pair, other: _Pair) -> list[float]:
    """Of the rounds that have both."""
    both = [each for each in rounds if one[0] in each and other[0] in each]
    return [
        mine.cpu_seconds / theirs.cpu_seconds
        for mine, theirs in zip(_of(both, one), _of(both, other), strict=True)
    ]
