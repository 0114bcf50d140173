"""Which names can a shell complete, beside commands and options: sources, reports, relations?

It is asked at every press of a key: nothing here fails, opens a database or says a word.
"""

from __future__ import annotations

import os
import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click


def source_names(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The sources of the configuration, whatever else may be amiss in it."""
    from etl.config import find_config

    names: list[Any] = []
    with suppress(OSError, ValueError, TypeError, AttributeError):
        if path := find_config(context.obj.config, os.environ):
            tables = tomllib.loads(path.read_text("utf-8")).get("source", [])
            names = [table.get("name") for table in tables]
    return _beginning(incomplete, [name for name in names if isinstance(name, str)])


def report_names(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The named reports."""
    from etl.audit.query import names_in

    return _beginning(incomplete, names_in("reports"))


def relation_names(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """What `export` can write."""
    from etl.audit.export import RELATIONS

    return _beginning(incomplete, RELATIONS)


def _beginning(incomplete: str, names: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
