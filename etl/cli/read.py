"""Commands that read the record: images, history, changes, removals, diff, runs, rejects."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.options import NUMBER, Known, Time, gathered, require_text, source_option
from etl.cli.output import RowOptions, print_rows, row_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from etl.audit.query import Folder
    from etl.audit.read import Context

_KINDS: Final = ("added", "changed", "removed", "restored", "out_of_scope", "in_scope")
_STATES: Final = ("present", "removed", "out_of_scope", "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Which rows are read; the fields are the parameters of the queries."""

    sources: tuple[str, ...]
    since: datetime | None
    until: datetime | None
    run: int | None


period_options: Final = (
    click.option(
        "--since",
        type=Time("since"),
        metavar="TIME",
        help="From TIME on: ISO 8601, a date (its start), or a duration before now such as 36h.",
    ),
    click.option(
        "--until",
        type=Time("until"),
        metavar="TIME",
        help="Before TIME; a date includes the whole day.",
    ),
)
_READ_OPTIONS: Final = (
    source_option,
    *period_options,
    click.option("--run", type=NUMBER, metavar="N", help="Only what run N did."),
)


def read_options(command: Callable[..., Any]) -> Any:
    """Adds the options of a reading command, which receives them as `read` and `rows`."""
    return gathered(ReadOptions, _READ_OPTIONS, name="read")(row_options(command))


def print_record(
    cli: CliContext,
    name: str,
    parameters: dict[str, Any],
    rows: RowOptions,
    *,
    folder: Folder = "queries",
) -> None:
    """Prints the rows of a named query."""
    from etl.audit.read import read_record
    from etl.database.engine import snapshot

    is_feed = parameters.get("after") is not None  # its limit never ends within a log entry
    limit = rows.most + 1 if rows.most and not is_feed else rows.most
    with cli.reader() as connection, snapshot(connection):
        parameters = {**parameters, "limit": limit}
        found = read_record(connection, name, parameters, context_of(cli), folder=folder)
        print_rows(cli, found, replace(rows, limit=0) if is_feed else rows)


def context_of(cli: CliContext) -> Context:
    """What reading the record depends on besides the database and the parameters."""
    from etl.audit.read import Context

    names = cli.record_settings.source_names
    return Context(now=cli.clock(), configured=names, tables=lambda: cli.component_tables)


def _moment(moment: datetime | int, *, at: str, run: str) -> dict[str, Any]:
    """The parameter that an instant (`at`), or a run's number (`run`), becomes."""
    return {run if isinstance(moment, int) else at: moment}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFilters:
    """Which images are listed, as typed."""

    as_of: datetime | int | None
    state: str
    arch: str | None
    type_: str | None
    dev_service: str | None
    component: str | None

    def parameters(self) -> dict[str, str | None]:
        """The parameters of a query."""
        software, is_versioned, version = (self.component or "").strip().lower().partition("=")
        if (self.component and not software) or (is_versioned and not version):
            raise click.UsageError("--component takes NAME or NAME=VERSION, for example python=3.7")
        return {
            "state": None if self.state == "all" else self.state,
            "arch": self.arch and self.arch.strip().lower(),
            "type": self.type_ and self.type_.strip().upper(),
            "dev_service": self.dev_service and self.dev_service.strip().upper(),
            "component": software or None,
            "component_version": version or None,
        }


_IMAGE_FILTERS: Final = (
    click.option(
        "--as-of",
        type=Time("as_of_or_run"),
        metavar="TIME|RUN",
        help="The catalogue at TIME (a date: at its end), or after run number RUN.",
    ),
    click.option(
        "--state",
        type=Known("state", lambda: _STATES),
        default="present",
        show_default=True,
        help="Images in this state.",
    ),
    click.option("--arch", callback=require_text, metavar="ARCH", help="x86_64, aarch64, …"),
    click.option(
        "--type", "type_", callback=require_text, metavar="TYPE", help="BUILD_IN, DEDICATED, …"
    ),
    click.option("--dev-service", callback=require_text, metavar="NAME", help="NOTEBOOK, SSH, …"),
    click.option(
        "--component",
        callback=require_text,
        metavar="NAME[=VERSION]",
        help="Images that contain this software: python, pytorch=2.1.0, cann, ubuntu=22.04, …",
    ),
)


@click.command(short_help="List images, now or as of a time.")
@gathered(ImageFilters, _IMAGE_FILTERS, name="filters")
@read_options
@pass_cli
def images(cli: CliContext, *, filters: ImageFilters, read: ReadOptions, rows: RowOptions) -> None:
    """List images. Without --state, only present ones.

    \b
    image-sync images --arch aarch64 --type DEDICATED
    image-sync images --component python=3.7
    image-sync images --as-of 2026-11-01 --format csv > images.csv
    image-sync images --since 7d                 changed in the last seven days
    image-sync images --state removed --vertical

    With --as-of, images have the state and the values of that time. --since and --until then
    refer to the start of their version, otherwise to their latest change.
    """
    parameters: dict[str, Any] = {**asdict(read), **filters.parameters()}
    if filters.as_of is not None:
        parameters |= _moment(filters.as_of, at="at", run="at_run")
        print_record(cli, "images_as_of", parameters, rows)
        return
    parameters["is_absent"] = filters.state in {"removed", "out_of_scope"} or None
    print_record(cli, "images", parameters, rows)


