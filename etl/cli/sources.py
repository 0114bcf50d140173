"""`sources`: which sources are there, for people and for whatever shares the work out?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click

from etl.cli.options import output_option, shard_option, source_option
from etl.cli.session import Session, pass_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.config import SourceSettings
    from etl.model import Outcome
    from etl.sources.shard import Shard

PARTIAL: Final = 3
_SHOWN: Final = ("name", "region", "project_id", "types", "workspaces", "endpoint")


@click.command(short_help="The sources, and what each reads; never a secret.")
@source_option
@shard_option
@output_option
@pass_session
def sources(session: Session, sources: tuple[str, ...], *, shard: Shard | None, output: str) -> int:
    """List the sources: where each is read and what of it. No secret is told.

    Projects are discovered anew (`[[discover]]`); exit code 3 when that fails, with those known.

    \b
    image-sync sources
    image-sync sources --shard 2/3             what `sync --shard 2/3` would read
    image-sync sources --output json           for a scheduler that makes a task of each
    """
    from etl.audit.query import Rows
    from etl.cli.output import show
    from etl.sources.select import find_sources
    from etl.text import printable_json

    found, failed = find_sources(session.settings, sources, shard=shard)
    session.exit_code = tell_failed(session, failed)
    told = [_told(each) for each in found]
    if output == "json":
        click.echo(printable_json(json.dumps(told, ensure_ascii=False, indent=2)))
        return session.exit_code
    rows = (tuple(map(_words, each.values())) for each in told)
    columns = tuple(told[0]) if told else _SHOWN
    show(session, Rows(columns, rows, _SHOWN), form="table", limit=None)
    return session.exit_code


def tell_failed(session: Session, failed: Sequence[Outcome]) -> int:
    """Says which discoveries failed; the exit code for that."""
    from etl.text import printable

    for each in failed:
        told = f"{each.name}: {each.error_message}"
        session.tell(printable(told), exit_code=PARTIAL)
    return PARTIAL if failed else 0


def _told(source: SourceSettings) -> dict[str, Any]:
    """What a scheduler needs to know of a source, and a person to recognise it."""
    from etl.sources.shard import shard_key

    return {
        "name": source.name,
        "endpoint": source.endpoint,
        "region": source.region,
        "project_id": source.project_id,
        "types": list(source.types),
        "workspaces": list(source.workspaces),
        "namespace": source.namespace,
        "name_filter": source.name_filter,
        "name_fuzzy": source.name_fuzzy,
        "service_type": source.service_type,
        "auth_method": source.auth.method,
        "shard_key": shard_key(source.name),
    }


def _words(value: Any) -> Any:
    return " ".join(value) if isinstance(value, list) else value
