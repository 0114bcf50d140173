"""Response bodies: read in pieces, decompressed in bounded steps, never much more than allowed."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import requests

CHUNK_BYTES: Final = 1 << 18
_GZIP_WINDOW_BITS: Final = 31


class IncompleteBody(Exception):
    """The body cannot be decompressed, or ends too early."""


@dataclass(slots=True)
class Body:
    """A body read so far; `is_too_large`: it was not read any further."""

    max_bytes: int
    size: int = 0
    pieces: list[bytes] = field(default_factory=list)

    @property
    def is_too_large(self) -> bool:
        return self.size > self.max_bytes

    @property
    def content(self) -> bytes:
        return b"" if self.is_too_large else b"".join(self.pieces)


def read_body(
    incoming: requests.Response, *, is_gzip: bool, max_bytes: int, deadline: float
) -> Body:
    """Read a body, never much more of it than allowed, whether compressed or not."""
    body = Body(max_bytes)
    pieces = _pieces(incoming, deadline)
    for piece in _decompressed(pieces) if is_gzip else pieces:
        body.size += len(piece)
        if body.is_too_large:
            break
        body.pieces.append(piece)
    return body


def _pieces(incoming: requests.Response, deadline: float) -> Iterator[bytes]:
    while piece := incoming.raw.read1(CHUNK_BYTES, decode_content=False):
        yield piece
        if time.monotonic() > deadline:
            raise TimeoutError


def _decompressed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress in bounded steps: a small body may contain gigabytes."""
    inflater = zlib.decompressobj(_GZIP_WINDOW_BITS)
    try:
        for piece in pieces:
            rest = piece
            while rest:
                if inflater.eof:  # several gzip members are one body
                    inflater = zlib.decompressobj(_GZIP_WINDOW_BITS)
                yield inflater.decompress(rest, CHUNK_BYTES)
                rest = inflater.unconsumed_tail or inflater.unused_data
        yield inflater.flush()
    except zlib.error:
        raise IncompleteBody from None
    if not inflater.eof:
        raise IncompleteBody
