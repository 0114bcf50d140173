"""Shards: a stable division of the sources among hosts.

A source's shard depends on its name alone, so adding or removing a source moves no other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

from etl.errors import UsageError


@dataclass(frozen=True, slots=True)
class Shard:
    """Share `number` of `count`, counted from 1."""

    number: int
    count: int

    def has(self, source: str) -> bool:
        """Whether the source of this name belongs to the share."""
        return shard_key(source) % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def shard_key(source: str) -> int:
    """The number that shares go by: 48 bits of the name's digest, exact in every JSON reader."""
    return int.from_bytes(blake2b(source.encode(), digest_size=6).digest())


def parse_shard(text: str) -> Shard:
    """`2/3` as the second of three shares. Raises `UsageError`."""
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if found and 1 <= int(found[1]) <= int(found[2]):
        return Shard(int(found[1]), int(found[2]))
    raise UsageError(f"no share of the sources: {text!r}", hint="K/N, with K from 1 to N, as 2/3")
