"""The surroundings of a sync: an API, an empty database, a configuration file."""

from __future__ import annotations

import http.client
import json
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from benchmarks.processes import Companion, companion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROJECT: Final = "0123456789abcdef0123456789abcdef"
_CONFIGURATION: Final = """\
[database]
url = "{database_url}"

[http]
page_size = 1000
concurrency = {concurrency}

[removals]
max_lookups = 10000
max_count = 10000

[[source]]
name = "benchmark"
endpoint = "http://127.0.0.1:{port}"
project_id = "{project}"
types = ["BUILD_IN"]

[source.auth]
method = "none"
"""


@dataclass(frozen=True, slots=True)
class Api:
    """The server process; `truth` maps each generation to its expected contents."""

    size: int
    port: int
    truth: dict[str, dict[str, Any]]

    @property
    def url(self) -> str:
        """The base URL of the project."""
        return f"http://127.0.0.1:{self.port}/v1/{PROJECT}"

    def show(self, generation: int, *, latency_ms: int = 0) -> None:
        """Select the generation and the latency of the responses."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("PUT", f"/shown/{generation}/{latency_ms}")
        connection.getresponse().read()
        connection.close()


@contextmanager
def served(size: int) -> Iterator[Api]:
    """The API of a catalogue of `size` images."""
    with companion("benchmarks.server", str(size)) as server:
        yield Api(size, **json.loads(server.read()))


@contextmanager
def sqlite_file(folder: Path) -> Iterator[str]:
    """The URL of a database that does not exist yet, in a folder of its own."""
    with TemporaryDirectory(dir=folder) as own:
        yield f"sqlite:///{own}/benchmark.db"


@contextmanager
def postgresql_database(server: Companion) -> Iterator[str]:
    """The URL of an empty database."""
    server.write()
    url = server.read()
    yield url
    server.write(url)


def write_configuration(path: Path, api: Api, *, database_url: str, concurrency: int = 4) -> None:
    """One source in pages of 1000; up to 10,000 removals are looked up and not held."""
    values = {"database_url": database_url, "port": api.port, "concurrency": concurrency}
    path.write_text(_CONFIGURATION.format(project=PROJECT, **values))
