"""Whole runs over a schedule's world, without a socket: what do they make of it in a database?

The rest is as in a real run: `sync_source`, its lock, its commit, one run after the other. The
guard is told to let everything through, since it would hide what it holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from msgspec import json
from sqlalchemy import Connection, TextClause, text

from etl import sync
from etl.config import DatabaseSettings, RemovalSettings, Settings, WalkSettings
from etl.database.engine import open_engine
from etl.load.runs import RunStart
from etl.run import run_work
from etl.run_context import RunContext
from etl.sync_options import SyncOptions
from tests.support.schedules import TYPES, Facts, World
from tests.support.verified import assert_consistent
from tests.support.walking import PagesClient, source_of

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
PRESENT = text(
    "select image_id, name, description, type, size, arch, dev_services, created_at, updated_at"
    " from images where state = 'present'"
)
VERSIONS = text("select image_id, count(*) as versions from image_versions group by image_id")


@contextmanager
def rehearsal(world: World, url: str, **removals: Any) -> Iterator[Rehearsal]:
    """A reader of `world` that keeps its record in the database at `url`."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            yield Rehearsal(world, connection, removals)
    finally:
        engine.dispose()


class Rehearsal:
    """A database that is kept up to date with a world; each run is an hour after the last."""

    def __init__(self, world: World, connection: Connection, removals: dict[str, Any]) -> None:
        told = world.schedule
        self.world = world
        self.client = PagesClient(world.images, world.quirks, before_request=self._alter)
        self._settings = Settings(
            database=DatabaseSettings(),  # not asked: the engine is given
            walk=WalkSettings(),
            removals=RemovalSettings(**removals),
            sources=(
                source_of(
                    types=TYPES[: told.types],
                    http={"page_size": told.page_size, "concurrency": told.concurrency},
                ),
            ),
        )
        self._connection = connection  # reads, and stays open for the next reading
        self._hours = 0

    def run(self) -> None:
        """One run; only a certified walk may say that an image is not there."""
        self._hours += 1
        context = RunContext(
            settings=self._settings,
            engine=self._connection.engine,
            options=SyncOptions(accepts_removals=True),
            now=lambda: START + timedelta(hours=self._hours),
        )
        with patch.object(sync, "open_client", self._open):
            run = run_work(
                RunStart(kind="sync", started_at=context.now()),
                context,
                self._settings.sources,
                sync.sync_source,
            )
        [outcome] = run.sources
        is_certified = outcome.facts.certificate != "none"
        assert is_certified or not outcome.removed + outcome.missing, outcome

    def present(self) -> list[Facts]:
        """The present images, by the view that people read."""
        return [_facts(row) for row in self._rows(PRESENT)]

    def versions(self) -> dict[str, int]:
        """How many versions there are of each image."""
        return {row["image_id"]: row["versions"] for row in self._rows(VERSIONS)}

    def verify(self) -> None:
        """Require a consistent record."""
        assert_consistent(self._connection)

    def _rows(self, statement: TextClause) -> list[Any]:
        with self._connection.begin():
            return list(self._connection.execute(statement).mappings())

    @contextmanager
    def _open(self, *_: Any, **__: Any) -> Iterator[PagesClient]:
        yield self.client

    def _alter(self, *_: Any) -> None:
        self.client.show(self.world.alter())


def _facts(row: Any) -> Facts:
    services = row["dev_services"]
    return (
        *(row[name] for name in ("image_id", "name", "description", "type", "size", "arch")),
        tuple(json.decode(services) if isinstance(services, str) else services),
        _milliseconds(row["created_at"]),
        _milliseconds(row["updated_at"]),
    )


def _milliseconds(instant: datetime | str | None) -> int | None:
    """SQLite has instants as text."""
    if instant is None:
        return None
    at = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return round(at.replace(tzinfo=UTC).timestamp() * 1000)
