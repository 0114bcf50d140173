"""Starts the program in processes of its own, quickly: each is forked from one that has loaded it.

A child can be told to send itself a signal where a function begins or ends, or at its n-th step (a
call or a return of Python's main thread): so every moment can be hit, and hit again. The program
knows nothing of it.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
POLL_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Moment:
    """When a child sends itself `signal_number`: at a function's `call` or `return`, or at a step.

    `place` is how the module's file name ends; `nth` counts from 1.
    """

    place: str = ""
    function: str = ""
    when: str = "call"
    nth: int = 1
    step: int = 0
    signal_number: int = signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: its exit code, or the negative number of the signal that killed it."""

    code: int
    told: str
    steps: int


class Child:
    """A process that runs the program."""

    def __init__(self, launcher: Launcher, pid: int, files: Path) -> None:
        self.pid = pid
        self._launcher, self._files = launcher, files

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, *, seconds: float = 60) -> Ended:
        """Its end; a child that does not end in time is killed, and a `TimeoutError` raised."""
        answer = self._launcher.ask({"wait": self.pid, "seconds": seconds})
        if answer["code"] is None:
            raise TimeoutError(f"process {self.pid} did not end in {seconds} s")
        steps = self._files.with_suffix(".steps")
        told = self._files.with_suffix(".told").read_text(errors="replace")
        return Ended(answer["code"], told, int(steps.read_text()) if steps.exists() else 0)


class Launcher:
    """The process from which all are forked; use it as a context."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def __enter__(self) -> Launcher:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.launcher"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def start(
        self, args: Sequence[str], *, at: Moment | None = None, counts: bool = False
    ) -> Child:
        """Runs `image-sync ARGS`; with `counts` its steps are counted."""
        self._count += 1
        files = self._folder / str(self._count)
        asked = {"args": list(args), "at": asdict(at) if at else None, "counts": counts}
        return Child(self, self.ask({**asked, "files": str(files)})["pid"], files)

    def run(self, args: Sequence[str], *, at: Moment | None = None, counts: bool = False) -> Ended:
        """The same, to its end."""
        return self.start(args, at=at, counts=counts).wait()

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())  # type: ignore[no-any-return]


def _serve() -> None:
    """The launcher's own loop; children that are left end with it."""
    _load()
    pids: set[int] = set()
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            answer: dict[str, Any] = {"code": _reaped(asked["wait"], asked["seconds"])}
            pids.discard(asked["wait"])
        else:
            pid = os.fork()
            if pid == 0:
                _be_child(asked)
            pids.add(pid)
            answer = {"pid": pid}
        print(json.dumps(answer), flush=True)  # noqa: T201 (the protocol)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _load() -> None:
    import etl

    for module in pkgutil.walk_packages(etl.__path__, "etl."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    importlib.import_module("psycopg")
    importlib.import_module("alembic.command")


def _reaped(pid: int, seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(POLL_SECONDS)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def _be_child(asked: dict[str, Any]) -> None:
    from etl.cli.main import run

    files = Path(asked["files"])
    told = os.open(files.with_suffix(".told"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor in (1, 2):
        os.dup2(told, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    steps = _armed(asked["at"], counts=asked["counts"])
    code = 1
    try:
        code = run(asked["args"])
    finally:
        sys.setprofile(None)
        if asked["counts"]:
            files.with_suffix(".steps").write_text(str(steps[0]))
        sys.stdout.flush()
        os._exit(code)


def _armed(at: dict[str, Any] | None, *, counts: bool) -> list[int]:
    """Watches the main thread, and sends the signal at its moment; gives the count of steps."""
    steps = [0]
    seen = [0]
    moment = Moment(**at) if at else Moment()

    def watch(frame: FrameType, event: str, _arg: object) -> None:
        steps[0] += 1
        if moment.function:
            code = frame.f_code
            if event != moment.when or code.co_name != moment.function:
                return
            if not code.co_filename.endswith(moment.place):
                return
            seen[0] += 1
            if seen[0] == moment.nth:
                os.kill(os.getpid(), moment.signal_number)
        elif steps[0] == moment.step:
            os.kill(os.getpid(), moment.signal_number)

    if at or counts:
        sys.setprofile(watch)
    return steps


if __name__ == "__main__":
    _serve()
