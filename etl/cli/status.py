"""`status`: how is each source, and is one of them stale?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from etl.cli.options import source_option
from etl.cli.session import Session, pass_session

if TYPE_CHECKING:
    from datetime import datetime, timedelta

STALE: Final = 40
_SHOWN: Final = (
    "source",
    "is_stale",
    "last_run_id",
    "last_run_at",
    "last_run_status",
    "certified_at",
    "age",
    "present",
    "removed",
    "out_of_scope",
    "missing",
    "held",
    "vanished_at",
)


@click.command(short_help="Each source: last run, last certified walk, images by state.")
@source_option
@click.option("--max-age", metavar="DURATION", help="Exit 40 when a source is staler: 36h, 7d.")
@click.option(
    "--output",
    "--format",
    "output",
    type=click.Choice(["text", "table", "csv", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="For people, for a spreadsheet, or for programs.",
)
@pass_session
def status(session: Session, sources: tuple[str, ...], *, max_age: str | None, output: str) -> int:
    """Show how each source of the configuration and of the database is.

    A source's age is the time since its last certified walk; one that never had one is stale.

    \b
    image-sync status
    image-sync -q status --max-age 3h      for a monitor: silent, exit 40 when one is staler
    """
    from etl.audit.query import Rows
    from etl.audit.time_args import duration
    from etl.cli.output import show
    from etl.text import printable

    bound = duration(max_age) if max_age is not None else None
    found = _states(session, sources=sources, bound=bound)
    stale = [each["source"] for each in found if each["is_stale"]] if bound is not None else []
    session.exit_code = STALE if stale else 0
    if not (session.is_quiet and output == "text"):
        columns = tuple(found[0]) if found else ("source",)
        rows = (tuple(each.values()) for each in found)
        form = "table" if output == "text" else output
        show(session, Rows(columns, rows, _SHOWN), form=form, limit=None)
    if stale:
        told = ", ".join(stale)
        session.tell(printable(f"staler than {max_age}, or never certified: {told}"))
    return session.exit_code


def _states(
    session: Session, *, sources: tuple[str, ...], bound: timedelta | None
) -> list[dict[str, Any]]:
    """What `status` says of each source, in their order. Raises `UsageError` for an unknown one."""
    from etl.audit.query import ask
    from etl.audit.retained import require_sources

    configured = session.reading.source_names
    with session.reader() as connection:
        answer = ask(connection, "status", sources=sources, limit=0)
        known = {row[0]: dict(zip(answer.columns, row, strict=True)) for row in answer.rows}
        require_sources(connection, sources, known={*known, *configured})
    wanted = sources or configured
    names = sorted({*known, *(name for name in configured if name in wanted)})
    labels = session.reading.discover_labels
    empty = dict.fromkeys(answer.columns)
    now = session.clock()
    return [
        {
            **(known.get(name) or {**empty, "source": name}),
            "is_configured": name in configured
            or known.get(name, {}).get("discovered_by") in labels,
            **_age(known.get(name, {}), now=now, bound=bound),
        }
        for name in names
    ]


def _age(state: dict[str, Any], *, now: datetime, bound: timedelta | None) -> dict[str, Any]:
    """How old a source's last certified walk is; one whose project vanished is stale no more."""
    at: datetime | None = state.get("certified_at")
    is_read = not state.get("vanished_at")
    if at is None:
        return {"age_seconds": None, "age": "never", "is_stale": is_read}
    age = now - at
    seconds = round(age.total_seconds())
    is_stale = is_read and bound is not None and age > bound
    return {"age_seconds": seconds, "age": _words(seconds), "is_stale": is_stale}


def _words(seconds: int) -> str:
    """An age for people: the largest unit of which there are at least two."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"
