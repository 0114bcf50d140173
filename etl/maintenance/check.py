"""Tests of everything that a sync needs; nothing is written.

The database is tested by a sync's own statements, rolled back; each source by its credentials, one
page and one lookup, and the clock by its responses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from msgspec import Struct

from etl.config import Settings, SourceSettings
from etl.context import RunContext, open_context
from etl.errors import (
    ConfigError,
    DatabaseUnavailable,
    EnvironmentFailure,
    ImageSyncError,
    SchemaNotAtHead,
    SourceError,
)
from etl.extract.directory import fetch_workspaces
from etl.extract.http import Client
from etl.extract.lookup import fetch_lookup
from etl.extract.pages import PageFetcher
from etl.extract.probe import Trait, probe
from etl.maintenance.database_check import check_database
from etl.model import Listing
from etl.notify.notifier import check_notifications
from etl.observation import CLOCK_WARNING_SECONDS, MAX_CLOCK_ERROR_SECONDS
from etl.publish import signer_of
from etl.run import require_same_projects
from etl.sources.connect import open_client
from etl.sources.select import sources_of
from etl.text import count_text

PARTIAL: Final = 3


class Checked(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The result of one test of check.

    `place` is the database, a source or a notification channel; `exit_code` is the one that a sync
    would end with for its sake.
    """

    place: str
    status: Literal["ok", "warning", "failed"]
    message: str
    exit_code: int = 0


def check(
    settings: Settings, *, source_names: Sequence[str] = (), notifies: bool = False
) -> tuple[list[Checked], int]:
    """The results, and the exit code that a sync would end with for their sake.

    `notifies` sends a test to each notification channel, which no sync depends on: exit code 3.
    """
    results, exit_code = _check_sync(settings, source_names)
    sent = check_notifications(settings) if notifies else {}
    for channel, error in sent.items():
        status: Literal["ok", "failed"] = "failed" if error else "ok"
        code = PARTIAL if error else 0
        message = error or "test sent"
        results.append(
            Checked(place=f"notify.{channel}", status=status, message=message, exit_code=code)
        )
        exit_code = exit_code or code
    return results, exit_code


def _check_sync(settings: Settings, source_names: Sequence[str]) -> tuple[list[Checked], int]:
    database = [
        Checked(
            place="database",
            status=each.status,
            message=each.message,
            exit_code=each.exit_code,
        )
        for each in check_database(settings.database)
    ]
    if broken := [each for each in database if each.status == "failed"]:
        return database, broken[0].exit_code
    try:
        with open_context(settings, is_read_only=True) as context:
            sources, failed = sources_of(context, source_names)
            if context.has_record:
                require_same_projects(context, sources)
            results = [each for source in sources for each in _check_source(source, context)]
            results += [
                _failed(each.name, str(each.error_message), each.error_exit_code) for each in failed
            ]
    except ConfigError as error:
        return [*database, _failed("configuration", error.in_one_line, 2)], 2
    except (DatabaseUnavailable, SchemaNotAtHead) as error:
        return [_failed("database", str(error), error.exit_code)], error.exit_code
    return [*database, *_check_key(settings), *results], _exit_code(results)


def _check_key(settings: Settings) -> Iterator[Checked]:
    """A key that cannot be read is a warning: runs continue, but do not sign."""
    try:
        if signer_of(settings.proof, settings.proof.origin or "check"):
            yield Checked(place="proof", status="ok", message="the signing key can be used")
    except ImageSyncError as error:
        message = f"checkpoints are not signed: {error}; create the key with `image-sync key init`"
        yield Checked(place="proof", status="warning", message=message)


def _exit_code(results: Sequence[Checked]) -> int:
    """What a sync of these sources would end with."""
    failed = [each for each in results if each.status == "failed"]
    for code in (ConfigError.exit_code, EnvironmentFailure.exit_code):  # no source is read
        if any(each.exit_code == code for each in failed):
            return code
    places = {each.place for each in results}
    if failed and {each.place for each in failed} == places:
        return failed[0].exit_code
    return PARTIAL if failed else 0


def probe_source(settings: Settings, name: str) -> list[Trait]:
    """How the endpoint of the source `name` behaves. Raises `SourceError`, `UsageError`."""
    with open_context(settings, is_read_only=True) as context:
        ((source,), _) = sources_of(context, [name])
        with open_client(source, run_count=0, context=context) as client:
            return probe(client, source)


def _check_source(source: SourceSettings, context: RunContext) -> Iterator[Checked]:
    try:
        with open_client(source, run_count=0, context=context) as client:
            message = _read_a_little(source, client)
    except ConfigError as error:
        yield _failed(source.name, error.in_one_line, error.exit_code)
        return
    except SourceError as error:
        yield _failed(source.name, str(error), error.exit_code)
        return
    yield Checked(place=source.name, status="ok", message=message)
    yield from _check_clock(source.name, client.clock_skew_seconds or 0.0)


def _read_a_little(source: SourceSettings, client: Client) -> str:
    """Reads one page and looks up one of its images."""
    discovers = source.workspaces == ("*",)
    workspaces = fetch_workspaces(client, source.project_id) if discovers else source.workspaces
    listing = Listing(source.types[0], workspaces[0])
    page = PageFetcher(client, source, listing).fetch_first()
    image_id = next(filter(None, page.image_ids), None)
    lookup = fetch_lookup(client, source.project_id, image_id) if image_id else None
    images, places = count_text(page.total, "image"), count_text(len(workspaces), "workspace")
    permitted = "permitted" if lookup and lookup.result == "found" else "not shown to work"
    return f"{images} in {listing}, {places}, lookups {permitted}"


def _check_clock(place: str, ahead_seconds: float) -> Iterator[Checked]:
    if abs(ahead_seconds) <= CLOCK_WARNING_SECONDS:
        return
    direction = "ahead of" if ahead_seconds > 0 else "behind"
    message = (
        f"this machine's clock is {abs(ahead_seconds) / 60:.0f} minutes {direction} the API's;"
        " set it, for example with NTP"
    )
    if abs(ahead_seconds) > MAX_CLOCK_ERROR_SECONDS:
        yield _failed(place, message, EnvironmentFailure.exit_code)
    else:
        yield Checked(place=place, status="warning", message=message)


def _failed(place: str, message: str, exit_code: int) -> Checked:
    return Checked(place=place, status="failed", message=message, exit_code=exit_code)
