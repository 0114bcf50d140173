"""A server that misbehaves to order, on a raw socket: each request gets the next turn of a script.

A turn is a function of the connection; the last one is repeated. What was asked is kept, so that a
test can count requests and look at headers. Every wait ends when the server is closed.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator

Turn = Callable[["Faulty", socket.socket], None]


class Faulty:
    """Plays `turns` on a loopback port; use it as a context."""

    def __init__(self, *turns: Turn, tls: ssl.SSLContext | None = None) -> None:
        self.turns = list(turns)
        self.tls = tls
        self.asked: list[str] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        scheme, host = ("https", "localhost") if self.tls else ("http", "127.0.0.1")
        return f"{scheme}://{host}:{self.port}"

    def header(self, index: int, name: str) -> str:
        """A header of the `index`-th request, or nothing."""
        for line in self.asked[index].split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return ""

    def __enter__(self) -> Faulty:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        for each in (self._socket, *self._connections):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with contextlib.suppress(OSError), connection:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self._connections.append(connection)
            with connection:
                while request := _read_request(connection):
                    with self._lock:
                        self.asked.append(request)
                        turn = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
                    turn(self, connection)
                    if turn.__name__ != "_kept":
                        return


def _read_request(connection: socket.socket) -> str:
    """A request with its body; nothing when the client has gone."""
    text = b""
    while b"\r\n\r\n" not in text:
        piece = connection.recv(65536)
        if not piece:
            return ""
        text += piece
    head, _, body = text.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return (head + b"\r\n\r\n" + body).decode("latin-1")


def head(status: int = 200, **headers: object) -> bytes:
    """Status line and headers; `Content_Length=3` is `Content-Length: 3`."""
    lines = [f"HTTP/1.1 {status} Phrase"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def reply(status: int = 200, body: bytes | str = b"{}", **headers: object) -> Turn:
    """A whole and polite answer, on a connection that stays open."""
    payload = body.encode() if isinstance(body, str) else body

    def _kept(_: Faulty, connection: socket.socket) -> None:
        connection.sendall(head(status, Content_Length=len(payload), **headers) + payload)

    return _kept


def raw(payload: bytes) -> Turn:
    """Exactly these bytes, then the end of the connection."""
    return lambda _, connection: connection.sendall(payload)


def cut(body: bytes = b'{"data": [', announced: int = 1000) -> Turn:
    """A body that ends before its announced length."""
    return raw(head(Content_Length=announced) + body)


def cut_chunks() -> Turn:
    """Chunks without the last one."""
    return raw(head(Transfer_Encoding="chunked") + b'5\r\n{"a":\r\n')


def reset(sent: bytes = b"") -> Turn:
    """`sent`, then a reset in place of an end."""

    def turn(_: Faulty, connection: socket.socket) -> None:
        if sent:
            connection.sendall(sent)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return turn


def stall(sent: bytes = b"") -> Turn:
    """`sent`, then silence on an open connection."""

    def turn(server: Faulty, connection: socket.socket) -> None:
        if sent:
            connection.sendall(sent)
        server.closing.wait(20)

    return turn


def drip(first: bytes, pieces: Callable[[], Iterator[bytes]], every_seconds: float) -> Turn:
    """`first`, then piece by piece, never silent for long."""

    def turn(server: Faulty, connection: socket.socket) -> None:
        connection.sendall(first)
        for piece in pieces():
            connection.sendall(piece)
            if server.closing.wait(every_seconds):
                return

    return turn


def bomb(unpacked_bytes: int) -> bytes:
    """A small gzip body that unpacks to so many bytes."""
    return gzip.compress(b" " * unpacked_bytes, compresslevel=9)
