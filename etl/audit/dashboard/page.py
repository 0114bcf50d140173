"""How does the page come about? Template, style and script become one file that asks for nothing.

The security policy allows the one style and the one script that are in the file, by their hashes,
and nothing else: no request leaves the page, and no text from a catalogue can become code.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from etl.atomic_file import written_whole
from etl.audit.dashboard import charts, filters
from etl.audit.dashboard.facts import MOST_RUNS, STALE, Facts, read_facts
from etl.database.snapshot import snapshot
from etl.errors import UsageError
from etl.text import count_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection

_FILTERS: Final = ("age", "details", "evidence", "moment", "number", "plain", "rule", "shown")


def write_dashboard(connection: Connection, path: Path, *, now: datetime) -> Facts:
    """Writes the page to `path`, whole or not at all; gives the facts that it tells.

    Raises `UsageError` for a file that is not called a page.
    """
    if path.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(f"{path}: no page is called so", hint="name a .html file")
    with snapshot(connection):
        facts = read_facts(connection, now)
    with written_whole(path) as file:
        for part in render(facts):
            file.write(part.encode())
    return facts


def render(facts: Facts) -> Iterator[str]:
    """The page's text, in parts."""
    environment = Environment(
        loader=PackageLoader("etl.audit", "dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({name: getattr(filters, name) for name in _FILTERS})
    style, script = _part("page.css"), _part("page.js")
    return environment.get_template("page.html.j2").generate(
        facts=facts,
        notices=notices(facts),
        line=charts.line(charts.thinned(facts.series)) if facts.series else None,
        bars=charts.bars(facts.counts) if facts.counts else None,
        height=charts.HEIGHT,
        most_runs=MOST_RUNS,
        signed=filters.signed,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'",
    )


def notices(facts: Facts) -> list[tuple[str, str, str]]:
    """What wants a person's attention: how badly, where on the page it stands, and what it is."""
    found: list[tuple[str, str, str]] = []
    for source in facts.sources:
        found += [(level, "sources", told) for level, told in _of_source(source, facts.now)]
    if facts.held.total:
        told = f"{count_text(facts.held.total, 'removal')} held by the guard: approve or dismiss"
        found.append(("bad", "held", told))
    if facts.missing:
        told = f"{count_text(facts.missing, 'image')} absent from the listings, not yet decided"
        found.append(("warn", "sources", told))
    if facts.rejects.total:
        told = f"{count_text(facts.rejects.total, 'record')} could not be understood"
        found.append(("warn", "rejects", told))
    return found


def _of_source(source: dict[str, object], now: datetime) -> Iterator[tuple[str, str]]:
    name = filters.plain(source["source"])
    if source["status"] == "failed":
        yield "bad", f"{name}: the latest run failed ({filters.plain(source['error_kind'])})"
    certified = source["certified_at"]
    if certified is None:
        yield "bad", f"{name}: never read in a certified walk"
    elif now - certified > STALE:  # type: ignore[operator]
        yield "warn", f"{name}: last certified walk {filters.age(now - certified)} ago"  # type: ignore[operator]


def _part(name: str) -> Markup:
    """The text of a file of this package, as it goes into the page."""
    return Markup(files(__package__).joinpath(name).read_text("utf-8"))  # noqa: S704  # our own file


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
