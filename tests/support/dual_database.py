"""One source, recorded by both databases at once: what a run is served, and what the record says.

Each step is done on SQLite and then on PostgreSQL, over one served catalogue that is put back in
between, so that both get the same answers. While a run waits for an answer, no transaction may be
open and readers must see the record as it was. Each answer echoes a secret.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import make_url

from etl.database.engine import open_reader
from etl.database.schema import metadata
from etl.run import RunOutcome
from tests.support.databases import BACKENDS, Databases
from tests.support.fake_api import FakeApi, Request, Response
from tests.support.postgres import conninfo
from tests.support.syncing import RUN_TABLES, START
from tests.support.verified import assert_consistent

Answer = Callable[[Request], Response | None]
SECRET = "canary-token+/="  # what the source is let in by

# Numbers that only name a row, and the process that wrote it: nobody promises them.
UNTOLD = {"image_key", "reject_id", "pid"}
RELATIONS = (
    *("images", "image_versions", "image_changes", "image_removals", "image_dev_services"),
    *("image_resource_categories", "image_tags", "image_components", "sync_runs", "source_runs"),
    *("rejects", "source_fields", "held_removals"),
)
VERSIONS = "select source, image_id, version, valid_from, valid_to from image_versions"

# Where a run may be killed: before or after a call, by the name that its caller knows it by.
BORDERS = {
    "before the lock": ("etl.run_context", "source_lock", "before"),
    "under the lock": ("etl.sync", "read_baseline", "before"),
    "before the first request": ("etl.sync", "open_client", "before"),
    "after the walk": ("etl.sync", "classify_absences", "before"),
    "before the lookups": ("etl.sync", "look_up", "before"),
    "after the decision": ("etl.sync", "decide_removals", "after"),
    "before the commit": ("etl.load.commit", "source_transaction", "before"),
    "changes written": ("etl.load.commit", "write_changes", "after"),
    "presence written": ("etl.load.commit", "write_reseen", "after"),
    "removals written": ("etl.load.commit", "write_decision", "after"),
    "rejects written": ("etl.load.commit", "write_rejects", "after"),
    "before the log entry": ("etl.load.commit", "append_run", "before"),
    "log entry written": ("etl.load.commit", "append_run", "after"),
    "committed": ("etl.sync", "commit", "after"),
    "before the run's end": ("etl.run", "end_run", "before"),
    "after the run's end": ("etl.run", "end_run", "after"),
}
COMMITTED = {"committed", "before the run's end", "after the run's end"}


@dataclass
class Twin:
    """One of the two databases; `watch` sees it from outside."""

    url: str
    watch: Any
    before: Any = None
    requests: int = 0
    trouble: list[str] = field(default_factory=list)

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """What a query gives, spelled alike on both databases."""
        cursor = self.watch.execute(statement)
        names = [each[0] for each in cursor.description]
        return [
            {name: plain(value) for name, value in zip(names, row, strict=True)}
            for row in cursor.fetchall()
        ]

    def relation(self, name: str) -> list[str]:
        """A relation's rows, sorted, without what only names a row."""
        return sorted(
            json.dumps({key: row[key] for key in row if key not in UNTOLD}, sort_keys=True)
            for row in self.rows(f"select * from {name}")
        )

    def tables(self) -> dict[str, list[str]]:
        """Every row of every table but those that each run adds to."""
        names = [name for name in metadata.tables if name not in RUN_TABLES]
        return {name: sorted(map(str, self.rows(f"select * from {name}"))) for name in names}

    def tells(self, text: str) -> bool:
        """Whether it stands anywhere in any table."""
        told = {text, text.encode().hex()}
        rows = (row for name in metadata.tables for row in self.rows(f"select * from {name}"))
        return any(each in str(row) for row in rows for each in told)

    def adds_up(self) -> None:
        """Raises `RecordInconsistent` where the record contradicts itself."""
        engine = open_reader(self.url)
        try:
            with engine.connect() as connection:
                assert_consistent(connection)
        finally:
            engine.dispose()

    def look(self) -> None:
        """While a run waits for an answer: no transaction is open, readers see the last commit."""
        self.requests += 1
        if self.is_sqlite:
            self._write_through()
        elif busy := self.others("and state <> 'idle'"):
            self.trouble.append(f"a transaction waits for the network: {busy}")
        if self.requests % 3 == 1 and self.rows(VERSIONS) != self.before:
            self.trouble.append("half a run is seen")

    def _write_through(self) -> None:
        """SQLite: a write gets into the file at once, unless others write or still read."""
        try:
            self.watch.execute("pragma user_version = 0")
        except sqlite3.OperationalError as error:
            self.trouble.append(f"a transaction waits for the network: {error}")

    def others(self, more: str = "") -> list[Any]:
        """PostgreSQL: the states of the sessions of this database, but for this one."""
        return self.watch.execute(
            "select state from pg_stat_activity where datname = current_database()"
            f" and backend_type = 'client backend' and pid <> pg_backend_pid() {more}"
        ).fetchall()

    def settle(self) -> None:
        """Until the server has noticed that a killed client is gone."""
        deadline = time.monotonic() + 20
        while not self.is_sqlite and self.others():
            assert time.monotonic() < deadline, "a killed client's session does not end"
            time.sleep(0.005)


