"""The round trips of an unchanged run over small catalogues.

Real catalogues have tens to thousands of images in a few listings, so the duration of a scheduled
run is network time. Each request is answered after a latency, and whole processes are measured.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.processes import measure
from tests.support.fake_api import FakeApi, Quirks

LATENCIES_MS: Final = (0, 50, 200)
IN_FLIGHT: Final = 8
TYPES: Final = ("BUILD_IN", "DEDICATED")
_CONFIGURATION: Final = """\
[database]
url = "sqlite:///{folder}/images.db"

[http]
concurrency = {in_flight}

"""
_SOURCE: Final = """\
[[source]]
name = "benchmark-{number}"
endpoint = "{url}"
project_id = "0123456789abcdef0123456789abcdef"
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A catalogue, and what a run over it needs: requests per source, and rounds of them."""

    name: str
    needed: int
    rounds: int
    workspaces: int = 1
    per_listing: int = 20
    sources: int = 1
    total: Callable[[int], object] = int

    def images(self) -> Iterator[dict[str, Any]]:
        """Images for each type in each workspace, without creation times."""
        for workspace in range(self.workspaces):
            for kind in TYPES:
                for number in range(self.per_listing):
                    name = f"{workspace}-{kind.lower()}-{number}"
                    yield {
                        "id": f"id-{name}",
                        "name": name,
                        "type": kind,
                        "status": "ACTIVE",
                        "workspace_id": str(workspace),
                    }


CASES: Final = {
    case.name: case
    for case in (
        Case("20 + 20 images, correct `total`", 3, 1),
        Case("the same, `total` always one too high", 7, 2, total=lambda rows: rows + 1),
        Case("900 + 900 images, pages of 200", 11, 3, per_listing=900),
        Case("20 workspaces × 2 types, 20 images each", 41, 6, workspaces=20),
        Case("three sources of 900 + 900, `--parallel 3`", 33, 3, per_listing=900, sources=3),
    )
}


@dataclass(slots=True)
class RoundTrips:
    """What unchanged runs over one catalogue took; `wall_seconds` by latency in milliseconds."""

    requests: int
    certificate: str
    wall_seconds: dict[int, list[float]]


def measured(case: Case, repeat: int) -> RoundTrips:
    """Measure `repeat` runs with each latency, after the first load."""
    workspaces = tuple(map(str, range(case.workspaces)))
    with (
        FakeApi(case.images(), quirks=Quirks(total=case.total), workspaces=workspaces) as api,
        TemporaryDirectory() as folder,
    ):
        sources = [_SOURCE.format(number=n, url=api.url) for n in range(case.sources)]
        config = Path(folder) / "config.toml"
        settings = _CONFIGURATION.format(folder=folder, in_flight=IN_FLIGHT)
        config.write_text(settings + "".join(sources), "utf-8")
        parallel = ("--parallel", str(case.sources))
        run = ("-m", "etl", "-c", str(config), "sync", "--output", "json", *parallel)
        measure(*run)
        walls = {}
        for latency_ms in LATENCIES_MS:
            api.before_request = partial(_delay, latency_ms / 1000)
            costs = [measure(*run) for _ in range(repeat)]
            walls[latency_ms] = [cost.wall_seconds for cost in costs]
    found = json.loads(costs[-1].output)["sources"]
    requests = sum(source["requests"] for source in found)
    return RoundTrips(requests, str(found[0]["certificate"]), walls)


def _delay(seconds: float, _request: object) -> None:
    time.sleep(seconds)
