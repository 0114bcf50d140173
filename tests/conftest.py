"""Fixtures of every kind of test. What they are made of is in tests/support."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.databases import BACKENDS, Backend, Databases
from tests.support.network import refuse_outside
from tests.support.postgres import PostgresServer, running_server
from tests.support.tally import note_passed

# Time says nothing on a busy machine, so neither deadline nor slowness fails an example.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, max_examples=60)
settings.register_profile("soak", settings.get_profile("dev"), max_examples=2_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_configure() -> None:
    """Before any test: no way out, and nothing of the developer's own configuration."""
    refuse_outside()
    for name in ("IMAGE_SYNC_CONFIG", "IMAGE_SYNC_DATABASE_URL"):
        os.environ.pop(name, None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What passed is noted, for the table of docs/reliability.md."""
    report = yield
    if call.when == "call" and report.passed:
        note_passed(item)
    return report


@pytest.fixture(scope="session")
def databases(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> Databases:
    """Makes as many databases as a test needs: `with databases.migrated("sqlite") as url`."""
    return Databases(folder=tmp_path_factory.mktemp("databases"), server=postgres_server)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The PostgreSQL that all tests of a process share: do not stop it, make no roles in it."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """A fresh empty PostgreSQL database."""
    with databases.empty("postgresql") as url:
        yield url


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Either database in turn."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def database_url(backend: Backend, databases: Databases) -> Iterator[str]:
    """A fresh database at head, of either kind in turn."""
    with databases.migrated(backend) as url:
        yield url


@pytest.fixture
def empty_database_url(backend: Backend, databases: Databases) -> Iterator[str]:
    """A fresh database without any table, of either kind in turn."""
    with databases.empty(backend) as url:
        yield url
