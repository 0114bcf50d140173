"""A process that reads catalogues while they change, with image-sync and with dlt.

    python -m benchmarks.moving FIRST COUNT [DLT_PYTHON]

Plays COUNT schedules of the tests, from number FIRST on, over HTTP to image-sync and to dlt
separately, and prints the figures of both as JSON. The endpoint is simple: one listing, offsets
that count records, no cap, a correct `total`, an empty page past the end. dlt's offset paginator
fits, so mistakes result from the changes alone. If the endpoint sorts by creation time, dlt
requests that.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
from collections import Counter, defaultdict
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.processes import Companion, beside
from etl.config import (
    DatabaseSettings,
    HttpSettings,
    RemovalSettings,
    Settings,
    SourceSettings,
    WalkSettings,
)
from etl.run import run_sync
from etl.sync_options import SyncOptions
from tests.support.fake_api import FakeApi
from tests.support.schedules import Facts, Schedule, World, drawn, facts_of, play

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.schedules import Reader

PROJECT: Final = "0" * 32
START: Final = datetime(2026, 11, 2, 8, tzinfo=UTC)
_SCRIPT: Final = Path(__file__).parent / "peers" / "dlt_scd2.py"
PRESENT: Final = "select * from images where state = 'present'"
VERSIONS: Final = "select image_id from image_versions"
_BY_CREATION: Final = {"sort_key": "createTime", "sort_dir": "ASC"}


def main() -> None:
    """Print one line of JSON: reader → figures."""
    first, count, *python = sys.argv[1:]
    numbers = range(int(first), int(first) + int(count))
    figures: dict[str, Counter[str]] = defaultdict(Counter)
    with ExitStack() as stack:
        dlt = stack.enter_context(beside("-P", str(_SCRIPT), python=python[0])) if python else None
        for number in numbers:
            schedule = plain(drawn(number))
            figures["image-sync"].update(played(schedule, None))
            if dlt:
                figures["dlt"].update(played(schedule, dlt))
    sys.stdout.write(json.dumps(figures) + "\n")


def plain(schedule: Schedule) -> Schedule:
    """The same changes on an endpoint without peculiarities."""
    return replace(
        schedule,
        types=1,
        offset="records",
        first_page=0,
        limit_cap=None,
        past_the_end="empty",
        total="right",
        shuffles=False,
    )


def played(schedule: Schedule, dlt: Companion | None) -> Counter[str]:
    """The figures of one schedule, read by dlt, or by image-sync without it."""
    world = World(schedule)
    with tempfile.TemporaryDirectory(prefix="moving-") as folder, moving(world) as api:
        own = Path(folder)
        reader = Watched(
            world, Dlt(world, api.url, own, dlt) if dlt else ImageSync(world, api.url, own)
        )
        return Counter({**play(world, reader).told(), "missed": reader.missed})


@contextmanager
def moving(world: World) -> Iterator[FakeApi]:
    """The API of a world, which changes before each request."""
    with FakeApi(world.images, quirks=world.quirks) as api:
        api.before_request = lambda _: setattr(api, "images", world.alter())
        yield api


class Watched:
    """A reader, with the number of images that existed throughout a run and were not recorded."""

    def __init__(self, world: World, reader: Reader) -> None:
        self.missed = 0
        self.run = reader.run
        self.versions = reader.versions
        self._world = world
        self._reader = reader

    def present(self) -> Sequence[Facts]:
        record = self._reader.present()
        self.missed += len(self._world.lived - {facts[0] for facts in record})
        return record


class ImageSync:
    """image-sync with its defaults; the guard lets every removal pass."""

    def __init__(self, world: World, url: str, folder: Path) -> None:
        schedule = world.schedule
        self._database = folder / "images.db"
        self._hours = 0
        http = HttpSettings(page_size=schedule.page_size, concurrency=schedule.concurrency)
        source = SourceSettings(
            name="moving", endpoint=url, project_id=PROJECT, types=("BUILD_IN",), http=http
        )
        self._settings = Settings(
            database=DatabaseSettings(url=f"sqlite:///{self._database}"),
            walk=WalkSettings(),
            removals=RemovalSettings(),
            sources=(source,),
        )

    def run(self) -> None:
        self._hours += 1
        now = START + timedelta(hours=self._hours)
        run_sync(self._settings, SyncOptions(accepts_removals=True), now=lambda: now)

    def present(self) -> Sequence[Facts]:
        return [facts_of(_as_listed(row)) for row in _rows(self._database, PRESENT)]

    def versions(self) -> Counter[str]:
        return Counter(row["image_id"] for row in _rows(self._database, VERSIONS))


def _as_listed(row: dict[str, Any]) -> dict[str, Any]:
    """A row of `images` under the API's names."""
    times = {
        "create_at": _milliseconds(row["created_at"]),
        "update_at": _milliseconds(row["updated_at"]),
    }
    return {**row, **times, "id": row["image_id"], "dev_services": json.loads(row["dev_services"])}


def _milliseconds(instant: str | None) -> int | None:
    if instant is None:
        return None
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


class Dlt:
    """dlt in a process that stays open, because starting it takes longer than a small load."""

    def __init__(self, world: World, url: str, folder: Path, process: Companion) -> None:
        schedule = world.schedule
        self._database = folder / "images.db"
        self._process = process
        self._load = {
            "api_url": f"{url}/v1/{PROJECT}",
            "database_url": f"sqlite:///{self._database}",
            "folder": str(folder / "pipelines"),
            "page_rows": schedule.page_size,
            "sort": _BY_CREATION if "createTime" in schedule.sort_keys else None,
        }

    def run(self) -> None:
        self._process.write(json.dumps(self._load))
        if failure := self._process.read():
            raise RuntimeError(failure)

    def present(self) -> Sequence[Facts]:
        return [
            facts_of({**row, "dev_services": json.loads(row["dev_services"])})
            for row in self._rows()
            if row["_dlt_valid_to"] is None
        ]

    def versions(self) -> Counter[str]:
        return Counter(row["id"] for row in self._rows())

    def _rows(self) -> list[dict[str, Any]]:
        """All rows, without images that the API lists as deleted."""
        try:
            rows = _rows(self._database, "select * from images")
        except sqlite3.OperationalError:  # no table before the first image
            return []
        return [row for row in rows if row["status"] != "DELETED"]


def _rows(database: Path, statement: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(statement)]


if __name__ == "__main__":
    main()
