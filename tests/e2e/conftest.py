"""The program as users get it: the wheel in an environment of its own, away from the checkout."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment that holds the wheel and what it depends on, nothing else."""

    environment: Path

    def run(
        self,
        *arguments: str,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        umask: int = 0o022,
    ) -> subprocess.CompletedProcess[str]:
        """Run `image-sync` with an empty environment and nothing on standard input."""
        return self.execute(["image-sync", *arguments], cwd=cwd, env=env, umask=umask)

    def execute(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        umask: int = 0o022,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment."""
        return subprocess.run(
            [str(self.environment / "bin" / command[0]), *command[1:]],
            cwd=cwd,
            env=dict(env or {}),
            umask=umask,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive, and the wheel that was built from its contents alone."""
    folder = tmp_path_factory.mktemp("built")
    build("sdist", source=ROOT, target=folder)
    (archive,) = folder.glob("*.tar.gz")
    source = tmp_path_factory.mktemp("source")
    subprocess.run(["tar", "-xzf", archive, "-C", source, "--strip-components=1"], check=True)
    build("wheel", source=source, target=folder)
    return folder


@pytest.fixture(scope="session")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, installed by pip in a new environment."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(environment, symlinks=True)
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python")]
    options = ["--quiet", "--no-input", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", *options, str(wheel)], check=True)
    return Installed(environment)


def build(kind: str, *, source: Path, target: Path) -> None:
    """Build a `wheel` or an `sdist` with the development environment's hatchling."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind]
    subprocess.run([*command, "--directory", str(target)], cwd=source, check=True)
