"""Profiles, isolation and fixtures shared by all tests; their parts are in tests/support."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from sqlalchemy import Engine

from tests.support.counts import count_passed
from tests.support.databases import BACKENDS, Backend, Databases, opened
from tests.support.history import varied
from tests.support.network import refuse_outside
from tests.support.postgres import PostgresServer, running_server

# Profiles of hypothesis. `ci`: few and always the same examples, and a failure is not minimised,
# since that takes minutes for a test of the whole program. `dev`: other examples in each run, and
# a failure is minimised. `soak`: many. Durations depend on the machine and fail no example.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "ci",
    settings.get_profile("dev"),
    derandomize=True,
    database=None,
    max_examples=60,
    phases=(Phase.explicit, Phase.generate),
)
settings.register_profile("soak", settings.get_profile("dev"), max_examples=2_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# Settings of the developer's own environment that programs and libraries would read.
FOREIGN_VARIABLES = ("IMAGE_SYNC_CONFIG", "IMAGE_SYNC_DATABASE_URL")
FOREIGN_PREFIXES = ("PG", "HUAWEICLOUD_", "HW_")
MEMORY = "/dev/shm"  # noqa: S108 (pytest and PostgreSQL make private directories in it)
NEEDED_BYTES = 4 * 2**30
LONG_FOLDERS = ("e2e", "property", "faults")  # started first, so that no worker ends late
UNMEASURED_FOLDERS = {"e2e", "property", "docs"}  # coverage comes from tests of single behaviours


def pytest_configure() -> None:
    """Isolate the tests from the network, the developer's environment and inherited signals."""
    refuse_outside()
    _use_memory_for_files()
    for name in list(os.environ):
        if name in FOREIGN_VARIABLES or name.startswith(FOREIGN_PREFIXES):
            del os.environ[name]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started by nohup or in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _use_memory_for_files() -> None:
    """Put temporary files into memory if there is room: a commit of SQLite waits for the disk."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    room = os.statvfs(MEMORY)
    if room.f_bavail * room.f_frsize > NEEDED_BYTES and not room.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = MEMORY
        tempfile.tempdir = None  # found anew when it is next needed


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the long tests first, and measure coverage only where a test states the behaviour.

    One worker runs a whole file, so that only one makes what its tests share. Tracing nearly
    doubles the duration of a property test, and a line that only random inputs reach has no test
    of its own.
    """
    items.sort(key=_start_order)
    for item in items:
        if item.path.parent.name in UNMEASURED_FOLDERS:
            item.add_marker(pytest.mark.no_cover)
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def _start_order(item: pytest.Item) -> int:
    folder = item.path.parent.name
    return LONG_FOLDERS.index(folder) if folder in LONG_FOLDERS else len(LONG_FOLDERS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record what passed, for the table in docs/reliability.md."""
    report = yield
    if call.when == "call" and report.passed:
        count_passed(item)
    return report


@pytest.fixture(scope="session")
def databases(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> Databases:
    """A factory of databases: `with databases.migrated("sqlite") as url`."""
    return Databases(folder=tmp_path_factory.mktemp("databases"), server=postgres_server)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The PostgreSQL server of this process: do not stop it or create roles in it."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """A new, empty PostgreSQL database."""
    with databases.empty("postgresql") as url:
        yield url


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each kind of database in turn."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def database_url(backend: Backend, databases: Databases) -> Iterator[str]:
    """A new database with the current schema, of each kind in turn."""
    with databases.migrated(backend) as url:
        yield url


@pytest.fixture
def empty_database_url(backend: Backend, databases: Databases) -> Iterator[str]:
    """A new database without tables, of each kind in turn."""
    with databases.empty(backend) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A new database with the current schema, of each kind in turn."""
    with opened(database_url) as engine:
        yield engine


@pytest.fixture
def varied_engine(backend: Backend, databases: Databases) -> Iterator[Engine]:
    """A record of every kind of event, on each kind of database in turn."""
    with databases.recorded(backend, varied) as url, opened(url) as engine:
        yield engine


@pytest.fixture(autouse=True, scope="module")
def fresh_caches() -> None:
    """Empty the program's caches, which a test that coverage does not measure may have filled."""
    modules = [module for name, module in sys.modules.items() if name.startswith("etl.")]
    for value in [value for module in modules for value in vars(module).values()]:
        if hasattr(value, "cache_clear"):
            value.cache_clear()


@pytest.fixture(autouse=True)
def fresh_log() -> Iterator[None]:
    """Undo what a command has set up, so that a later test can read the log with caplog."""
    yield
    for name in ("etl", "etl.notify"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)
