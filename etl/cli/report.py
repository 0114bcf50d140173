"""Commands that summarise the record: `status`, `report`, `dashboard`, `export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.options import (
    format_option,
    limit_option,
    relation_names,
    report_names,
    source_option,
)
from etl.cli.output import give

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from etl.audit.query import Query

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
@pass_cli
def status(cli: CliContext, sources: tuple[str, ...], *, max_age: str | None, output: str) -> int:
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
    found = _states(cli, sources=sources, bound=bound)
    stale = [each["source"] for each in found if each["is_stale"]] if bound is not None else []
    cli.exit_code = STALE if stale else 0
    if not (cli.is_quiet and output == "text"):
        columns = tuple(found[0]) if found else ("source",)
        rows = (tuple(each.values()) for each in found)
        form = "table" if output == "text" else output
        show(cli, Rows(columns, rows, _SHOWN), form=form, limit=None)
    if stale:
        told = ", ".join(stale)
        cli.tell(printable(f"staler than {max_age}, or never certified: {told}"))
    return cli.exit_code


def _states(
    cli: CliContext, *, sources: tuple[str, ...], bound: timedelta | None
) -> list[dict[str, Any]]:
    """What `status` says of each source, in their order. Raises `UsageError` for an unknown one."""
    from etl.audit.query import ask
    from etl.audit.retained import require_sources

    configured = cli.reading.source_names
    with cli.reader() as connection:
        answer = ask(connection, "status", sources=sources, limit=0)
        known = {row[0]: dict(zip(answer.columns, row, strict=True)) for row in answer.rows}
        require_sources(connection, sources, known={*known, *configured})
    wanted = sources or configured
    names = sorted({*known, *(name for name in configured if name in wanted)})
    labels = cli.reading.discover_labels
    empty = dict.fromkeys(answer.columns)
    now = cli.clock()
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


@click.command(short_help="The named SQL reports; --list names them.")
@click.argument("name", required=False, shell_complete=report_names)
@click.option("--list", "is_list", is_flag=True, help="Name the reports, each with its question.")
@source_option
@click.option("--since", metavar="TIME", help="From TIME on, where the report asks for a period.")
@click.option("--until", metavar="TIME", help="Before TIME.")
@click.option(
    "--within", metavar="DURATION", help="end-of-life: also what ends within DURATION, like 90d."
)
@limit_option
@format_option
@pass_cli
def report(
    cli: CliContext,
    name: str | None,
    *,
    is_list: bool,
    sources: tuple[str, ...],
    since: str | None,
    until: str | None,
    within: str | None,
    limit: int | None,
    form: str,
) -> None:
    """Print a report.

    \b
    image-sync report --list
    image-sync report end-of-life --within 90d
    image-sync report removed --since 30d --format csv
    """
    from etl.audit import time_args
    from etl.audit.query import names_in, read_query
    from etl.choices import require_known

    if is_list or not name:
        _list_reports(cli, form=form)
        return
    require_known("report", name, names_in("reports"))
    query = read_query(name, folder="reports")
    _require_supported(query, since=since, until=until, last_day=within)
    now = cli.clock()
    days: dict[str, Any] = {}
    if "releases" in query.parameters:
        days = _release_days(cli, now, within)
    since = query.head.get("since") if since is None else since
    give(
        cli,
        name,
        folder="reports",
        limit=limit,
        form=form,
        sources=sources,
        since=time_args.since(since, now=now) if since is not None else None,
        until=time_args.until(until, now=now) if until is not None else None,
        **days,
    )


def _require_supported(query: Query, **options: str | None) -> None:
    """Raises `UsageError` for an option whose parameter the report does not have."""
    from etl.errors import UsageError

    for parameter, value in options.items():
        if value is not None and parameter not in query.parameters:
            option = "within" if parameter == "last_day" else parameter
            raise UsageError(f"--{option} is not supported for report '{query.name}'")


def _release_days(cli: CliContext, now: datetime, within: str | None) -> dict[str, str]:
    """The parameters of a report about the ends of releases; by default, of those that ended."""
    from datetime import timedelta

    from etl.audit.time_args import duration

    ahead = duration(within) if within is not None else timedelta(days=-1)
    return {
        "releases": cli.component_tables.release_rows(),
        "today": now.date().isoformat(),
        "last_day": (now + ahead).date().isoformat(),
    }


def _list_reports(cli: CliContext, *, form: str) -> None:
    from etl.audit.query import Rows, names_in, read_query
    from etl.cli.output import show

    rows = ((name, read_query(name, folder="reports").question) for name in names_in("reports"))
    show(cli, Rows(("name", "question"), rows), form=form, limit=None)


@click.command(short_help="One self-contained page: what is there, what changed, what waits.")
@click.argument("file", metavar="FILE.html", type=click.Path(dir_okay=False, path_type=Path))
@pass_cli
def dashboard(cli: CliContext, file: Path) -> None:
    """Write one self-contained page: what is there, what changed, what was removed and how it is
    known, what waits for a decision.

    \b
    image-sync dashboard monday.html
    """
    from etl.audit.dashboard import write_dashboard

    with cli.reader() as connection:
        facts = write_dashboard(connection, file, now=cli.clock())
    if not cli.is_quiet:
        click.echo(f"image-sync: {file}: {facts.states['present']:,} images", err=True)


@click.command(short_help="A whole relation as CSV, JSON Lines or Parquet.")
@click.argument(
    "file", metavar="FILE.(csv|jsonl|parquet)", type=click.Path(dir_okay=False, path_type=Path)
)
@click.option(
    "--relation",
    default="images",
    show_default=True,
    metavar="NAME",
    shell_complete=relation_names,
    help="What to write.",
)
@click.option("--as-of", metavar="TIME", help="As it was at TIME, instead of now.")
@pass_cli
def export(cli: CliContext, file: Path, *, relation: str, as_of: str | None) -> None:
    """Write a whole relation to FILE, whose ending says the format.

    Images as they were at a time have the columns of image_versions.

    \b
    image-sync export images.csv
    image-sync export history.parquet --relation image_versions
    image-sync export then.jsonl --as-of 2026-11-01
    """
    from etl.audit.export import export as write
    from etl.audit.time_args import as_of as instant_of

    at = instant_of(as_of, now=cli.clock()) if as_of is not None else None
    with cli.reader() as connection:
        count = write(connection, file, relation=relation, as_of=at)
    if not cli.is_quiet:
        click.echo(f"image-sync: {file}: {count:,} rows of {relation}", err=True)
