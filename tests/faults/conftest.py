"""Scenes in which the program is killed, or asked to end."""

from __future__ import annotations

import pytest

from tests.support.cli_world import Scene
from tests.support.fake_api import FakeApi
from tests.support.launcher import Launcher
from tests.support.syncing import image


@pytest.fixture(scope="module")
def launcher(tmp_path_factory):
    with Launcher(tmp_path_factory.mktemp("launcher")) as launcher:
        yield launcher


@pytest.fixture(scope="module")
def api():
    with FakeApi([image(number) for number in range(5)]) as api:
        yield api


@pytest.fixture(scope="module")
def scenes(launcher, api, databases, tmp_path_factory):
    """For each database a scene after its first run."""
    folder = tmp_path_factory.mktemp("scenes")
    with databases.migrated("sqlite") as sqlite, databases.migrated("postgresql") as postgresql:
        scenes = {
            "sqlite": Scene(launcher, folder, api, sqlite),
            "postgresql": Scene(launcher, folder, api, postgresql),
        }
        yield scenes


@pytest.fixture
def scene(backend, scenes):
    """A scene at rest."""
    assert scenes[backend].run("sync") == 0
    return scenes[backend]
