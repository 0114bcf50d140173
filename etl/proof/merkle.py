"""Merkle trees of RFC 6962 with SHA-256: roots, inclusion proofs and consistency proofs.

`check` contains the hashes and the verification of inclusion; witnesses verify consistency.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from etl.proof.check import node_hash

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()


class Frontier:
    """Right edge of a tree: what appending a leaf needs, one hash for each bit set in its size."""

    def __init__(self, size: int = 0, data: bytes = b"") -> None:
        """`data`: the hashes of the complete subtrees, largest first. Raises `ValueError`."""
        if len(data) != size.bit_count() * HASH_BYTES:
            raise ValueError("the frontier does not fit the size of the tree")
        self.size = size
        self._hashes = split_hashes(data)

    @property
    def data(self) -> bytes:
        """The hashes, concatenated."""
        return b"".join(self._hashes)

    def append(self, leaf: bytes) -> None:
        """Add the hash of a leaf."""
        node, size = leaf, self.size
        while size & 1:
            node, size = node_hash(self._hashes.pop(), node), size >> 1
        self._hashes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Root of the whole tree."""
        if not self._hashes:
            return EMPTY_ROOT
        root = self._hashes[-1]
        for node in reversed(self._hashes[:-1]):
            root = node_hash(node, root)
        return root


class Tree:
    """A tree over given leaf hashes that computes roots and proofs of every prefix."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        self._levels = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            pairs = zip(below[::2], below[1::2], strict=False)
            self._levels.append([node_hash(left, right) for left, right in pairs])

    def __len__(self) -> int:
        return len(self._levels[0])

    def root(self, size: int | None = None) -> bytes:
        """Root of the first `size` leaves (default: all)."""
        size = len(self) if size is None else size
        if not 0 <= size <= len(self):
            raise ValueError(f"the tree has {len(self)} leaves, not {size}")
        return self._subtree(0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """Hashes that prove a leaf of the first `size` leaves, from its sibling upwards."""
        size = len(self) if size is None else size
        if not 0 <= index < size <= len(self):
            raise ValueError(f"no leaf {index} in a tree of {size}")
        proof: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._subtree(middle, end))
                end = middle
            else:
                proof.append(self._subtree(start, middle))
                start = middle
        return proof[::-1]

    def consistency_proof(self, old: int, size: int | None = None) -> list[bytes]:
        """Hashes that prove that the first `old` leaves are a prefix of the first `size` leaves."""
        size = len(self) if size is None else size
        if not 0 <= old <= size <= len(self):
            raise ValueError(f"no prefix of {old} leaves in a tree of {size}")
        if old in (0, size):
            return []
        proof: list[bytes] = []
        start, end = 0, size
        while old != end:
            middle = start + _split(end - start)
            if old <= middle:
                proof.append(self._subtree(middle, end))
                end = middle
            else:
                proof.append(self._subtree(start, middle))
                start = middle
        if start:  # RFC 6962: the old root itself is left out where the verifier knows it
            proof.append(self._subtree(start, end))
        return proof[::-1]

    def _subtree(self, start: int, end: int) -> bytes:
        """Root of the leaves from `start` up to `end`; `start` is a multiple of the larger half."""
        count = end - start
        if count & (count - 1) == 0:
            level = count.bit_length() - 1
            return self._levels[level][start >> level]
        middle = start + _split(count)
        return node_hash(self._subtree(start, middle), self._subtree(middle, end))


def split_hashes(data: bytes) -> list[bytes]:
    """Hashes that were concatenated."""
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def _split(count: int) -> int:
    """Largest power of two that is smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1
