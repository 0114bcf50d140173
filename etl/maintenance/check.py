"""Tests of everything that a sync needs; nothing is written.

What can only be found out by doing it is done, so a check cannot succeed where a sync would fail:
the database is tested by a sync's own statements, rolled back; each source by its credentials, one
page and one lookup, and the clock by its responses.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Final, Literal

from msgspec import Struct
from sqlalchemy import Connection, Engine

from etl.client.http_client import Client
from etl.config import DatabaseSettings, ProofSettings, Settings, SourceSettings
from etl.database.engine import database_text, open_engine, translated_errors
from etl.database.integrity import schema_faults
from etl.database.migrate import head, not_at_head
from etl.database.postgresql import is_pooled
from etl.database.sqlite import file_of, wal_warning
from etl.database.writable import try_writing
from etl.errors import (
    PARTIAL,
    ConfigError,
    DatabaseUnavailable,
    EnvironmentFailure,
    ImageSyncError,
    LockHeld,
    SchemaNotAtHead,
    SourceError,
)
from etl.extract.lookup import fetch_lookup
from etl.extract.pages import PageFetcher
from etl.extract.probe import Trait, probe
from etl.extract.projects import fetch_workspaces
from etl.load.locks import source_lock
from etl.model import Listing
from etl.notify.notifier import check_notifications
from etl.publish import signer_of
from etl.run import require_same_projects
from etl.run_context import RunContext, open_context
from etl.source_facts import clock_warning
from etl.sources.connect import open_client
from etl.sources.selection import sources_of
from etl.text import count_text

_NO_SOURCE: Final = ""  # no source has this name, so no run holds its lock
_POOLED: Final = (
    "a connection pooler (such as PgBouncer) is in between: session locks have no effect in"
    " transaction mode, so each commit checks that no other run wrote the source"
)


class Checked(Struct, kw_only=True, frozen=True):
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
        place = f"notify.{channel}"
        results.append(_failed(place, error, PARTIAL) if error else _ok(place, "test sent"))
    return results, exit_code or (PARTIAL if any(sent.values()) else 0)


def probe_source(settings: Settings, name: str) -> list[Trait]:
    """How the endpoint of the source `name` behaves. Raises `SourceError`, `UsageError`."""
    with open_context(settings, is_read_only=True) as context:
        ((source,), _) = sources_of(context, [name])
        with open_client(source, run_count=0, context=context) as client:
            return probe(client, source)


def _ok(place: str, message: str) -> Checked:
    return Checked(place=place, status="ok", message=message)


def _warning(place: str, message: str) -> Checked:
    return Checked(place=place, status="warning", message=message)


def _failed(place: str, message: str, exit_code: int) -> Checked:
    return Checked(place=place, status="failed", message=message, exit_code=exit_code)


def _check_sync(settings: Settings, source_names: Sequence[str]) -> tuple[list[Checked], int]:
    database = check_database(settings.database)
    if broken := [each for each in database if each.status == "failed"]:
        return database, broken[0].exit_code
    try:
        with open_context(settings, is_read_only=True) as context:
            sources, failed = sources_of(context, source_names)
            if context.has_schema:
                require_same_projects(context, sources)
            results = [each for source in sources for each in _check_source(source, context)]
            results += [
                _failed(each.name, str(each.error_message), each.error_exit_code) for each in failed
            ]
    except ConfigError as error:
        return [*database, _failed("configuration", error.in_one_line, 2)], 2
    except (DatabaseUnavailable, SchemaNotAtHead) as error:
        return [_failed("database", str(error), error.exit_code)], error.exit_code
    return [*database, *_check_proof(settings.proof), *results], _exit_code(results)


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


def _check_proof(proof: ProofSettings) -> Iterator[Checked]:
    """What cannot be used is a warning: runs continue, but do not sign or write checkpoints."""
    path = Path(proof.checkpoint_file)
    try:
        if proof.checkpoint_file:
            with path.open("ab") if path.exists() else TemporaryFile(dir=path.parent):
                yield _ok("proof", "the checkpoint file can be written")
    except OSError as error:
        yield _warning("proof", f"checkpoints are not written to {path}: {error.strerror}")
    try:
        if signer_of(proof, proof.origin or "check"):
            yield _ok("proof", "the signing key can be used")
    except ImageSyncError as error:
        hint = "create the key with `image-sync key init`"
        yield _warning("proof", f"checkpoints are not signed: {error}; {hint}")


def _check_source(source: SourceSettings, context: RunContext) -> Iterator[Checked]:
    try:
        with open_client(source, run_count=0, context=context) as client:
            yield _ok(source.name, _try_reading(source, client))
            if warning := clock_warning(client.clock_skew_seconds):
                yield _warning(source.name, warning)
    except ConfigError as error:
        yield _failed(source.name, error.in_one_line, error.exit_code)
    except (SourceError, EnvironmentFailure) as error:
        yield _failed(source.name, str(error), error.exit_code)


def _try_reading(source: SourceSettings, client: Client) -> str:
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


def check_database(database: DatabaseSettings) -> list[Checked]:
    """Everything that a sync needs from the database; the first failure ends the check."""
    try:
        engine = open_engine(database.url, schema=database.schema)
        try:
            return list(_check_engine(engine, auto_upgrade=database.auto_upgrade))
        finally:
            engine.dispose()
    except (DatabaseUnavailable, SchemaNotAtHead) as error:
        return [_failed("database", str(error), error.exit_code)]


def _check_engine(engine: Engine, *, auto_upgrade: bool) -> Iterator[Checked]:
    file = file_of(engine.url)
    if file and not os.path.exists(file):
        if not auto_upgrade:
            raise not_at_head(engine, None)
        _try_new_file(file)
        yield _ok("database", f"the next sync creates {file}")
        return
    with translated_errors(engine):
        revision = try_writing(engine, auto_upgrade=auto_upgrade)
        if revision or file:  # PostgreSQL's locks are named after a table
            _try_lock(engine)
        yield _ok("database", f"{_summary(revision)}: {database_text(engine)}")
        with engine.connect() as connection, connection.begin():
            yield from _database_notes(connection, is_current=revision == head())


def _summary(revision: str | None) -> str:
    if revision == head():
        return "readable and writable, and the schema is current"
    return f"the next sync {'upgrades' if revision else 'creates'} the schema"


def _database_notes(connection: Connection, *, is_current: bool) -> Iterator[Checked]:
    if is_pooled(connection):
        yield _ok("database", _POOLED)
    if warning := wal_warning(connection.engine.url):
        yield _warning("database", warning)
    for fault in schema_faults(connection) if is_current else ():
        message = f"{fault.message}; `image-sync db check` lists all differences"
        yield _warning("database", message)


def _try_new_file(file: str) -> None:
    """Creates a database in a new folder beside `file` that does not exist, and removes it."""
    folder = os.path.dirname(file)
    try:
        with TemporaryDirectory(dir=folder, prefix=".image-sync-check-") as scratch:
            engine = open_engine(f"sqlite:///{scratch}/{os.path.basename(file)}")
            with translated_errors(engine):
                try_writing(engine, auto_upgrade=True)
                _try_lock(engine)
            engine.dispose()
    except OSError as error:
        raise DatabaseUnavailable(
            f"no file can be created in {folder}: {error.strerror}",
            hint="create the folder, or let this user write in it",
        ) from None


def _try_lock(engine: Engine) -> None:
    """A running sync may hold the lock: then locks work."""
    with suppress(LockHeld), source_lock(engine, _NO_SOURCE):
        pass
