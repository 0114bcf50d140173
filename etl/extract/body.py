"""Reads a body and never more of it than allowed, packed or unpacked: a small packed body may hold
gigabytes.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK_BYTES: Final = 1 << 20

PACKINGS: Final = frozenset({"", "identity", "gzip"})

_GZIP: Final = 31  # zlib's window bits that ask for a gzip header and trailer


class Stream(Protocol):
    """What a body is read from (urllib3's response)."""

    def read(self, amt: int, /, decode_content: bool) -> bytes: ...


class BodyTooLarge(Exception):
    """The body is longer than allowed; the rest was not read."""


class BodyDamaged(Exception):
    """The body can't be unpacked, or ends too early."""


def read_body(stream: Stream, *, packing: str, most_bytes: int) -> bytes:
    """The whole body, unpacked; raises `BodyTooLarge` or `BodyDamaged`."""
    pieces = _pieces(stream)
    if packing == "gzip":
        pieces = _unpacked(pieces)
    kept, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > most_bytes:
            raise BodyTooLarge
        kept.append(piece)
    return kept[0] if len(kept) == 1 else b"".join(kept)


def _pieces(stream: Stream) -> Iterator[bytes]:
    while piece := stream.read(CHUNK_BYTES, decode_content=False):
        yield piece


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpacks gzip by bounded steps; several members one after the other are one body."""
    inflater = zlib.decompressobj(_GZIP)
    try:
        for piece in pieces:
            rest = piece
            while rest:
                if inflater.eof:
                    inflater = zlib.decompressobj(_GZIP)
                yield inflater.decompress(rest, CHUNK_BYTES)
                rest = inflater.unconsumed_tail or inflater.unused_data
        yield inflater.flush()
    except zlib.error:
        raise BodyDamaged from None
    if not inflater.eof:
        raise BodyDamaged
