"""Everything that the page shows, read from the tables in one snapshot.

The statements are those of the reading commands, the reports `catalogue`, `components` and
`end-of-life`, and the files in `sql/`. Each table is capped, so that the page stays readable and
small over a million images; what is left out is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from etl.audit.dashboard.charts import Point
from etl.audit.query import Folder, read_rows
from etl.audit.record_span import RecordSpan, read_spans

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl.transform import ComponentTables

Row = dict[str, Any]
Shares = Mapping[str, list[tuple[str | None, int]]]

MOST_ROWS: Final = 300
MOST_RUNS: Final = 60
MOST_VALUES: Final = 8
WEEK: Final = timedelta(days=7)
HORIZON: Final = timedelta(days=180)
_WORST_FIRST: Final = ("failed", "held", "partial", "succeeded")


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

    `sources` are the rows of `status`. `totals` count the record, the last seven days, and the
    images on releases that ended or end within `HORIZON`; `releases` are these. `values` and
    `components` are the most frequent values of columns and versions of components. `source_runs`
    is what the latest runs did to each source; `pruned` are the sources whose history was pruned;
    `checkpoint` is the latest signed state of the log.
    """

    now: datetime
    sources: Sequence[Row]
    totals: Row
    values: Shares
    components: Shares
    releases: Sequence[Row]
    held_sets: Sequence[Row]
    series: Sequence[Point]
    source_runs: Sequence[Row]
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

    @property
    def runs(self) -> list[Row]:
        """What each run did to all sources together, without first loads, and its worst status."""
        return [_of_run([*rows]) for _, rows in groupby(self.source_runs, key=itemgetter("run_id"))]


def read_data(connection: Connection, *, now: datetime, tables: ComponentTables) -> DashboardData:
    """Reads everything; the caller's transaction makes it one snapshot."""

    def rows(name: str, *, folder: Folder = "dashboard/sql", **parameters: Any) -> list[Row]:
        return read_rows(connection, name, folder=folder, **parameters).objects()

    def capped(name: str, total: int, *, folder: Folder = "queries", **parameters: Any) -> Capped:
        return Capped(rows(name, folder=folder, limit=MOST_ROWS, **parameters), total)

    sources = rows("status", folder="queries")
    ends: dict[str, Any] = {
        "releases": tables.release_rows(),
        "today": now.date().isoformat(),
        "last_day": (now + HORIZON).date().isoformat(),
    }
    totals = rows("totals", since=now - WEEK)[0] | rows("releases", **ends, is_total=True)[0]
    runs = rows("runs", folder="queries", limit=MOST_RUNS)
    source_runs = rows("run_counts", run=runs[-1]["run_id"] if runs else 1)
    latest = _latest(source_runs)
    changes = rows("changes", runs=latest, limit=MOST_ROWS) if latest else []
    return DashboardData(
        now=now,
        sources=sources,
        totals=totals,
        values=_values(rows("catalogue", folder="reports")),
        components=_components(rows("components", folder="reports")),
        releases=rows("releases", **ends),
        held_sets=rows("held_sets"),
        series=_series(rows("series")),
        source_runs=source_runs,
        pruned=[span for span in read_spans(connection, {}) if span.pruned_at],
        checkpoint=next(iter(rows("checkpoint")), None),
        tables={
            "runs": Capped(runs, totals["runs"]),
            "changes": Capped(changes, len(changes)),
            "removals": capped("removals", totals["removals"]),
            "held": capped("held", sum(row["held"] for row in sources)),
            "rejects": capped("rejects", totals["rejects"], is_unresolved=True),
            "ending": capped("end-of-life", totals["ending_rows"], folder="reports", **ends),
            "images": capped(
                "images", sum(row["present"] for row in sources), folder="dashboard/sql"
            ),
        },
    )


def _values(rows: Iterable[Row]) -> Shares:
    """For each of the columns, its most frequent values."""
    counted: dict[str, Counter[str | None]] = {}
    for row in rows:
        for column in ("type", "arch", "status", "service_type"):
            counted.setdefault(column, Counter())[row[column]] += row["images"]
    return {column: _most(counts) for column, counts in counted.items()}


def _components(rows: Iterable[Row]) -> Shares:
    """For each of the most frequent components, its most frequent versions."""
    counted: dict[str, Counter[str | None]] = {}
    for row in rows:
        counted.setdefault(row["component"], Counter())[row["version"]] += row["images"]
    ranked = sorted(counted, key=lambda name: (-counted[name].total(), name))
    return {name: _most(counted[name]) for name in ranked[:MOST_VALUES]}


def _most(counts: Counter[str | None]) -> list[tuple[str | None, int]]:
    """The most frequent values first, ties by name; the others together, as `…`."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0] or ""))
    shown, others = ranked[:MOST_VALUES], ranked[MOST_VALUES:]
    return [*shown, ("…", sum(count for _, count in others))] if others else shown


def _series(rows: Iterable[Row]) -> list[Point]:
    """The number of images in all sources together, after each run."""
    present: dict[str, int] = {}
    points: dict[int, Point] = {}
    for row in rows:
        present[row["source"]] = row["present"]
        points[row["run_id"]] = Point(row["observed_at"], sum(present.values()))
    return list(points.values())


def _of_run(rows: Sequence[Row]) -> Row:
    counted = [row for row in rows if not row["is_first_load"]]
    return {
        "run_id": rows[0]["run_id"],
        "at": rows[0]["observed_at"],
        "status": min((row["status"] for row in rows), key=_WORST_FIRST.index),
        **{kind: sum(row[kind] for row in counted) for kind in ("added", "changed", "removed")},
    }


def _latest(source_runs: Sequence[Row]) -> list[int]:
    """The latest runs whose changes fill the table, without first loads."""
    runs: list[int] = []
    count = 0
    for row in reversed(source_runs):
        if row["events"] and not row["is_first_load"] and count < MOST_ROWS:
            runs.append(row["run_id"])
            count += row["events"]
    return runs
