"""Whole runs over the sample API on loopback, with a clock that a test can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from etl.config import DatabaseSettings, RemovalSettings, Settings, SourceSettings, WalkSettings
from etl.database.schema import metadata
from etl.model import Outcome, RunOutcome
from etl.run import RunPlan, run_plan, run_sync
from etl.sync_options import SyncOptions
from tests.support.databases import Reader
from tests.support.fake_api import FakeApi
from tests.support.walking import source_of

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
RUN_TABLES = {"sync_runs", "source_runs", "log_entries", "log_state", "event_hashes", "checkpoints"}


def image(number: int, **fields: Any) -> dict[str, Any]:
    """A record of the API with something in most fields; `...` leaves one out."""
    usual = {
        "id": f"id-{number:04}",
        "name": f"image {number}",
        "type": "BUILD_IN",
        "status": "ACTIVE",
        "arch": "x86_64",
        "dev_services": ["NOTEBOOK", "SSH"],
        "workspace_id": "0",
        "create_at": 1638238504492 + number,
    }
    return {name: value for name, value in {**usual, **fields}.items() if value is not ...}


def catalogue(count: int, **fields: Any) -> list[dict[str, Any]]:
    """That many images."""
    return [image(number, **fields) for number in range(count)]


class Place:
    """An API, a database and the settings between them; each run is an hour after the last."""

    def __init__(self, api: FakeApi, database_url: str) -> None:
        self.api = api
        self.url = database_url
        self._reader = Reader(database_url)
        self.source: SourceSettings = source_of(api.url)
        self.removals: dict[str, Any] = {}
        self.walk: dict[str, Any] = {}
        self.now = START

    def cover(self, **values: Any) -> None:
        """What the source takes in, from the next run on."""
        self.source = source_of(self.api.url, **values)

    def settings(self) -> Settings:
        return Settings(
            database=DatabaseSettings(url=self.url),
            walk=WalkSettings(**self.walk),
            removals=RemovalSettings(**self.removals),
            sources=(self.source,),
        )

    def run(self, *, is_dry_run: bool = False, **options: Any) -> RunOutcome:
        """One run; `options` as of `SyncOptions`."""
        if is_dry_run:
            return self.plan(**options).outcome
        self.now += timedelta(hours=1)
        return run_sync(self.settings(), SyncOptions(**options), now=lambda: self.now)

    def plan(self, **options: Any) -> RunPlan:
        """A plan; `options` as of `SyncOptions`."""
        self.now += timedelta(hours=1)
        return run_plan(self.settings(), SyncOptions(**options), now=lambda: self.now)

    def sync(self, **how: Any) -> Outcome:
        """The one source's outcome."""
        return self.run(**how).sources[0]

    def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """What a query gives."""
        with self._reader.connection() as connection:
            return [dict(row) for row in connection.execute(text(statement), values).mappings()]

    def states(self) -> dict[str, str]:
        """Image id → state."""
        rows = self.rows("select image_id, state from images")
        return {row["image_id"]: row["state"] for row in rows}

    def present(self) -> set[str]:
        return {image_id for image_id, state in self.states().items() if state == "present"}

    def tables(self) -> Mapping[str, list[dict[str, Any]]]:
        """Every row of every table but those that each run adds to."""
        names = [name for name in metadata.tables if name not in RUN_TABLES]
        with self._reader.connection() as connection:
            return {
                name: sorted(
                    map(dict, connection.execute(text(f"select * from {name}")).mappings()),
                    key=repr,
                )
                for name in names
            }


@contextmanager
def place(database_url: str, images: list[Any] | None = None, **api: Any) -> Iterator[Place]:
    """A served catalogue and an empty database."""
    with FakeApi(catalogue(6) if images is None else images, **api) as served:
        yield Place(served, database_url)
