"""A proxy between the program and PostgreSQL that counts statements, cuts, goes deaf and refuses.

It listens on a Unix socket in a folder of its own and speaks enough of the protocol to tell one
message from the next. A statement is a Query, an Execute or a CopyDone; all connections are
counted together, in the order in which their statements come.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url

from tests.support.postgres import short_folder

STATEMENTS = {ord("Q"), ord("E"), ord("c")}
SOCKET = ".s.PGSQL.5432"
LENGTH = 4


@dataclass(eq=False)
class _Link:
    """One client's connection and ours to the server."""

    client: socket.socket
    server: socket.socket
    is_muted: bool = False  # the server's next word ends it, and is not passed on

    def cut(self) -> None:
        for each in (self.client, self.server):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.cut()
        self.client.close()
        self.server.close()


class Proxy:
    """Stands before the server of `url` (a socket's folder in its query); use it as a context."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self._target = str(Path(str(parsed.query["host"])) / SOCKET)
        self._folder = short_folder(None)
        self.url = parsed.update_query_dict({"host": str(self._folder)}).render_as_string(
            hide_password=False
        )
        self.statements = 0
        self._cut_at: int | None = None
        self._is_after = False
        self._is_deaf = self._is_refusing = False
        self._guard = threading.Lock()
        self._links: list[_Link] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._folder / SOCKET))
        self._listener.listen(64)

    def __enter__(self) -> Proxy:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in self._links:
            link.close()
        for thread in self._threads:
            thread.join(5)
        shutil.rmtree(self._folder, ignore_errors=True)

    def cut_at(self, number: int, *, is_after: bool = False) -> None:
        """Cuts the connection at the `number`-th statement from now, counted from 1.

        The server never gets it; with `is_after` the server does it, and its answer is lost.
        """
        with self._guard:
            self.statements = 0
            self._cut_at, self._is_after = number, is_after

    def count(self) -> None:
        """Counts from now on, and cuts nothing."""
        self.cut_at(0)

    def deafen(self, *, is_deaf: bool = True) -> None:
        """Takes everything in and passes nothing on, with the connections left open."""
        self._is_deaf = is_deaf

    def refuse(self, *, is_refusing: bool = True) -> None:
        """Ends each new connection at once."""
        self._is_refusing = is_refusing

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._is_refusing:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self._target)
            except OSError:
                client.close()
                server.close()
                continue
            link = _Link(client, server)
            self._links.append(link)
            for pump in (self._pump_in, self._pump_out):
                self._start(pump, link)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _pump_in(self, link: _Link) -> None:
        """The client's messages, one by one."""
        with contextlib.suppress(OSError, EOFError):
            self._pass(link, _read(link.client, LENGTH), has_type=False)
            while True:
                self._pass(link, _read(link.client, 1 + LENGTH), has_type=True)
        link.cut()

    def _pass(self, link: _Link, head: bytes, *, has_type: bool) -> None:
        length = int.from_bytes(head[-LENGTH:]) - LENGTH
        body = _read(link.client, length)
        if has_type and head[0] in STATEMENTS:
            self._count(link)
        if not self._is_deaf:
            link.server.sendall(head + body)

    def _count(self, link: _Link) -> None:
        with self._guard:
            self.statements += 1
            is_here = self.statements == self._cut_at
        if is_here and self._is_after:
            link.is_muted = True
        elif is_here:
            raise EOFError

    def _pump_out(self, link: _Link) -> None:
        with contextlib.suppress(OSError):
            while (words := link.server.recv(65536)) and not link.is_muted:
                if not self._is_deaf:
                    link.client.sendall(words)
        link.cut()


def _read(connection: socket.socket, size: int) -> bytes:
    """Exactly so many bytes; raises `EOFError` at the end."""
    pieces = []
    while size:
        piece = connection.recv(min(size, 65536))
        if not piece:
            raise EOFError
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
