"""Several hosts that share the sources: worker processes, each with a home and a folder of its own.

Every host puts its name into the User-Agent, so that the API can tell them apart.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

WAIT_SECONDS = 900 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 120
POLL_SECONDS = 0.2

DATABASE = '[database]\nurl = "{url}"\n[http]\nuser_agent_suffix = "host-{host}"\n'
SOURCE = '[[source]]\nname = "{name}"\nendpoint = "{endpoint}"\nproject_id = "{number:032x}"\n'


class Fleet:
    """Hosts in folders of their own, one API and one database between them."""

    def __init__(self, folder: Path, *, endpoint: str, database_url: str, sources: int) -> None:
        self._folder = folder
        self._endpoint = endpoint
        self._url = database_url
        self.sources = [f"source-{number:03}" for number in range(sources)]
        self.processes: dict[str, subprocess.Popen[str]] = {}

    def command(self, host: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command on a host, to its end."""
        return subprocess.run(
            self._line(host, *arguments),
            cwd=self._home(host),
            env=self._environment(host),
            capture_output=True,
            text=True,
            check=True,
        )

    @contextmanager
    def workers(self, hosts: Sequence[str], *options: str) -> Iterator[None]:
        """A worker on each host; killed at the end where they still run."""
        for host in hosts:
            self.processes[host] = subprocess.Popen(
                self._line(host, "scale", "worker", *options),
                cwd=self._home(host),
                env=self._environment(host),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        try:
            yield
        finally:
            for process in self.processes.values():
                process.kill()
                process.communicate()

    def kill(self, host: str) -> None:
        """Ends a host's worker as a power cut does."""
        self.processes[host].kill()

    def end(self, host: str) -> tuple[int, str]:
        """Asks a host's worker to end; its exit code and its output."""
        self.processes[host].send_signal(signal.SIGTERM)
        output, _ = self.processes[host].communicate(timeout=WAIT_SECONDS)
        return self.processes[host].returncode, output

    def wait_until_done(self) -> float:
        """Wait until no job is waiting or running; return the seconds that it took."""
        began = time.monotonic()
        open_jobs = "select count(*) from procrastinate_jobs where status in ('todo', 'doing')"
        ours = " and task_name = 'image-sync sync'"
        while self.rows(open_jobs + ours) != [(0,)]:
            assert time.monotonic() < began + WAIT_SECONDS, "the jobs do not end"
            time.sleep(POLL_SECONDS)
        return time.monotonic() - began

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """The result of a statement."""
        url = make_url(self._url).set(drivername="postgresql")
        with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
            return connection.execute(statement.encode()).fetchall()

    def _line(self, host: str, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "etl", "-c", str(self._config(host)), *arguments]

    def _home(self, host: str) -> Path:
        home = self._folder / host
        home.mkdir(exist_ok=True)
        return home

    def _environment(self, host: str) -> dict[str, str]:
        """Nothing of ours but where Python finds the program and coverage its settings."""
        kept = {
            name: value for name, value in os.environ.items() if name.startswith(("COV", "PYTHON"))
        }
        return {**kept, "HOME": str(self._home(host))}

    def _config(self, host: str) -> Path:
        path = self._home(host) / "config.toml"
        sources = [
            SOURCE.format(name=name, endpoint=self._endpoint, number=number)
            for number, name in enumerate(self.sources, 1)
        ]
        path.write_text("\n".join([DATABASE.format(url=self._url, host=host), *sources]))
        path.chmod(0o600)
        return path
