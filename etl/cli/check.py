"""`check` and `probe`: would a sync work, and how does an endpoint behave?"""

from __future__ import annotations

import dataclasses
import json

import click

from etl.cli.names import source_names
from etl.cli.options import output_option, source_option
from etl.cli.session import Session, pass_session


@click.command(short_help="Configuration, database, credentials and API of each source.")
@source_option
@output_option
@pass_session
def check(session: Session, sources: tuple[str, ...], *, output: str) -> int:
    """Check what a sync needs: configuration, database, credentials and API. Writes nothing.

    \b
    image-sync check
    image-sync check --source beijing --output json
    """
    from etl.maintenance.check import check
    from etl.text import printable, printable_json

    findings, session.exit_code = check(session.settings, source_names=sources)
    if output == "json":
        told = [dataclasses.asdict(each) for each in findings]
        click.echo(printable_json(json.dumps(told, ensure_ascii=False, indent=2)))
        return session.exit_code
    for each in findings:
        if each.is_well and session.is_quiet:
            continue
        line = f"{'ok' if each.is_well else 'FAILED':<7}{each.place}: {each.told}"
        click.echo(printable(line), err=session.is_quiet)
    return session.exit_code


@click.command(short_help="Find out how a source's endpoint pages, sorts and answers.")
@click.argument("source", shell_complete=source_names)
@output_option
@pass_session
def probe(session: Session, source: str, *, output: str) -> None:
    """Find out how SOURCE's endpoint pages: cap of limit, offsets, sort keys, lookups, clock.

    \b
    image-sync probe beijing
    """
    from etl.maintenance.check import probe_source
    from etl.text import printable, printable_json

    traits = probe_source(session.settings, source)
    if output == "json":
        told = [dataclasses.asdict(each) for each in traits]
        click.echo(printable_json(json.dumps(told, ensure_ascii=False, indent=2)))
        return
    width = max(len(each.name) for each in traits)
    for each in traits:
        advice = f"  → {each.advice}" if each.advice else ""
        click.echo(printable(f"{each.name:<{width}}  {each.value}{advice}"))
