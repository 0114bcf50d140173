"""Cron, run after run: the catalogue changes, the API fails, runs are killed; nothing piles up.

Memory, connections, files beside the database and temporary files stay as they are; the database
grows as its history does. A few runs here; a thousand in the soak.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import make_url, text

from etl.database.engine import open_engine
from etl.database.schema import metadata
from tests.support.counts import add_count
from tests.support.databases import BACKENDS, Backend, Databases
from tests.support.fake_api import FakeApi
from tests.support.fake_api.messages import Request, Response
from tests.support.syncing import image
from tests.support.verified import assert_consistent

RUNS = 500 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 4  # on each database
ROOT = Path(__file__).parents[2]
FAULTS = (b"", b"<html>", b'{"data": [', b'{"data": null, "total": 9}')


@dataclass
class Catalogue:
    """What the API shows, and how it fails during one run."""

    choose: random.Random
    api: FakeApi
    is_failing: bool = False

    def turn(self) -> None:
        """Images come, change and go; sometimes the API fails now and then."""
        images = list(self.api.images)
        self.choose.shuffle(images)
        kept = images[self.choose.randrange(4) :] if len(images) > 20 else images
        fresh = [image(self.choose.randrange(10**6)) for _ in range(self.choose.randrange(4))]
        changed = [{**each, "size": self.choose.randrange(10**6)} for each in kept[:3]]
        self.api.images = {each["id"]: each for each in [*kept[3:], *changed, *fresh]}.values()
        self.is_failing = self.choose.random() < 0.15

    def fault(self, _request: Request) -> Response | None:
        """One answer in four, while it fails."""
        if not self.is_failing or self.choose.random() > 0.25:
            return None
        status = self.choose.choice([200, 429, 500, 503])
        body = self.choose.choice(FAULTS) if status == 200 else b""
        return Response(status, body, {"Content-Type": "application/json", "Retry-After": "0"})


@dataclass(frozen=True)
class Footprint:
    """What a run leaves behind, and what it took."""

    peak_bytes: int
    connections: int
    files: int
    rows: int
    stored_bytes: int


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_piles_up(databases: Databases, tmp_path: Path, backend: Backend):
    choose = random.Random(1000)
    with (
        FakeApi([image(number) for number in range(60)]) as api,
        databases.migrated(backend) as url,
    ):
        catalogue = Catalogue(choose, api)
        api.before_request = catalogue.fault
        config = tmp_path / "config.toml"
        config.write_text(
            f'[database]\nurl = "{url}"\n'
            f'[[source]]\nname = "s"\nendpoint = "{api.url}"\nproject_id = "p"\n'
            "[source.http]\npage_size = 20\nmax_retries = 2\n"
            "[removals]\nmax_percent = 100\n"
        )
        (tmp_path / "scratch").mkdir()
        taken, killed = [], 0
        for _ in range(RUNS):
            catalogue.turn()
            is_killed = choose.random() < 0.05
            peak = cron(config, tmp_path / "scratch", kill_after=choose.random() * is_killed)
            killed += is_killed
            if not is_killed:
                taken.append(footprint(url, tmp_path / "scratch", peak))
        catalogue.is_failing = False
        cron(config, tmp_path / "scratch", kill_after=0)
        engine = open_engine(url)
        with engine.connect() as connection:
            assert_consistent(connection)
        with engine.connect() as connection:
            present = connection.scalars(
                text("select image_id from images where removed_at is null")
            )
            assert set(present) == {each["id"] for each in api.images}
        engine.dispose()
    add_count("cron", tried=RUNS, killed=killed)
    hold(taken)


def hold(taken: list[Footprint]) -> None:
    """The last tenth of the runs beside the first: only rows, and bytes for each, may grow."""
    first, last = taken[: len(taken) // 10 + 1], taken[-(len(taken) // 10 + 1) :]
    assert median(each.peak_bytes for each in last) < 1.1 * median(
        each.peak_bytes for each in first
    )
    assert {each.connections for each in taken} == {0}
    assert max(each.files for each in last) <= max(each.files for each in first)
    grown_rows = last[-1].rows - first[0].rows
    grown_bytes = last[-1].stored_bytes - first[0].stored_bytes
    assert grown_bytes < 400_000 + 4_000 * grown_rows


def cron(config: Path, scratch: Path, *, kill_after: float) -> int:
    """One run as cron starts it, with next to no environment; gives its peak memory in bytes."""
    command = [sys.executable, "-m", "etl", "-q", "--config", str(config), "sync"]
    environ = {"TMPDIR": str(scratch), "PYTHONPATH": str(ROOT), "PATH": os.defpath}
    child = subprocess.Popen(
        command,
        env=environ,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if kill_after:
        time.sleep(kill_after)
        os.kill(
            child.pid, signal.SIGKILL
        )  # a child that has ended waits for wait4, and no one else
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode in {0, 3, 10, 11, 12, 30, *([-9] if kill_after else [])}
    return usage.ru_maxrss * 1024


def footprint(url: str, scratch: Path, peak: int) -> Footprint:
    """What is there after a run."""
    engine = open_engine(url)
    with engine.connect() as connection:
        rows = sum(
            connection.execute(text(f"select count(*) from {name}")).scalar_one()
            for name in metadata.tables
        )
        if engine.dialect.name == "postgresql":
            others = "datname = current_database() and pid <> pg_backend_pid()"
            connections = _settled(
                connection, f"select count(*) from pg_stat_activity where {others}"
            )
            stored = connection.scalar(text("select pg_database_size(current_database())"))
            beside = 0
        else:
            connections = 0
            file = Path(str(make_url(url).database))
            files = list(file.parent.glob(f"{file.name}*"))
            stored, beside = sum(each.stat().st_size for each in files), len(files)
    engine.dispose()
    left = beside + len(list(scratch.iterdir()))
    return Footprint(peak, connections, left, rows, int(stored or 0))


def _settled(connection, statement: str) -> int:
    """A server process outlives its client by a moment."""
    for _ in range(200):
        count = int(connection.execute(text(statement)).scalar_one())
        connection.rollback()
        if not count:
            break
        time.sleep(0.02)
    return count
