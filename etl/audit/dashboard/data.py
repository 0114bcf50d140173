"""Everything that the page shows, read from the tables in one snapshot.

The statements are those of the reading commands, the report `end-of-life`, and the files in `sql/`.
Each table is capped, so that the page stays readable and small over a million images; what is
left out is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from etl.audit.dashboard.charts import Point, RunCounts
from etl.audit.query import ask
from etl.audit.record_span import RecordSpan, read_spans

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl.transform import ComponentTables

Row = dict[str, Any]

MOST_ROWS: Final = 300
MOST_RUNS: Final = 60
MOST_VALUES: Final = 8
WEEK: Final = timedelta(days=7)
HORIZON: Final = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Capped:
    """The first rows of a table, and how many there are in all."""

    rows: Sequence[Row]
    total: int

    @property
    def left_out(self) -> int:
        """How many rows there are besides these."""
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardData:
    """The content of the page as of `now`.

    `sources` are the rows of `status`; `week` counts what happened in the last seven days;
    `releases` are those that images are built on and whose support has ended or ends within
    `HORIZON`; `ended_images` and `ending_images` count the images on them; `pruned` are the sources
    whose history was pruned; `checkpoint` is the latest signed state of the log.
    """

    now: datetime
    sources: Sequence[Row]
    week: Row
    values: Mapping[str, list[tuple[str | None, int]]]
    components: Mapping[str, list[tuple[str | None, int]]]
    releases: Sequence[Row]
    ended_images: int
    ending_images: int
    held_sets: Sequence[Row]
    series: Sequence[Point]
    counts: Sequence[RunCounts]
    first_loads: Sequence[Row]
    pruned: Sequence[RecordSpan]
    checkpoint: Row | None
    tables: Mapping[str, Capped]

    def total(self, column: str) -> int:
        """The sum of a column of `sources`, such as `present`."""
        return sum(row[column] for row in self.sources)

    @property
    def read_sources(self) -> list[Row]:
        """The sources that are still read: not retired, and their project exists."""
        return [row for row in self.sources if not (row["retired_at"] or row["vanished_at"])]

    @property
    def in_a_week(self) -> int | None:
        """How many more images there are than a week ago; None in the first week."""
        before = [point.value for point in self.series if point.at <= self.now - WEEK]
        return self.total("present") - before[-1] if before else None


def read_data(connection: Connection, *, now: datetime, tables: ComponentTables) -> DashboardData:
    """Reads everything; the caller's transaction makes it one snapshot."""
    sources = ask(connection, "status").objects()
    week = _rows(connection, "totals", since=now - WEEK)[0]
    runs = ask(connection, "runs", limit=MOST_RUNS).objects()
    of_runs = _rows(connection, "run_counts", run=runs[-1]["run_id"] if runs else 1)
    contents = _rows(connection, "contents")
    ends = _ends(contents, tables, now)
    ending = ask(
        connection,
        "end-of-life",
        folder="reports",
        releases=tables.release_rows(),
        today=now.date().isoformat(),
        last_day=(now + HORIZON).date().isoformat(),
        limit=MOST_ROWS,
    ).objects()
    changes = _changes(connection, of_runs)
    return DashboardData(
        now=now,
        sources=sources,
        week=week,
        values=_values(_rows(connection, "kinds")),
        components=_components(contents),
        releases=ends.releases,
        ended_images=ends.ended_images,
        ending_images=ends.ending_images,
        held_sets=_rows(connection, "held_sets"),
        series=_series(_rows(connection, "series")),
        counts=_by_run(of_runs),
        first_loads=[row for row in of_runs if _is_first_load(row)],
        checkpoint=next(iter(_rows(connection, "checkpoint")), None),
        pruned=[span for span in read_spans(connection, {}) if span.pruned_at],
        tables={
            "runs": Capped(runs, week["runs"]),
            "changes": Capped(changes, len(changes)),
            "removals": _capped(connection, "removals", total=week["removals"]),
            "held": _capped(connection, "held", total=sum(row["held"] for row in sources)),
            "rejects": _capped(connection, "rejects", total=week["rejects"], is_unresolved=True),
            "ending": Capped(ending, ends.rows),
            "images": Capped(
                _rows(connection, "images", limit=MOST_ROWS),
                sum(row["present"] for row in sources),
            ),
        },
    )


def _rows(connection: Connection, name: str, **parameters: Any) -> list[Row]:
    return ask(connection, name, folder="dashboard/sql", **parameters).objects()


