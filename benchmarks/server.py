"""A process that serves both generations of a catalogue from ready-made pages, on loopback.

`python -m benchmarks.server SIZE` prints its port and the expected contents as a line of JSON, and
ends with its standard input. `PUT /shown/GENERATION/LATENCY_MS` selects the generation and the
latency. It answers only the requests of a sync. Pages are in a temporary file, so that a million
images take no memory of this process.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from itertools import islice
from socketserver import StreamRequestHandler, ThreadingTCPServer
from tempfile import TemporaryFile
from typing import BinaryIO, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from benchmarks.catalogue import Record, records, removed_rows
from benchmarks.truth import COLUMNS, NOTHING_REMOVED, Contents, contents

PAGE_ROWS: Final = 1000
_GONE: Final = b'{"error_code":"ModelArts.6404","error_msg":"The image does not exist"}'
_NO_SUCH_CALL: Final = b'{"error_code":"APIGW.0101","error_msg":"The API does not exist"}'
_PAST_THE_END: Final = b'{"error_code":"ModelArts.6400","error_msg":"fromIndex > toIndex"}'


class Shown:
    """The complete responses of the selected generation; `pages` is the file that keeps them."""

    def __init__(self, size: int, pages: BinaryIO) -> None:
        self._file = pages
        self._places: dict[int, list[tuple[int, int]]] = {1: [], 2: []}
        self._removed: list[Record] = []
        self.truth = {str(number): self._lay_out(size, number) for number in self._places}
        self.truth[NOTHING_REMOVED] = self.truth["2"] + _truth(self._removed)
        self._removed_ids = frozenset(image["id"] for image in self._removed)
        self.generation = 1
        self.latency_seconds = 0.0

    def _lay_out(self, size: int, generation: int) -> Contents:
        """Write the pages of a generation; returns its expected contents."""
        truth = _truth([])
        images = records(size, generation=generation)
        gone = removed_rows(size) if generation == 1 else ()
        count = -(-size // PAGE_ROWS)
        for number in range(count):
            rows = list(islice(images, PAGE_ROWS))
            first = number * PAGE_ROWS
            self._removed += [image for row, image in enumerate(rows, first) if row in gone]
            truth += _truth(rows)
            about = {"current": number, "pages": count, "size": PAGE_ROWS, "total": size}
            answer = _response("200 OK", msgspec.json.encode({**about, "data": rows}))
            self._places[generation].append((self._file.tell(), len(answer)))
            self._file.write(answer)
        self._file.flush()
        return truth

    def answer(self, target: str) -> bytes:
        """The response to a GET request."""
        url = urlsplit(target)
        match url.path.strip("/").split("/"):
            case ["v1", _, "images"]:
                return self._page(parse_qs(url.query))
            case ["v1", _, "images", image_id]:
                return self._image(image_id)
        return _response("404 Not Found", _NO_SUCH_CALL)

    def _page(self, query: dict[str, list[str]]) -> bytes:
        number = int(query["offset"][0]) // PAGE_ROWS
        places = self._places[self.generation]
        if number >= len(places):
            return _response("400 Bad Request", _PAST_THE_END)
        start, length = places[number]
        return os.pread(self._file.fileno(), length, start)

    def _image(self, image_id: str) -> bytes:
        if self.generation == 2 and image_id in self._removed_ids:
            return _response("400 Bad Request", _GONE)
        return _response("200 OK", msgspec.json.encode({"id": image_id, "status": "ACTIVE"}))


class Handler(StreamRequestHandler):
    """One connection with any number of requests."""

    disable_nagle_algorithm = True
    server: Server

    def handle(self) -> None:
        with suppress(ConnectionResetError):  # a client that ends leaves its connections open
            self._answer_all()

    def _answer_all(self) -> None:
        while line := self.rfile.readline():
            while self.rfile.readline().strip():
                pass  # headers are ignored
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


def _truth(images: list[Record]) -> Contents:
    return contents([image.get(name) for name in COLUMNS] for image in images)


def _response(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


def main() -> None:
    """Serve until standard input closes."""
    with TemporaryFile() as pages, Server(Shown(int(sys.argv[1]), pages)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        line = {"port": server.server_address[1], "truth": server.shown.truth}
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
