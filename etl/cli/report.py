"""Commands that summarise the record: `status`, `report`, `dashboard`, `export`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.options import Known, Time, gathered, output_option, source_option
from etl.cli.output import RowOptions, print_json, print_rows, row_options
from etl.cli.read import period_options, print_record
from etl.clock import CLOCK_TOLERANCE, age_text
from etl.errors import STALE
from etl.text import count_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from etl.audit.query import Rows


def _reports() -> Iterable[str]:
    from etl.audit.query import names_in

    return names_in("reports")


def _relations() -> Iterable[str]:
    from etl.audit.export import RELATIONS

    return RELATIONS


@click.command(short_help="Show each source: last run, last certified walk, images by state.")
@source_option
@click.option(
    "--max-age",
    metavar="DURATION",
    help="Exit with 40 if a source's last certified walk is older than DURATION, for example 36h.",
)
@click.option(
    "--output",
    "--format",
    "output",
    type=click.Choice(["text", "table", "csv", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="For people, for a spreadsheet, or for programs.",
)
@click.option("--vertical", "is_vertical", is_flag=True, help="Show each source as a block.")
@pass_cli
def status(
    cli: CliContext,
    sources: tuple[str, ...],
    *,
    max_age: str | None,
    output: str,
    is_vertical: bool,
) -> int:
    """Show the state of each source of the configuration and of the database.

    The age of a source is the time since its last certified walk. A source without one is stale.

    \b
    image-sync status
    image-sync -q status --max-age 3h      for monitoring: no output, exit code 40 if one is older
    """
    from etl.audit.arguments import duration
    from etl.text import printable

    is_text = output in {"text", "table"}
    rows = RowOptions(limit=0, form="table" if is_text else output, is_vertical=is_vertical)
    limit = duration(max_age) if max_age is not None else None
    found = _states(cli, sources=sources, max_age=limit)
    stale = [each["source"] for each in found if each["is_stale"]] if limit is not None else []
    cli.exit_code = STALE if stale else 0
    if not (cli.is_quiet and is_text):
        print_rows(cli, _as_rows(found), rows)
    if stale:
        message = f"no certified walk within {max_age}: {', '.join(stale)}"
        if set(stale) - set(cli.record_settings.source_names):
            message += "; if a source is gone or was renamed, run `image-sync sources retire NAME`"
        cli.report(printable(message), event="source stale", exit_code=STALE)
    return cli.exit_code


def _states(
    cli: CliContext, *, sources: tuple[str, ...], max_age: timedelta | None
) -> list[dict[str, Any]]:
    """The state of each source, by name. Raises `UsageError` for an unknown one."""
    from etl.audit.arguments import require_sources
    from etl.audit.query import read_rows

    configured = cli.record_settings.source_names
    with cli.reader() as connection:
        require_sources(connection, sources, configured=configured)
        found = read_rows(connection, "status", sources=sources)
        states = {row["source"]: row for row in found.objects()}
    for name in configured:
        if name in (sources or configured) and name not in states:
            states[name] = {**dict.fromkeys(found.columns), "source": name}
    labels, now = cli.record_settings.discover_labels, cli.clock()
    for name, state in states.items():
        state["is_configured"] = name in configured or state["discovered_by"] in labels
        state.update(_age(state, now=now, max_age=max_age))
    return [states[name] for name in sorted(states)]


def _as_rows(states: list[dict[str, Any]]) -> Rows:
    from etl.audit.query import Rows, read_query

    query = read_query("status")
    columns = tuple(states[0]) if states else query.shown
    rows = (tuple(each.values()) for each in states)
    return Rows(columns, rows, query.shown, query.optional)


def _age(state: dict[str, Any], *, now: datetime, max_age: timedelta | None) -> dict[str, Any]:
    """The age of a source's last certified walk.

    A source that was retired or whose project vanished is not stale. One whose walk lies in the
    future is: a clock was wrong, and its real age is unknown.
    """
    at: datetime | None = state["certified_at"]
    is_read = not (state["vanished_at"] or state["retired_at"])
    if at is None:
        return {"age_seconds": None, "age": "never", "is_stale": is_read}
    age = now - at
    is_future = age < -CLOCK_TOLERANCE
    return {
        "age_seconds": round(age.total_seconds()),
        "age": "in the future" if is_future else age_text(age),
        "is_stale": is_read and (is_future or (max_age is not None and age > max_age)),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """The options of a report; `within` is for reports about ends of life."""

    sources: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    within: str | None = None


_REPORT_OPTIONS: Final = (
    source_option,
    *period_options,
    click.option(
        "--within",
        metavar="DURATION",
        help="end-of-life: include what ends within DURATION, such as 90d.",
    ),
)


@click.command(short_help="Print a named report; --list shows their names.")
@click.argument("name", required=False, type=Known("report", _reports), metavar="[NAME]")
@click.option("--list", "is_list", is_flag=True, help="List the reports with their questions.")
@gathered(ReportOptions, _REPORT_OPTIONS)
@row_options
@pass_cli
def report(
    cli: CliContext, name: str | None, *, is_list: bool, given: ReportOptions, rows: RowOptions
) -> None:
    """Print a report.

    \b
    image-sync report --list
    image-sync report end-of-life --within 90d
    image-sync report removed --since 30d --format csv
    """
    from etl.audit.query import Rows, read_query
    from etl.errors import UsageError

    if is_list or name is None:
        if name or given != ReportOptions():
            raise UsageError("report --list takes no report name, and no option of a report")
        listed = ((each, read_query(each, folder="reports").question) for each in _reports())
        print_rows(cli, Rows(("name", "question"), listed), rows)
        return
    query = read_query(name, folder="reports")
    for option, parameter in (("since", "since"), ("until", "until"), ("within", "last_day")):
        if getattr(given, option) is not None and parameter not in query.parameters:
            raise UsageError(f"--{option} is not supported for report '{name}'")
    parameters: dict[str, Any] = {
        "sources": given.sources,
        "since": given.since,
        "until": given.until,
    }
    if "releases" in query.parameters:
        parameters |= _release_days(cli, given.within)
    print_record(cli, name, parameters, rows, folder="reports")


def _release_days(cli: CliContext, within: str | None) -> dict[str, str]:
    """The parameters of a report about the ends of releases; by default, of those that ended."""
    from etl.audit.arguments import duration

    now = cli.clock()
    ahead = duration(within) if within is not None else timedelta(days=-1)
    return {
        "releases": cli.component_tables.release_rows(),
        "today": now.date().isoformat(),
        "last_day": (now + ahead).date().isoformat(),
    }


@click.command(short_help="Write one self-contained page: what exists, changed and was removed.")
@click.argument("file", metavar="FILE.html", type=click.Path(dir_okay=False, path_type=Path))
@output_option
@pass_cli
def dashboard(cli: CliContext, file: Path, *, output: str) -> None:
    """Write one self-contained page: what exists, what changed, what was removed and how that is
    known, and what waits for a decision.

    \b
    image-sync dashboard monday.html
    """
    from etl.audit.dashboard import write_dashboard
    from etl.cli.results import DashboardFile

    with cli.reader() as connection:
        data = write_dashboard(
            connection, file, now=cli.clock(), tables=cli.component_tables, command=cli.command_line
        )
    if output == "json":
        print_json(DashboardFile(file=str(file), images=data.total("present")))
    else:
        cli.note(f"wrote {file}: {data.total('present'):,} images", event="file written")


@click.command(short_help="Write a whole relation as CSV, JSON Lines or Parquet.")
@click.argument(
    "file", metavar="FILE.(csv|jsonl|parquet)", type=click.Path(dir_okay=False, path_type=Path)
)
@click.option(
    "--relation",
    type=Known("relation", _relations),
    default="images",
    show_default=True,
    metavar="NAME",
    help="The relation to write.",
)
@click.option(
    "--as-of",
    type=Time("as_of"),
    metavar="TIME",
    help="The relation as it was at TIME; a date means its end.",
)
@output_option
@pass_cli
def export(
    cli: CliContext, file: Path, *, relation: str, as_of: datetime | None, output: str
) -> None:
    """Write a whole relation to FILE. Its extension determines the format.

    Images as of a time have the columns of image_versions.

    \b
    image-sync export images.csv
    image-sync export history.parquet --relation image_versions
    image-sync export then.jsonl --as-of 2026-11-01
    """
    from etl.audit.export import export as write
    from etl.cli.results import ExportedFile

    with cli.reader() as connection:
        count, remarks = write(connection, file, relation=relation, as_of=as_of, now=cli.clock())
    for remark in remarks:
        cli.note(remark, event="record incomplete")
    if output == "json":
        print_json(ExportedFile(file=str(file), relation=relation, rows=count))
    else:
        cli.note(f"wrote {file}: {count_text(count, 'row')} of {relation}", event="file written")
