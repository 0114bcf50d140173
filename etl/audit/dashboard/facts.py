"""What does the page tell? Every number and row of it, read in one snapshot of the database.

The statements are the files in `sql/`. Each table is capped,
so that the page stays readable and small over a million images; what is left out is counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from msgspec import json

from etl.audit.dashboard.charts import Point, RunCounts
from etl.audit.query import ask, bound, read_query
from etl.database.types import instant_of
from etl.transform import builtin_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

Row = dict[str, Any]

MOST_ROWS: Final = 300
MOST_RUNS: Final = 60
MOST_VALUES: Final = 8
STALE: Final = timedelta(hours=36)
WEEK: Final = timedelta(days=7)
_INSTANTS: Final = frozenset({"at", "missing_since"})
_JSON: Final = frozenset({"components", "evidence_detail"})


@dataclass(frozen=True, slots=True)
class Capped:
    """The first rows of a table, and how many there are in all."""

    rows: list[Row]
    total: int

    @property
    def left_out(self) -> int:
        """How many rows there are besides these."""
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the page tells, as of `now`."""

    now: datetime
    states: Counter[str]
    states_by_source: dict[str, Counter[str]]
    values: dict[str, list[tuple[str | None, int]]]
    components: dict[str, list[tuple[str | None, int]]]
    old: Capped
    old_images: int
    old_releases: list[Row]
    series: list[Point]
    counts: list[RunCounts]
    first_loads: list[Row]
    sources: list[Row]
    week: Row
    runs: Capped
    changes: list[Row]
    removals: Capped
    held: Capped
    rejects: Capped
    missing: int
    images: Capped

    @property
    def now_against_week(self) -> int | None:
        """How many more images there are than a week ago; None in the first week."""
        before = [point.value for point in self.series if point.at <= self.now - WEEK]
        return self.states["present"] - before[-1] if before else None


def read_facts(connection: Connection, now: datetime) -> Facts:
    """Reads everything; the caller's transaction makes it one snapshot."""
    by_source = _states(connection)
    states: Counter[str] = sum(by_source.values(), Counter())
    runs = _rows(connection, "runs", limit=MOST_RUNS)
    by_run = list(_rows(connection, "counts", run=runs[-1]["run_id"] if runs else 0))
    contents = _rows(connection, "contents")
    old_releases, old_images = _old(contents, _ended(now))
    return Facts(
        now=now,
        states=states,
        states_by_source=by_source,
        values=_values(_rows(connection, "kinds")),
        components=_components(contents),
        old=Capped(_old_rows(connection, now), sum(row["images"] for row in old_releases)),
        old_images=old_images,
        old_releases=old_releases,
        series=_series(_rows(connection, "series")),
        counts=_by_run(by_run),
        first_loads=[row for row in by_run if row["is_first"] and row["added"]],
        sources=_rows(connection, "sources"),
        week=_rows(connection, "period", since=now - WEEK)[0],
        runs=Capped(runs, _count(connection, "runs_total")),
        changes=_changes(connection, by_run),
        removals=_capped(connection, "removals"),
        held=_capped(connection, "held"),
        rejects=_capped(connection, "rejects"),
        missing=_count(connection, "missing_total"),
        images=Capped(_rows(connection, "images", limit=MOST_ROWS), states["present"]),
    )


def _rows(connection: Connection, name: str, **parameters: Any) -> list[Row]:
    """The rows of one statement of `sql/`, instants as instants."""
    query = read_query(name, folder="dashboard/sql")
    statement = bound(query.sql(connection.dialect.name, parameters), parameters)
    return [_typed(dict(row)) for row in connection.execute(statement).mappings()]


def _typed(row: Row) -> Row:
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    """SQLite keeps instants and JSON as text: here they are what they are on PostgreSQL."""
    if not isinstance(value, str):
        return value
    if name.endswith("_at") or name in _INSTANTS:
        return instant_of(value)
    return json.decode(value) if name in _JSON else value


def _count(connection: Connection, name: str) -> int:
    total: int = _rows(connection, name)[0]["total"]
    return total


def _capped(connection: Connection, name: str) -> Capped:
    rows = _rows(connection, name, limit=MOST_ROWS)
    return Capped(rows, _count(connection, f"{name}_total"))


def _states(connection: Connection) -> dict[str, Counter[str]]:
    by_source: dict[str, Counter[str]] = defaultdict(Counter)
    for row in _rows(connection, "states"):
        by_source[row["source"]][row["state"]] = row["images"]
    return {source: +states for source, states in by_source.items()}


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


def _ended(now: datetime) -> list[Row]:
    return [
        {"component": component, "release": release, "ended_on": each.ends_on.isoformat()}
        for (component, release), each in sorted(builtin_tables().releases.items())
        if each.ends_on < now.date()
    ]


def _old(contents: Iterable[Row], ended: Sequence[Row]) -> tuple[list[Row], int]:
    """How many images stand on each release past its end, and how many on any."""
    counted: Counter[int] = Counter()
    images = 0
    for row in contents:
        places = [
            place
            for place, release in enumerate(ended)
            for component, version in row["components"]
            if component == release["component"] and _is_of(version, release["release"])
        ]
        for place in places:
            counted[place] += row["images"]
        images += row["images"] if places else 0
    return [{**ended[place], "images": count} for place, count in counted.most_common()], images


def _is_of(version: str | None, release: str) -> bool:
    return version == release or (version or "").startswith(f"{release}.")


def _old_rows(connection: Connection, now: datetime) -> list[Row]:
    """The first rows of the report."""
    days = {"today": now.date(), "last_day": now.date() - timedelta(days=1)}
    given = {name: day.isoformat() for name, day in days.items()}
    given["releases"] = builtin_tables().release_rows()
    answer = ask(connection, "end-of-life", folder="reports", **given, limit=MOST_ROWS)
    return [dict(zip(answer.columns, values, strict=True)) for values in answer.rows]


def _series(rows: Iterable[Row]) -> list[Point]:
    """The number of images in all sources together, after each run."""
    present: dict[str, int] = {}
    points: dict[int, Point] = {}
    for row in rows:
        present[row["source"]] = row["present"]
        points[row["run_id"]] = Point(row["observed_at"], sum(present.values()))
    return list(points.values())


def _by_run(rows: Iterable[Row]) -> list[RunCounts]:
    """What each run did to all sources together, but for first loads."""
    runs: dict[int, RunCounts] = {}
    for row in rows:
        run = runs.setdefault(row["run_id"], RunCounts(row["run_id"], row["observed_at"]))
        run.statuses.append(row["status"])
        if not row["is_first"]:
            run.added += row["added"] + row["restored"] + row["in_scope"]
            run.changed += row["changed"]
            run.removed += row["removed"] + row["out_of_scope"]
    return list(runs.values())


def _changes(connection: Connection, rows: list[Row]) -> list[Row]:
    """The latest changes; first loads are left out."""
    runs: list[int] = []
    count = 0
    for row in reversed(rows):
        events = sum(row[kind] for kind in ("added", "changed", "removed", "restored"))
        events += row["in_scope"] + row["out_of_scope"]
        if not row["is_first"] and events and count < MOST_ROWS:
            runs.append(row["run_id"])
            count += events
    return _rows(connection, "changes", runs=runs, limit=MOST_ROWS)
