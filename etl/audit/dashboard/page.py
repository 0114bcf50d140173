"""Renders the page: templates, style and script become one file that makes no requests.

The security policy allows the one style and the one script that are in the file, by their hashes,
and nothing else: no request leaves the page, and no text from a catalogue can become code.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from etl.atomic_file import atomic_write
from etl.audit.dashboard import charts, filters
from etl.audit.dashboard.data import HORIZON, MOST_RUNS, WEEK, DashboardData, read_data
from etl.clock import age_text
from etl.database.engine import snapshot
from etl.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl.transform import ComponentTables

STALE: Final = timedelta(hours=36)
MOST_IN_CARD: Final = 5


def write_dashboard(
    connection: Connection,
    path: Path,
    *,
    now: datetime,
    tables: ComponentTables,
    command: Callable[[str], str],
) -> DashboardData:
    """Writes the page to `path`, whole or not at all, and returns its content.

    `command` turns the arguments of a command into the whole command line. Raises `UsageError` if
    the file name does not end in .html.
    """
    if path.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(f"{path}: the file name must end in .html")
    with snapshot(connection):
        data = read_data(connection, now=now, tables=tables)
    with atomic_write(path) as file:
        for part in render(data, command=command):
            file.write(part.encode())
    return data


def render(data: DashboardData, *, command: Callable[[str], str]) -> Iterator[str]:
    """The page's text, in parts."""
    style, script = _part("page.css"), _part("page.js")
    return (
        environment()
        .get_template("page.html.j2")
        .generate(
            data=data,
            stale=STALE,
            **_overview(data),
            **_charts(data),
            most_runs=MOST_RUNS,
            horizon=HORIZON.days,
            command=command,
            style=style,
            script=script,
            policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
            "img-src data:; base-uri 'none'; form-action 'none'",
        )
    )


def environment() -> Environment:
    """The templates, with the filters that write values."""
    found = Environment(
        loader=PackageLoader("etl.audit.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "age": age_text,
        "changed": filters.changed,
        "identifier": filters.identifier,
        "moment": filters.moment,
        "number": "{:,}".format,
        "plain": filters.plain,
        "shown": filters.shown,
        "word": filters.word,
    }
    return found


def _overview(data: DashboardData) -> dict[str, Any]:
    """The rows of the cards: the oldest sources, recent removals, the nearest ends of life."""
    sources = sorted(
        data.read_sources,
        key=lambda row: row["certified_at"].timestamp() if row["certified_at"] else 0,
    )
    removals = data.tables["removals"].rows
    releases = sorted(data.releases, key=lambda row: (abs(row["days_left"]), row["component"]))
    nearest = releases[:MOST_IN_CARD]
    return {
        "oldest": sources[:MOST_IN_CARD],
        "recent": [row for row in removals if row["removed_at"] >= data.now - WEEK],
        "latest_releases": sorted(nearest, key=lambda row: row["days_left"]),
    }


def _charts(data: DashboardData) -> dict[str, Any]:
    points, runs = charts.thinned(data.series), data.runs
    up = max((run["added"] + run["changed"] for run in runs), default=0)
    down = max((run["removed"] for run in runs), default=0)
    return {
        "height": charts.HEIGHT,
        "few": charts.FEW,
        "runs": runs,
        "bar_scale": charts.scale(-down, up),
        "steps": charts.steps(points, until=data.now) if points else [],
        "line_scale": charts.line_scale(points) if points else None,
    }


def _part(name: str) -> Markup:
    """The text of a file of this package, as it goes into the page."""
    return Markup(files(__package__).joinpath(name).read_text("utf-8"))  # noqa: S704  # our own file


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
