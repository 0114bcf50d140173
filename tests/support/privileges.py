"""Lets root meet the rights of files as everybody else does."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VERSION = 0x20080522  # of the kernel's interface, with 64 capabilities
BEYOND_RIGHTS = 1 << 1  # CAP_DAC_OVERRIDE: write whatever the rights of a file say


@contextmanager
def bound_by_rights() -> Iterator[None]:
    """This thread can't write what the rights of files forbid, even as root."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    head, words = (ctypes.c_uint32 * 2)(VERSION, 0), (ctypes.c_uint32 * 6)()
    _succeeded(libc.capget(head, words))
    effective = words[0]
    words[0] = effective & ~BEYOND_RIGHTS
    _succeeded(libc.capset(head, words))
    try:
        yield
    finally:
        words[0] = effective
        _succeeded(libc.capset(head, words))


def _succeeded(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), "capabilities can't be set")


@contextmanager
def rights(*paths_and_modes: tuple[Path, int]) -> Iterator[None]:
    """The rights of files for as long as the block runs, with root bound by them."""
    before = [(path, path.stat().st_mode) for path, _ in paths_and_modes]
    for path, mode in paths_and_modes:
        path.chmod(mode)
    try:
        with bound_by_rights():
            yield
    finally:
        for path, mode in before:
            path.chmod(mode)
