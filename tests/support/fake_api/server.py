"""An HTTP server on loopback that can also send faulty responses.

A real HTTP/1.1 server on loopback, in a thread, keeping connections open. It must not know what the
requests are about: `answer` decides.
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
_RESET: Final = struct.pack("ii", 1, 0)  # linger for no time at all: closing sends a reset


class LoopbackServer(ThreadingMixIn, TCPServer):
    """Serves from `start` to `stop`; `clock` gives epoch seconds, for the `Date` header too."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        answer: Callable[[Request], Response],
        *,
        clock: Callable[[], float],
        port: int = 0,
        tls: SSLContext | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.answer = answer
        self.clock = clock
        self.failures: list[BaseException] = []
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.socket.getsockname()[1]}"
        self._connections: set[Any] = set()
        if tls:
            # The handshake is each connection's own affair: a slow one must not stop the others.
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_STOP_POLL_SECONDS,), daemon=True
        )

    def start(self) -> None:
        """Begins to answer; connections made before this wait."""
        self._thread.start()

    def stop(self) -> None:
        """Takes no more connections and ends the open ones."""
        self.shutdown()
        self.server_close()
        self._thread.join()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remembers the connection, so that `stop` can end it."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Ends a connection: in order, unless a reset was asked for."""
        self._connections.discard(request)
        with suppress(OSError):
            if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(_RESET)) == _RESET:
                self.close_request(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away in mid-answer are their own affair."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        server = cast("LoopbackServer", self.server)
        request = self._request(server.clock())
        try:
            response = server.answer(request)
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
        """Sends what of the answer is to be sent; only a whole one keeps the connection."""
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
        """The requests are recorded, not logged."""


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
    """Epoch seconds as a `Date` header writes them."""
    return formatdate(at, usegmt=True)