class Twins:
    """The served catalogue and the two databases."""

    def __init__(self, api: FakeApi, twins: list[Twin]) -> None:
        self.api = api
        self.twins = twins
        self.now = START
        self.has_run = False  # since the record was last looked at

    def each(
        self, serve: Callable[[], Answer], do: Callable[[Twin], RunOutcome | None]
    ) -> list[RunOutcome | None]:
        """Does a step on either database; `serve` puts the catalogue back and gives its faults."""
        self.now += timedelta(hours=1)
        self.has_run = True
        outcomes = []
        for twin in self.twins:
            outcomes.append(self._done(twin, serve(), do))
            assert not twin.trouble, twin.trouble
        return outcomes

    def _done(
        self, twin: Twin, answer: Answer, do: Callable[[Twin], RunOutcome | None]
    ) -> RunOutcome | None:
        twin.before, twin.requests = twin.rows(VERSIONS), 0
        numbers = iter(range(1, 100_000))

        def receive(request: Request) -> Response:
            response = answer(request) or self.api.respond(request)
            if response.status != 403:  # a refused run may have gone on without this answer
                twin.look()
            headers = {**response.headers, "X-Request-Id": f"r-{next(numbers)}-{SECRET}"}
            return replace(response, headers=headers)

        self.api.before_request = receive
        self.api.requests.clear()
        return do(twin)

    def agree(self) -> None:
        """Promise 6: both databases are in the same state."""
        for name in RELATIONS:
            ours, theirs = (Counter(twin.relation(name)) for twin in self.twins)
            assert ours == theirs, (name, list(ours - theirs), list(theirs - ours))


def plain(value: Any) -> Any:
    """A column's value, whichever database it is of."""
    if isinstance(value, datetime):
        told = value.astimezone(UTC).isoformat(timespec="milliseconds")
        return told.replace("+00:00", "Z")
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        return json.loads(value)
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


@contextmanager
def twins(databases: Databases) -> Iterator[Twins]:
    """Two empty databases at head; nothing is served yet."""
    with ExitStack() as stack:
        api = stack.enter_context(FakeApi([]))
        pair = []
        for backend in BACKENDS:
            url = stack.enter_context(databases.migrated(backend))
            pair.append(Twin(url, stack.enter_context(closing(_watch(url)))))
        yield Twins(api, pair)


def _watch(url: str) -> Any:
    if url.startswith("sqlite"):
        file = str(make_url(url).database)
        watch = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=0)
        watch.execute("pragma synchronous = off")
        return watch
    connection = psycopg.connect(conninfo(url), autocommit=True)
    connection.execute("set time zone 'UTC'")
    return connection


def killed_at(border: str, work: Callable[[], RunOutcome]) -> bool:
    """Does `work` in a process of its own that kills itself at the border; whether it got there.

    It goes by the number of this process, since digests hold the number.
    """
    pid = os.getpid()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the server's threads stay behind
        child = os.fork()
    if not child:
        try:
            _mine(os.getpid(), *BORDERS[border])
            with patch("os.getpid", return_value=pid):
                work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _mine(pid: int, module: str, name: str, when: str) -> None:
    owner = import_module(module)
    reached = getattr(owner, name)

    def killing(*args: Any, **kwargs: Any) -> Any:
        if when == "after":
            reached(*args, **kwargs)
        os.kill(pid, signal.SIGKILL)

    setattr(owner, name, killing)
