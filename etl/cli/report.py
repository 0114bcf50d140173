"""Commands that summarise the record: `status`, `report`, `dashboard`, `export`."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.options import output_option, source_option
from etl.cli.output import note, print_json, print_rows
from etl.cli.read import print_answer
from etl.cli.read_options import Known, RowOptions, relations, reports, row_options, schemas

if TYPE_CHECKING:
    from etl.audit.query import Query

STALE: Final = 40
_CLOCK_TOLERANCE: Final = timedelta(minutes=5)
_SHOWN: Final = (
    *("source", "last_run_id", "last_run_status", "last_run_at", "age", "is_stale", "present"),
    *("removed", "held", "missing", "out_of_scope", "certified_at", "vanished_at", "retired_at"),
)
_OPTIONAL: Final = (
    *("vanished_at", "certified_at", "retired_at", "out_of_scope", "missing", "last_run_at"),
    *("last_run_id", "is_stale", "removed", "last_run_status"),
)


@click.command(short_help="Show each source: last run, last certified walk, images by state.")
@source_option
@click.option(
    "--max-age",
    metavar="DURATION",
    help="Exit with 40 if the last certified walk of a source is older, such as 36h or 7d.",
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
    from etl.audit.query import Rows
    from etl.audit.time_args import duration
    from etl.text import printable

    is_text = output in {"text", "table"}
    if is_vertical and not is_text:
        raise click.UsageError("--vertical is only supported with --output text")
    limit = duration(max_age) if max_age is not None else None
    found = _states(cli, sources=sources, max_age=limit)
    stale = [each["source"] for each in found if each["is_stale"]] if limit is not None else []
    cli.exit_code = STALE if stale else 0
    if not (cli.is_quiet and is_text):
        columns = tuple(found[0]) if found else ("source",)
        rows = Rows(columns, (tuple(each.values()) for each in found), _SHOWN, _OPTIONAL)
        print_rows(cli, rows, form="table" if is_text else output, is_vertical=is_vertical)
    if stale:
        message = f"no certified walk within {max_age}: {', '.join(stale)}"
        if set(stale) - set(cli.record_settings.source_names):
            message += "; if a source is gone or was renamed, run `image-sync sources retire NAME`"
        message = printable(message)
        cli.report(message, event="source stale", exit_code=STALE)
    return cli.exit_code


def _states(
    cli: CliContext, *, sources: tuple[str, ...], max_age: timedelta | None
) -> list[dict[str, Any]]:
    """The state of each source, in their order. Raises `UsageError` for an unknown one."""
    from etl.audit.known_names import require_sources
    from etl.audit.query import ask

    configured = cli.record_settings.source_names
    with cli.reader() as connection:
        result = ask(connection, "status", sources=sources, limit=0)
        known = {row["source"]: row for row in result.objects()}
        require_sources(connection, sources, configured={*known, *configured})
    wanted = sources or configured
    names = sorted({*known, *(name for name in configured if name in wanted)})
    labels = cli.record_settings.discover_labels
    empty = dict.fromkeys(result.columns)
    now = cli.clock()
    return [
        {
            **(known.get(name) or {**empty, "source": name}),
            "is_configured": name in configured
            or known.get(name, {}).get("discovered_by") in labels,
            **_age(known.get(name, {}), now=now, max_age=max_age),
        }
        for name in names
    ]


def _age(state: dict[str, Any], *, now: datetime, max_age: timedelta | None) -> dict[str, Any]:
    """The age of a source's last certified walk.

    A source that was retired or whose project vanished is not stale. One whose walk lies in the
    future is: a clock was wrong, and its real age is unknown.
    """
    at: datetime | None = state.get("certified_at")
    is_read = not (state.get("vanished_at") or state.get("retired_at"))
    if at is None:
        return {"age_seconds": None, "age": "never", "is_stale": is_read}
    age = now - at
    seconds = round(age.total_seconds())
    if age < -_CLOCK_TOLERANCE:
        return {"age_seconds": seconds, "age": "in the future", "is_stale": is_read}
    is_stale = is_read and max_age is not None and age > max_age
    return {"age_seconds": seconds, "age": _age_text(seconds), "is_stale": is_stale}


def _age_text(seconds: int) -> str:
    """An age for people, in the largest unit of which there are at least two."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"