@click.command(short_help="Show every version of one image.")
@click.argument("image_id", callback=require_text)
@read_options
@pass_cli
def history(cli: CliContext, image_id: str, *, read: ReadOptions, rows: RowOptions) -> None:
    """Show every version of an image: what changed in it, how it ended, and the evidence.

    IMAGE_ID may be the beginning of an id, as long as it is unambiguous, or a name or a swr_path.
    A complete id that exists in several sources shows all of them.

    \b
    image-sync history 0d4f
    image-sync history ocr-training --vertical
    """
    from etl.audit.read import read_history
    from etl.database.engine import snapshot

    with cli.reader() as connection, snapshot(connection):
        parameters = asdict(read)
        print_rows(cli, read_history(connection, image_id, parameters, context_of(cli)), rows)


def _fields() -> tuple[str, ...]:
    from etl.model import TRACKED

    return TRACKED


@click.command(short_help="List what runs changed, field by field, latest first.")
@click.option("--kind", type=Known("kind", lambda: _KINDS), help="Changes of this kind.")
@click.option(
    "--field", type=Known("field", _fields), help="Changes of this column: size, status, tag, …"
)
@click.option(
    "--after",
    type=click.IntRange(min=-1, max=2**62),
    metavar="ENTRY",
    help="Changes of log entries after ENTRY, oldest first; -1: from the first entry.",
)
@read_options
@pass_cli
def changes(
    cli: CliContext,
    kind: str | None,
    field: str | None,
    after: int | None,
    *,
    read: ReadOptions,
    rows: RowOptions,
) -> None:
    """List what runs added, changed, removed and restored, latest first. Values are JSON text.

    \b
    image-sync changes --since 7d --kind changed
    image-sync changes --field status --format jsonl
    image-sync changes --run 12
    image-sync changes --after 41 --format jsonl

    With --after, a program can follow the changes: it passes the last `entry` that it processed
    and receives the changes of later entries, oldest first. With --limit, it receives complete
    entries only: at most N rows, but at least one entry.
    """
    parameters = {**asdict(read), "kind": kind, "field": field, "after": after}
    print_record(cli, "changes", parameters, rows)


@click.command(short_help="List removed images with their evidence; --held: held removals.")
@click.option("--held", "is_held", is_flag=True, help="Removals that wait for a decision.")
@read_options
@pass_cli
def removals(cli: CliContext, *, is_held: bool, read: ReadOptions, rows: RowOptions) -> None:
    """List removed images with their evidence, latest first.

    With --held, list the removals that the guard holds. RUN_ID is the number to pass to `approve`
    or `dismiss`.

    \b
    image-sync removals --since 2026-11-01 --format csv
    image-sync removals --held
    """
    parameters = asdict(read)
    print_record(cli, "held" if is_held else "removals", parameters, rows)


@click.command(short_help="Compare the catalogue at two times or runs.")
@click.argument("from_", metavar="FROM", type=Time("as_of_or_run"))
@click.argument("to", type=Time("as_of_or_run"))
@source_option
@row_options
@pass_cli
def diff(
    cli: CliContext,
    from_: datetime | int,
    to: datetime | int,
    *,
    sources: tuple[str, ...],
    rows: RowOptions,
) -> None:
    """Show what differs between FROM and TO. Each is a time or the number of a run.

    A date stands for the end of that day, and today's date for the current time.

    \b
    image-sync diff 7d now
    image-sync diff 2026-10-01 2026-11-01 --format json
    image-sync diff 11 12
    """
    parameters = {
        "sources": sources,
        **_moment(from_, at="from_at", run="from_run"),
        **_moment(to, at="to_at", run="to_run"),
    }
    print_record(cli, "diff", parameters, rows)


@click.command(short_help="List runs with their results, latest first.")
@click.option("--by-source", is_flag=True, help="One row per run and source, with all counts.")
@read_options
@pass_cli
def runs(cli: CliContext, *, by_source: bool, read: ReadOptions, rows: RowOptions) -> None:
    """List runs, latest first, with their counts over all sources.

    \b
    image-sync runs --since 7d
    image-sync runs --run 12 --by-source --format json
    """
    parameters = asdict(read)
    print_record(cli, "source_runs" if by_source else "runs", parameters, rows)


@click.command(short_help="List records that could not be parsed, with the reason.")
@click.option("--all", "is_all", is_flag=True, help="Include resolved ones.")
@read_options
@pass_cli
def rejects(cli: CliContext, *, is_all: bool, read: ReadOptions, rows: RowOptions) -> None:
    """List rejected records with their reason, latest first; by default the unresolved ones.

    \b
    image-sync rejects
    image-sync rejects --all --format jsonl
    """
    parameters = {**asdict(read), "is_unresolved": None if is_all else True}
    print_record(cli, "rejects", parameters, rows)
