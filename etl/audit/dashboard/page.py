"""Renders the page: templates, style and script become one file that makes no requests.

The security policy allows the one style and the one script that are in the file, by their hashes,
and nothing else: no request leaves the page, and no text from a catalogue can become code. That
text may hold anything: the filters make it harmless and honest. Characters that cannot be seen or
that turn the text around (controls, bidirectional marks, zero widths) are shown by number.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from etl.atomic_file import atomic_write
from etl.audit.dashboard import charts
from etl.audit.dashboard.data import HORIZON, MOST_RUNS, WEEK, DashboardData, read_data
from etl.clock import age_text
from etl.database.engine import snapshot
from etl.errors import UsageError
from etl.text import differing

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl.transform import ComponentTables

STALE: Final = timedelta(hours=36)
MOST_IN_CARD: Final = 5
LONGEST_TEXT: Final = 240
LONGEST_WORD: Final = 60
_CONTEXT: Final = 40
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MAY_WRAP: Final = re.compile(r"(?<=[-_/:,+@])(?=[\w\"{\[])|(?<=\.)(?=[^\W\d_])|(?<=\w{40})(?=\w)")
_WRAP: Final = Markup("<wbr>")
_NONE: Final = Markup('<span class="none">none</span>')


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
        "changed": changed,
        "identifier": identifier,
        "moment": moment,
        "number": "{:,}".format,
        "plain": plain,
        "shown": shown,
        "word": word,
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


def shown(value: object, *, longest: int = LONGEST_TEXT, whole: int = 24) -> Markup:
    """Text from outside: escaped, cut at a length, hidden characters made visible.

    A text of more than `whole` characters may wrap after separators, and inside words of more than
    40 characters. A shorter one is not taken apart, so that a search in the file finds it.
    """
    if value is None:
        return _NONE
    text = str(value)
    cut = text[:longest]
    parts = _MAY_WRAP.split(cut) if len(cut) > whole else [cut]
    marked = _WRAP.join(map(plain, parts))
    if len(text) > longest:
        more = Markup(' <span class="none">… {:,} more characters</span>')
        marked += more.format(len(text) - longest)
    return Markup("<bdi>{}</bdi>").format(marked)


def word(value: object) -> Markup:
    """The same for text that is usually one word, such as a status or a source: it never wraps."""
    return shown(value, longest=LONGEST_WORD, whole=LONGEST_WORD)


def changed(value: str, other: str) -> Markup:
    """A value beside the one that it replaced, or that replaced it, where they differ."""
    return shown(differing(value, other, longest=LONGEST_TEXT - 2, context=_CONTEXT))


def identifier(value: object) -> Markup:
    """A whole id, which wraps after hyphens only and is selected by one click.

    The attribute holds it in one piece, so that a search in the file finds it.
    """
    if value is None:
        return _NONE
    text = plain(value, longest=None)
    parts = _WRAP.join(re.split(r"(?<=-)", text))
    return Markup('<code class="id" title="{}">{}</code>').format(text, parts)


def plain(value: object, *, longest: int | None = LONGEST_TEXT) -> str:
    """Text from outside where no markup is possible: attributes, labels in charts."""
    text = "none" if value is None else str(value)
    cut = text[:longest]
    if not cut.isprintable():
        cut = "".join(f"⟨U+{ord(each):04X}⟩" if _is_hidden(each) else each for each in cut)
    return cut if longest is None or len(text) <= longest else f"{cut}…"


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN


def moment(value: datetime | None) -> str:
    """2026-11-23 06:00, in UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if value else "—"