@click.command(short_help="Print a named report; --list shows their names.")
@click.argument("name", required=False, type=Known("report", reports), metavar="[NAME]")
@click.option("--list", "is_list", is_flag=True, help="List the reports with their questions.")
@source_option
@click.option("--since", metavar="TIME", help="From TIME on, for reports about a period.")
@click.option("--until", metavar="TIME", help="Before TIME; a date includes the whole day.")
@click.option(
    "--within",
    metavar="DURATION",
    help="end-of-life: include what ends within DURATION, such as 90d.",
)
@row_options
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
    rows: RowOptions,
) -> None:
    """Print a report.

    \b
    image-sync report --list
    image-sync report end-of-life --within 90d
    image-sync report removed --since 30d --format csv
    """
    from etl.audit import time_args
    from etl.audit.query import read_query
    from etl.errors import UsageError

    if is_list or name is None:
        if name or sources or any(each is not None for each in (since, until, within)):
            raise UsageError("report --list takes no report name, and no option of a report")
        _list_reports(cli, rows)
        return
    query = read_query(name, folder="reports")
    _require_supported(query, since=since, until=until, last_day=within)
    now = cli.clock()
    days: dict[str, Any] = {}
    if "releases" in query.parameters:
        days = _release_days(cli, now, within)
    since = query.head.get("since") if since is None else since
    asked: dict[str, Any] = {
        "sources": sources,
        "since": time_args.since(since, now=now) if since is not None else None,
        "until": time_args.until(until, now=now) if until is not None else None,
        **days,
    }
    print_answer(cli, name, asked, rows, folder="reports")


def _require_supported(query: Query, **options: str | None) -> None:
    """Raises `UsageError` for an option whose parameter the report does not have."""
    from etl.errors import UsageError

    for parameter, value in options.items():
        if value is not None and parameter not in query.parameters:
            option = "within" if parameter == "last_day" else parameter
            raise UsageError(f"--{option} is not supported for report '{query.name}'")


def _release_days(cli: CliContext, now: datetime, within: str | None) -> dict[str, str]:
    """The parameters of a report about the ends of releases; by default, of those that ended."""
    from etl.audit.time_args import duration

    ahead = duration(within) if within is not None else timedelta(days=-1)
    return {
        "releases": cli.component_tables.release_rows(),
        "today": now.date().isoformat(),
        "last_day": (now + ahead).date().isoformat(),
    }


def _list_reports(cli: CliContext, rows: RowOptions) -> None:
    from etl.audit.query import Rows, read_query

    listed = ((name, read_query(name, folder="reports").question) for name in reports())
    found = Rows(("name", "question"), listed)
    print_rows(cli, found, form=rows.form, is_vertical=rows.is_vertical)


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
        note(cli, f"wrote {file}: {data.total('present'):,} images", event="file written")


@click.command(short_help="Write a whole relation as CSV, JSON Lines or Parquet.")
@click.argument(
    "file", metavar="FILE.(csv|jsonl|parquet)", type=click.Path(dir_okay=False, path_type=Path)
)
@click.option(
    "--relation",
    type=Known("relation", relations),
    default="images",
    show_default=True,
    metavar="NAME",
    help="The relation to write.",
)
@click.option(
    "--as-of", metavar="TIME", help="The relation as it was at TIME; a date means its end."
)
@output_option
@pass_cli
def export(cli: CliContext, file: Path, *, relation: str, as_of: str | None, output: str) -> None:
    """Write a whole relation to FILE. Its extension determines the format.

    Images as of a time have the columns of image_versions.

    \b
    image-sync export images.csv
    image-sync export history.parquet --relation image_versions
    image-sync export then.jsonl --as-of 2026-11-01
    """
    from etl.audit.export import export as write
    from etl.audit.time_args import as_of as instant_of
    from etl.cli.results import ExportedFile

    now = cli.clock()
    at = instant_of(as_of, now=now) if as_of is not None else None
    with cli.reader() as connection:
        exported = write(connection, file, relation=relation, as_of=at, now=now)
    for remark in exported.notes:
        note(cli, remark, event="record incomplete")
    if output == "json":
        print_json(ExportedFile(file=str(file), relation=relation, rows=exported.count))
    else:
        note(cli, f"wrote {file}: {exported.count:,} rows of {relation}", event="file written")


@click.command(short_help="Print the JSON Schema of a command's JSON output.")
@click.argument("name", required=False, type=Known("schema", schemas), metavar="[NAME]")
@pass_cli
def schema(cli: CliContext, name: str | None) -> None:
    """Print the JSON Schema of what a command prints with --output json or --format json.

    Without NAME, list the schemas. Those of `--format jsonl` are the `items` of the schema.

    \b
    image-sync schema
    image-sync schema changes > changes.schema.json
    """
    from importlib.resources import files

    from etl.audit.query import Rows
    from etl.cli.output import print_machine_lines

    if name is None:
        print_rows(cli, Rows(("name",), ((each,) for each in schemas())))
    else:
        text = files("etl").joinpath("schemas", f"{name}.json").read_text("utf-8")
        print_machine_lines([text.rstrip()])
