"""A separate environment for each of the other tools, created on first use."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_PIP: Final = ("-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "install")


class NotInstallableError(Exception):
    """The packages cannot be installed here; the text is pip's last line."""


def environment(folder: Path, packages: Iterable[str]) -> Path:
    """The Python of the environment in `folder`, created again if the packages changed."""
    python, stamp = folder / "bin" / "python", folder / "packages"
    wanted = "\n".join([sys.version, *packages])
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        _install(python, packages)
        stamp.write_text(wanted)
    return python


def _install(python: Path, packages: Iterable[str]) -> None:
    command = [str(python), *_PIP, *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstallableError(done.stderr.strip().rpartition("\n")[2])
