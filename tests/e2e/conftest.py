"""The program as users install it: the wheel in an environment of its own, without the checkout."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the wheel and its dependencies, nothing else."""

    environment: Path

    def run(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run `image-sync`."""
        return self.execute(["image-sync", *arguments], cwd=cwd)

    def execute(self, command: Sequence[str], *, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment."""
        return run_bare([str(self.environment / "bin" / command[0]), *command[1:]], cwd=cwd)

    def shell(
        self, script: str, *arguments: str, cwd: Path, umask: int = 0o022
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command with its arguments."""
        return run_bare(["/bin/sh", "-c", script, "sh", *arguments], cwd=cwd, umask=umask)


def run_bare(
    command: Sequence[str], *, cwd: Path, umask: int = 0o022
) -> subprocess.CompletedProcess[str]:
    """Run with an empty environment and without standard input."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={},
        umask=umask,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive and the wheel that was built from it."""
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
    options = ["--quiet", "--no-input", "--no-compile", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", *options, str(wheel)], check=True)
    return Installed(environment)


def build(kind: str, *, source: Path, target: Path) -> None:
    """Build a `wheel` or an `sdist` with the development environment's hatchling."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind]
    subprocess.run([*command, "--directory", str(target)], cwd=source, check=True)
