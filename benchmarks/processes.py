"""Cost and output of a whole process, and processes that run beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class WrongResultError(Exception):
    """A measured program produced a wrong result, so its figures do not count."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one process from start to end, including the processes that it waited for.

    CPU time is user plus system time; the peak is that of the largest process.
    """

    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    output: str


def measure(*arguments: str, python: str = sys.executable) -> Cost:
    """Run Python with the arguments. Raises `WrongResultError` if it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [python, *arguments], stdout=subprocess.PIPE, text=True, env=_as_installed()
    )
    with process:
        output = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_seconds = time.perf_counter() - started
    if process.returncode:
        raise WrongResultError(f"{' '.join(arguments)}: exit code {process.returncode}\n{output}")
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Cost(cpu_seconds, wall_seconds, usage.ru_maxrss * 1024, output)


def _as_installed() -> dict[str, str]:
    """An environment in which modules stay compiled, as in an installed program."""
    return {key: it for key, it in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def ask(module: str, *arguments: str) -> Any:
    """The JSON that another benchmark module prints."""
    return json.loads(measure("-m", module, *arguments).output)


class Companion:
    """A process beside the measured ones that is controlled line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def read(self) -> str:
        """Its next line; "" if it has ended."""
        return self._process.stdout.readline().strip() if self._process.stdout else ""

    def write(self, line: str = "") -> None:
        """Send a line."""
        if self._process.stdin:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()


@contextmanager
def companion(module: str, *arguments: str) -> Iterator[Companion]:
    """Another benchmark module as a process, until the block ends."""
    with beside("-m", module, *arguments) as process:
        yield process


@contextmanager
def beside(*arguments: str, python: str = sys.executable) -> Iterator[Companion]:
    """A Python process with these arguments, until the block ends."""
    pipe = subprocess.PIPE
    process = subprocess.Popen([python, *arguments], stdin=pipe, stdout=pipe, text=True)
    try:
        yield Companion(process)
    finally:
        process.communicate()
