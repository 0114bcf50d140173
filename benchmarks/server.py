"""A process that serves both generations of a catalogue from ready-made pages, on loopback.

`python -m benchmarks.server SIZE` tells its port and the truth as a line of JSON, and ends with its
standard input. `PUT /shown/GENERATION/LATENCY_MS` says what it shows from then on. It answers what
a sync asks and no more; each answer is one write of bytes that were there before.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from benchmarks.catalogue import records, removed_rows
from benchmarks.truth import COLUMNS, Contents, contents

PAGE_ROWS: Final = 1000
_GONE: Final = b'{"error_code":"ModelArts.6404","error_msg":"The image does not exist"}'
_NO_SUCH_CALL: Final = b'{"error_code":"APIGW.0101","error_msg":"The API does not exist"}'
_PAST_THE_END: Final = b'{"error_code":"ModelArts.6400","error_msg":"fromIndex > toIndex"}'


class Shown:
    """The answers of one moment, whole: head and body."""

    def __init__(self, size: int) -> None:
        images = {number: list(records(size, generation=number)) for number in (1, 2)}
        self.truth = {number: _truth(each) for number, each in images.items()}
        self._pages = {number: _pages(each) for number, each in images.items()}
        self._removed = frozenset(images[1][row]["id"] for row in removed_rows(size))
        self.generation = 1
        self.latency_seconds = 0.0

    def answer(self, target: str) -> bytes:
        """The answer to a GET."""
        url = urlsplit(target)
        match url.path.strip("/").split("/"):
            case ["v1", _, "images"]:
                return self._page(parse_qs(url.query))
            case ["v1", _, "images", image_id]:
                return self._image(image_id)
        return _response("404 Not Found", _NO_SUCH_CALL)

    def _page(self, query: dict[str, list[str]]) -> bytes:
        number = int(query["offset"][0]) // PAGE_ROWS
        pages = self._pages[self.generation]
        return pages[number] if number < len(pages) else _response("400 Bad Request", _PAST_THE_END)

    def _image(self, image_id: str) -> bytes:
        if self.generation == 2 and image_id in self._removed:
            return _response("400 Bad Request", _GONE)
        return _response("200 OK", msgspec.json.encode({"id": image_id, "status": "ACTIVE"}))


class Handler(StreamRequestHandler):
    """One connection, for as many requests as it is kept open for."""

    disable_nagle_algorithm = True
    server: Server

    def handle(self) -> None:
        with suppress(ConnectionResetError):  # a client that ends leaves its connections open
            self._answer_all()

    def _answer_all(self) -> None:
        while line := self.rfile.readline():
            while self.rfile.readline().strip():
                pass  # what the headers say changes nothing
            method, target, _ = line.decode().split()
            if method == "PUT":
                self._show(target)
                continue
            time.sleep(self.server.shown.latency_seconds)
            self.wfile.write(self.server.shown.answer(target))

    def _show(self, target: str) -> None:
        generation, latency_ms = map(int, target.split("/")[2:])
        self.server.shown.generation = generation
        self.server.shown.latency_seconds = latency_ms / 1000
        self.wfile.write(_response("200 OK", b"{}"))


class Server(ThreadingTCPServer):
    """Listens on a free port of loopback."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, shown: Shown) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.shown = shown


def _truth(images: list[dict[str, Any]]) -> Contents:
    return contents([image.get(name) for name in COLUMNS] for image in images)


def _pages(images: list[dict[str, Any]]) -> list[bytes]:
    total = len(images)
    count = -(-total // PAGE_ROWS)
    about = {"pages": count, "size": PAGE_ROWS, "total": total}
    return [
        _response("200 OK", msgspec.json.encode({"current": number, **about, "data": rows}))
        for number, rows in enumerate(
            images[start : start + PAGE_ROWS] for start in range(0, total, PAGE_ROWS)
        )
    ]


def _response(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


def main() -> None:
    """Serve until standard input closes."""
    shown = Shown(int(sys.argv[1]))
    with Server(shown) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told = {"port": server.server_address[1], "truth": shown.truth}
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
