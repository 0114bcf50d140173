"""A PgBouncer in transaction mode in front of a PostgreSQL server; Debian's package has it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tests.support.postgres import PostgresServer, conninfo, short_folder, unprivileged_account

PORT = 6432
POOL_SIZE = 3  # fewer than the tests' connections, so that sessions change hands
START_SECONDS = 30
CONFIG = """
[databases]
* = host={host} port={port} user=postgres
[pgbouncer]
unix_socket_dir = {folder}
listen_port = {listen_port}
auth_type = any
pool_mode = {mode}
default_pool_size = {pool_size}
max_client_conn = 200
server_idle_timeout = 600
logfile = {folder}/log
pidfile = {folder}/pid
"""


@contextmanager
def pooled(server: PostgresServer, *, mode: str = "transaction") -> Iterator[dict[str, str]]:
    """The query of a URL that leads to the server's databases through a pooler."""
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    if not Path(program).exists():
        pytest.skip("there is no pgbouncer here: apt-get install pgbouncer")
    account = unprivileged_account() if os.geteuid() == 0 else None
    folder = short_folder(account)
    host = server.url.query.get("host") or server.url.host or "127.0.0.1"
    config = folder / "pgbouncer.ini"
    config.write_text(
        CONFIG.format(
            host=host,
            port=server.url.port or 5432,
            folder=folder,
            listen_port=PORT,
            mode=mode,
            pool_size=POOL_SIZE,
        )
    )
    config.chmod(0o644)
    process = subprocess.Popen(
        [program, "-q", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
    )
    query = {"host": str(folder), "port": str(PORT)}
    try:
        _wait_for(server, query)
        yield query
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(server: PostgresServer, query: dict[str, str]) -> None:
    url = make_url(server.url).set(query=query)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(conninfo(url)).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
