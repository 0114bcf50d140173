"""An HTTP server on loopback that can also send faulty responses.

It runs in a thread, speaks HTTP/1.1 and keeps connections open. `respond` decides what it sends.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

from tests.support.fake_api.messages import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

_STOP_POLL_SECONDS: Final = 0.01
_RESET: Final = struct.pack("ii", 1, 0)  # no lingering: closing sends a reset


class LoopbackServer(ThreadingMixIn, TCPServer):
    """Serves from `start` to `stop`; `clock` returns epoch seconds."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        respond: Callable[[Request], Response],
        *,
        clock: Callable[[], float],
        port: int = 0,
        tls: SSLContext | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.respond = respond
        self.clock = clock
        self.failures: list[BaseException] = []
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.socket.getsockname()[1]}"
        self._connections: set[Any] = set()
        if tls:
            # Each connection's thread does its handshake: a slow one must not stop the others.
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_STOP_POLL_SECONDS,), daemon=True
        )

    def start(self) -> None:
        """Begin to respond; earlier connections wait until then."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more connections and end the open ones."""
        self.shutdown()
        self.server_close()
        self._thread.join()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that `stop` can end it."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection: in order, unless it is to be reset."""
        self._connections.discard(request)
        with suppress(OSError):
            if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(_RESET)) == _RESET:
                self.close_request(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may disconnect at any time."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        server = cast("LoopbackServer", self.server)
        request = self._request(server.clock())
        try:
            response = server.respond(request)
        except Exception as error:
            server.failures.append(error)
            response = Response(500, repr(error).encode())
        self._send(response)

    do_POST = do_PUT = do_GET  # noqa: N815 - likewise

    def _request(self, at: float) -> Request:
        address = urlsplit(self.path)
        return Request(
            method=self.command,
            path=address.path,
            query=dict(parse_qsl(address.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
            at=at,
        )

    def _send(self, response: Response) -> None:
        """Send the response or its part; only a complete one keeps the connection."""
        if isinstance(response.body, bytes):
            whole = _head(response) + response.body
            self.connection.sendall(whole[: response.cut_after])
            self.close_connection |= response.cut_after is not None
        else:
            self.close_connection = True
            self.connection.sendall(_head(response))
            for part in response.body:
                self.connection.sendall(part)
        if response.reset:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def log_message(self, *_: object) -> None:
        """Requests are recorded, not logged."""


def _head(response: Response) -> bytes:
    headers = dict(response.headers)
    if isinstance(response.body, bytes):
        headers.setdefault("Content-Length", str(len(response.body)))
    else:
        headers.setdefault("Connection", "close")
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {response.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def http_date(at: float) -> str:
    """Epoch seconds in the format of a `Date` header."""
    return formatdate(at, usegmt=True)
