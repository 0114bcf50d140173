"""Options of one execution: which sources it reads, and how."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from etl.errors import UsageError


@dataclass(frozen=True, slots=True)
class Shard:
    """Shard `number` of `count`, counted from 1: a stable division of the sources among hosts.

    A source's shard depends on its name alone, so adding or removing a source moves no other.
    """

    number: int
    count: int

    def has(self, source: str) -> bool:
        """Whether the source with this name belongs to the shard."""
        return shard_key(source) % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """Options of one execution, as the command line gives them.

    `source_names` or `shard` select sources (neither: all). `accepts_removals` switches the guard
    off. `wait_seconds` bounds the wait for another run's lock. `parallel` sources are read at once.
    """

    source_names: Sequence[str] = ()
    shard: Shard | None = None
    accepts_removals: bool = False
    wait_seconds: float = 0
    parallel: int = 1


def shard_key(source: str) -> int:
    """48 bits of the name's digest, which decide its shard; exact in every JSON reader."""
    return int.from_bytes(blake2b(source.encode(), digest_size=6).digest())


def parse_shard(text: str) -> Shard:
    """Parses `2/3`, the second of three shards. Raises `UsageError`."""
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if found and 1 <= int(found[1]) <= int(found[2]):
        return Shard(int(found[1]), int(found[2]))
    raise UsageError(f"invalid shard {text!r}: expected K/N with 1 ≤ K ≤ N", hint="for example 2/3")
