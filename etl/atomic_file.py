"""Atomic replacement of files: written beside their place, then renamed.

A new file gets the mode that the umask allows, a replaced file keeps its mode. A symbolic link
stays, and the file that it names is replaced.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from typing import BinaryIO, Final

from etl.errors import EnvironmentFailure, UsageError

# Not caused by the path that the user gave.
_ENVIRONMENT_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """A binary file that replaces `path` if the block succeeds; otherwise nothing changes.

    Raises `UsageError` if the file cannot be written, `EnvironmentFailure` if the disk is full.
    """
    try:
        target = Path(os.path.realpath(path))
        part = target.with_name(f".image-sync-{os.getpid()}-{get_ident()}.part")
        with part.open("xb") as file, _unlinked_on_exit(part):
            if target.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(target.stat().st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
            part.replace(target)
    except OSError as error:
        kind = EnvironmentFailure if error.errno in _ENVIRONMENT_ERRNOS else UsageError
        raise kind(f"{error.strerror}: cannot write {path}") from error


@contextmanager
def _unlinked_on_exit(part: Path) -> Iterator[None]:
    try:
        yield
    finally:
        part.unlink(missing_ok=True)
