"""`images`, `history`, `changes`, `removals`, `diff`, `runs`, `rejects`: read the record."""

from __future__ import annotations

from typing import Any, Final

import click

from etl.cli.context import CliContext, pass_cli
from etl.cli.options import (
    Wanted,
    as_text,
    format_option,
    limit_option,
    reading_options,
    source_option,
)
from etl.cli.output import give

_KINDS: Final = ("added", "changed", "removed", "restored", "out_of_scope", "in_scope")
_STATES: Final = ("present", "removed", "out_of_scope", "all")


def _times(cli: CliContext, wanted: Wanted) -> dict[str, Any]:
    from etl.audit import time_args

    now = cli.clock()
    return {
        "since": time_args.since(wanted.since, now=now) if wanted.since is not None else None,
        "until": time_args.until(wanted.until, now=now) if wanted.until is not None else None,
    }


def _moment(cli: CliContext, text: str, *, at: str, run: str) -> dict[str, Any]:
    """The parameter that an instant (`at`), or a run's number (`run`), becomes."""
    from etl.audit.time_args import as_of_or_run

    meant = as_of_or_run(text, now=cli.clock())
    return {run if isinstance(meant, int) else at: meant}


def _give(cli: CliContext, name: str, wanted: Wanted, **asked: Any) -> None:
    """Asks a named question, narrowed as wanted, and prints the answer."""
    asked |= {**_times(cli, wanted), "sources": wanted.sources, "run": wanted.run}
    give(cli, name, limit=wanted.limit, form=wanted.form, **asked)


@click.command(short_help="Which images are there, or were there at a time.")
@click.option("--as-of", metavar="TIME", help="What was there at TIME (or after run N).")
@click.option(
    "--state",
    type=click.Choice(_STATES),
    default="present",
    show_default=True,
    help="Images of this state.",
)
@click.option("--arch", callback=as_text, help="x86_64, aarch64, …")
@click.option("--type", "type_", callback=as_text, help="BUILD_IN, DEDICATED, …")
@click.option("--dev-service", callback=as_text, help="NOTEBOOK, SSH, …")
@reading_options
@pass_cli
def images(
    cli: CliContext,
    as_of: str | None,
    state: str,
    arch: str | None,
    type_: str | None,
    dev_service: str | None,
    *,
    wanted: Wanted,
) -> None:
    """List images: the present ones, unless --state names another or all.

    \b
    image-sync images --arch aarch64 --type DEDICATED
    image-sync images --as-of 2026-11-01 --format csv > images.csv
    image-sync images --since 7d                 the ones whose latest change is so young
    image-sync images --run 12                   the ones that run 12 brought, as they still are

    With --as-of, images have the state and the values of that time.
    """
    asked: dict[str, Any] = {
        "arch": None if arch is None else arch.strip().lower(),
        "type": None if type_ is None else type_.strip().upper(),
        "dev_service": None if dev_service is None else dev_service.strip().upper(),
    }
    if as_of is not None:
        asked |= _moment(cli, as_of, at="at", run="at_run")
        asked["state"] = None if state == "all" else state
        _give(cli, "images_as_of", wanted, **asked)
        return
    asked["state"] = None if state == "all" else state
    asked["is_absent"] = True if state in {"removed", "out_of_scope"} else None
    _give(cli, "images", wanted, **asked)


@click.command(short_help="All versions of one image, and what changed in each.")
@click.argument("image_id", callback=as_text)
@reading_options
@pass_cli
def history(cli: CliContext, image_id: str, *, wanted: Wanted) -> None:
    """Show every version of an image, with what changed, and how a removal is known.

    IMAGE_ID may be shortened while it stays unambiguous; a name or a swr_path will do, too. A
    whole id that several sources have is told of each.

    \b
    image-sync history 0d4f
    image-sync history ocr-training
    """
    from etl.audit.history import find_images
    from etl.audit.history import history as read_history
    from etl.cli.output import limit_of, show
    from etl.database.snapshot import snapshot

    limit = limit_of(wanted.form, wanted.limit)
    with cli.reader() as connection, snapshot(connection):
        found = find_images(connection, image_id, sources=wanted.sources)
        answer = read_history(connection, found, run=wanted.run, **_times(cli, wanted))
        show(cli, answer, form=wanted.form, limit=limit)


@click.command(short_help="What runs changed, field by field, latest first.")
@click.option("--kind", type=click.Choice(_KINDS), help="Changes of this kind.")
@click.option("--field", callback=as_text, help="A tracked column of images: size, status, tag, …")
@reading_options
@pass_cli
def changes(cli: CliContext, kind: str | None, field: str | None, *, wanted: Wanted) -> None:
    """List what runs added, changed, removed and restored, latest first; values are JSON text.

    \b
    image-sync changes --since 7d --kind changed
    image-sync changes --field status --format jsonl
    image-sync changes --run 12
    """
    _give(cli, "changes", wanted, is_latest_first=True, kind=kind, field=field)


@click.command(short_help="What was removed, and how it is known; --held: held removals.")
@click.option("--held", "is_held", is_flag=True, help="Removals that the guard holds now.")
@reading_options
@pass_cli
def removals(cli: CliContext, *, is_held: bool, wanted: Wanted) -> None:
    """List removed images with their evidence, latest first.

    \b
    image-sync removals --since 2026-11-01 --format csv
    image-sync removals --held
    """
    _give(cli, "held" if is_held else "removals", wanted)


@click.command(short_help="The catalogue at two instants or runs, against each other.")
@click.argument("from_", metavar="FROM")
@click.argument("to")
@source_option
@limit_option
@format_option
@pass_cli
def diff(
    cli: CliContext,
    from_: str,
    to: str,
    *,
    sources: tuple[str, ...],
    limit: int | None,
    form: str,
) -> None:
    """Show what is different between FROM and TO, each an instant or a run's number.

    \b
    image-sync diff 7d now
    image-sync diff 2026-10-01 2026-11-01 --format json
    image-sync diff 11 12
    """
    sides = {
        **_moment(cli, from_, at="from_at", run="from_run"),
        **_moment(cli, to, at="to_at", run="to_run"),
    }
    give(cli, "diff", limit=limit, form=form, sources=sources, **sides)


@click.command(short_help="The runs, latest first, and what they came to.")
@click.option("--by-source", is_flag=True, help="One row for each run and source, with all counts.")
@reading_options
@pass_cli
def runs(cli: CliContext, *, by_source: bool, wanted: Wanted) -> None:
    """List runs, latest first, with their counts over all sources.

    \b
    image-sync runs --since 7d
    image-sync runs --run 12 --by-source --format json
    """
    _give(cli, "source_runs" if by_source else "runs", wanted)


@click.command(short_help="Records that could not be understood, and why.")
@click.option("--all", "is_all", is_flag=True, help="Resolved ones, too.")
@reading_options
@pass_cli
def rejects(cli: CliContext, *, is_all: bool, wanted: Wanted) -> None:
    """List rejected records with their reason, latest first; by default the unresolved ones.

    \b
    image-sync rejects
    image-sync rejects --all --format jsonl
    """
    _give(cli, "rejects", wanted, is_unresolved=None if is_all else True)
