"""Atomic replacement of files: written beside their place, then renamed.

A new file gets the mode that the umask allows, a replaced file keeps its mode.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING

from etl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `path` when the block ends well; else nothing does.

    Raises `UsageError` where it can't be written.
    """
    beside = path.with_name(f".image-sync-{os.getpid()}-{get_ident()}.part")
    try:
        with beside.open("xb") as file, _gone_at_last(beside):
            if path.exists():
                os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
            beside.replace(path)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}") from error


@contextmanager
def _gone_at_last(beside: Path) -> Iterator[None]:
    try:
        yield
    finally:
        beside.unlink(missing_ok=True)