def _capped(connection: Connection, name: str, *, total: int, **parameters: Any) -> Capped:
    return Capped(ask(connection, name, limit=MOST_ROWS, **parameters).objects(), total)


def _values(rows: Iterable[Row]) -> dict[str, list[tuple[str | None, int]]]:
    """For each of the columns, its most frequent values."""
    counted: dict[str, Counter[str | None]] = {}
    for row in rows:
        for column in ("type", "arch", "status", "service_type"):
            counted.setdefault(column, Counter())[row[column]] += row["images"]
    return {column: _most(counts) for column, counts in counted.items()}


def _most(counts: Counter[str | None]) -> list[tuple[str | None, int]]:
    """The most frequent values first, ties by name; the others together, as `…`."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0] or ""))
    shown, others = ranked[:MOST_VALUES], ranked[MOST_VALUES:]
    return [*shown, ("…", sum(count for _, count in others))] if others else shown


def _components(rows: Iterable[Row]) -> dict[str, list[tuple[str | None, int]]]:
    """For each of the most frequent components, its most frequent versions."""
    counted: dict[str, Counter[str | None]] = {}
    for row in rows:
        for component, version in row["components"]:
            counted.setdefault(component, Counter())[version] += row["images"]
    ranked = sorted(counted, key=lambda name: (-counted[name].total(), name))
    return {name: _most(counted[name]) for name in ranked[:MOST_VALUES]}


class _Ends(NamedTuple):
    releases: list[Row]
    ended_images: int
    ending_images: int
    rows: int  # of the report: one for each version of each image


def _ends(contents: Iterable[Row], tables: ComponentTables, now: datetime) -> _Ends:
    """The releases that ended or end soon, and the images on them."""
    today = now.date()
    known = {
        release: (each.ends_on - today).days
        for release, each in tables.releases.items()
        if each.ends_on <= today + HORIZON
    }
    images: Counter[tuple[str, str]] = Counter()
    ended = ending = rows = 0
    for row in contents:
        built_on = [
            release
            for component, version in row["components"]
            for release in known
            if release[0] == component and _belongs_to(version, release[1])
        ]
        images.update(dict.fromkeys(built_on, row["images"]))
        ended += row["images"] if any(known[each] < 0 for each in built_on) else 0
        ending += row["images"] if any(known[each] >= 0 for each in built_on) else 0
        rows += row["images"] * len(built_on)
    releases = [
        {
            "component": release[0],
            "release": release[1],
            "ends_on": tables.releases[release].ends_on,
            "days_left": known[release],
            "images": count,
        }
        for release, count in images.items()
    ]
    releases.sort(key=lambda row: (row["ends_on"], row["component"], row["release"]))
    return _Ends(releases, ended, ending, rows)


def _belongs_to(version: str | None, release: str) -> bool:
    return version == release or (version or "").startswith(f"{release}.")


def _series(rows: Iterable[Row]) -> list[Point]:
    """The number of images in all sources together, after each run."""
    present: dict[str, int] = {}
    points: dict[int, Point] = {}
    for row in rows:
        present[row["source"]] = row["present"]
        points[row["run_id"]] = Point(row["observed_at"], sum(present.values()))
    return list(points.values())


def _is_first_load(row: Row) -> bool:
    """Whether a run found a source without images: it would dwarf everything after it."""
    arrived = row["added"] + row["restored"] + row["in_scope"]
    left = row["removed"] + row["out_of_scope"]
    return bool(row["added"]) and row["present"] == arrived - left


def _by_run(rows: Iterable[Row]) -> list[RunCounts]:
    """What each run did to all sources together, without first loads."""
    runs: dict[int, RunCounts] = {}
    for row in rows:
        run = runs.setdefault(row["run_id"], RunCounts(row["run_id"], row["observed_at"]))
        run.statuses.append(row["status"])
        if not _is_first_load(row):
            run.added += row["added"] + row["restored"] + row["in_scope"]
            run.changed += row["changed"]
            run.removed += row["removed"] + row["out_of_scope"]
    return list(runs.values())


def _changes(connection: Connection, of_runs: Sequence[Row]) -> list[Row]:
    """The latest changes, without first loads."""
    kinds = ("added", "changed", "removed", "restored", "in_scope", "out_of_scope")
    runs: list[int] = []
    count = 0
    for row in reversed(of_runs):
        events = sum(row[kind] for kind in kinds)
        if events and not _is_first_load(row) and count < MOST_ROWS:
            runs.append(row["run_id"])
            count += events
    return _rows(connection, "changes", runs=runs, limit=MOST_ROWS) if runs else []
