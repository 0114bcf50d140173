"""`report`: the named SQL reports."""

from __future__ import annotations

import click

from etl.cli.names import report_names
from etl.cli.options import format_option, limit_option, source_option
from etl.cli.output import give
from etl.cli.session import Session, pass_session


@click.command(short_help="The named SQL reports; --list names them.")
@click.argument("name", required=False, shell_complete=report_names)
@click.option("--list", "is_list", is_flag=True, help="Name the reports, each with its question.")
@source_option
@click.option("--since", metavar="TIME", help="From TIME on, where the report asks for a period.")
@click.option("--until", metavar="TIME", help="Before TIME.")
@limit_option
@format_option
@pass_session
def report(
    session: Session,
    name: str | None,
    *,
    is_list: bool,
    sources: tuple[str, ...],
    since: str | None,
    until: str | None,
    limit: int | None,
    form: str,
) -> None:
    """Print a report.

    \b
    image-sync report --list
    image-sync report end-of-life
    image-sync report removed --since 30d --format csv
    """
    from etl.audit.query import names_in, read_query
    from etl.audit.time_args import instant
    from etl.errors import UsageError

    if is_list or not name:
        _list_reports(session, form=form)
        return
    if name not in names_in("reports"):
        raise UsageError(f"no report {name!r}", hint="`image-sync report --list` names them")
    head = read_query(name, dialect="sqlite", folder="reports").head
    now = session.clock()
    since = head.get("since") if since is None else since
    give(
        session,
        name,
        folder="reports",
        limit=limit,
        form=form,
        sources=sources,
        since=instant(since, now=now) if since is not None else None,
        until=instant(until, now=now) if until is not None else None,
        today=now.date().isoformat(),
    )


def _list_reports(session: Session, *, form: str) -> None:
    from etl.audit.query import Rows, names_in, read_query
    from etl.cli.output import show

    rows = (
        (name, read_query(name, dialect="sqlite", folder="reports").question)
        for name in names_in("reports")
    )
    show(session, Rows(("name", "question"), rows), form=form, limit=None)
