"""`check`: tests of everything that a sync needs. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from etl.context import open_context
from etl.errors import ConfigError, DatabaseUnavailable, SchemaNotAtHead, SourceError
from etl.extract.directory import fetch_workspaces
from etl.extract.lookup import fetch_lookup
from etl.extract.pages import PageFetcher
from etl.extract.probe import Trait, probe
from etl.maintenance.database_check import check_database
from etl.model import Listing
from etl.sources.connect import open_client
from etl.sources.select import chosen_of, sources_of
from etl.text import count_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.config import Settings, SourceSettings
    from etl.context import RunContext


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of one test. `place` is the database, a source or a notification channel."""

    place: str
    status: Literal["ok", "warning", "failed"]
    message: str
    exit_code: int = 0


def check(settings: Settings, *, source_names: Sequence[str] = ()) -> tuple[list[Checked], int]:
    """The findings, and the exit code that a sync would end with for their sake."""
    database = [
        Checked("database", each.status, each.message, each.exit_code)
        for each in check_database(settings.database)
    ]
    if broken := [each for each in database if each.status == "failed"]:
        return database, broken[0].exit_code
    try:
        with open_context(settings, is_read_only=True) as context:
            sources, failed = sources_of(context, source_names)
            findings = [_check_source(source, context) for source in sources]
            findings += [
                Checked(each.name, "failed", str(each.error_message), each.error_exit_code)
                for each in failed
            ]
    except (DatabaseUnavailable, SchemaNotAtHead) as error:
        return [Checked("database", "failed", str(error), error.exit_code)], error.exit_code
    bad = [each for each in findings if each.status != "ok"]
    is_mistaken = any(each.exit_code == ConfigError.exit_code for each in bad)
    exit_code = 0 if not bad else bad[0].exit_code if len(bad) == len(findings) else 3
    if is_mistaken:  # a sync does not begin
        exit_code = ConfigError.exit_code
    return [*database, *findings], exit_code


def probe_source(settings: Settings, name: str) -> list[Trait]:
    """How the endpoint of the source `name` behaves. Raises `SourceError`, `UsageError`."""
    with open_context(settings, is_read_only=True) as context:
        (source,) = chosen_of(context, [name])
        with open_client(source, run_count=0, context=context) as client:
            return probe(client, source)


def _check_source(source: SourceSettings, context: RunContext) -> Checked:
    try:
        with open_client(source, run_count=0, context=context) as client:
            every = source.workspaces == ("*",)
            workspaces = fetch_workspaces(client, source.project_id) if every else source.workspaces
            listing = Listing(source.types[0], workspaces[0])
            page = PageFetcher(client, source, listing).fetch_first()
            shown = next(filter(None, page.image_ids), None)
            lookup = fetch_lookup(client, source.project_id, shown) if shown else None
    except ConfigError as error:
        return Checked(source.name, "failed", error.in_one_line, error.exit_code)
    except SourceError as error:
        return Checked(source.name, "failed", str(error), error.exit_code)
    images, places = count_text(page.total, "image"), count_text(len(workspaces), "workspace")
    told = f"{images} in {listing}, {places}"
    permitted = "permitted" if lookup and lookup.result == "found" else "not shown to work"
    return Checked(source.name, "ok", f"{told}, lookups {permitted}")
