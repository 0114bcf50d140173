"""How is the history proven? The digests that chain a source's runs; pure, recomputed by `verify`.

Every fact is spelled as compact JSON (UTF-8, keys sorted, nothing escaped that need not be), led by
its kind, and hashed by BLAKE2b-256. A set of facts is the sum of their hashes modulo 2**256: it
does not depend on order, and grows and shrinks fact by fact. Instants are spelled as
`2021-11-30T02:15:04.492Z` in a run's facts, and as epoch milliseconds in an image's values.

    version fact      ["version", source, version, [image_id, …values in Image's order…]]
    catalogue_digest  the set of the version facts that are valid after the run
    events            [kind, {column: value}] for each row that the run wrote elsewhere: "change",
                      "removal", "held", "released", "reject", "resolved", "field"; of "run", its
                      row of sync_runs as it began; and the version facts of images that the run
                      saw only to find them removed
    sight fact        ["sight", source, image_id, listing, last_seen_at, missing_since]
    sight_digest      the set of the sight facts of all images, after the run
    digest            ["run", {column: value of the source_runs row, without digest}, events]

The row holds `previous_digest` and `catalogue_digest`: so a run's digest vouches for all that was
before it, and no value of any version can change unnoticed. A null
is no part of the row's digest.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from msgspec import json

from etl.clock import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from etl.model import Columns, Image

_MODULUS: Final = 2**256
_encode: Final = json.Encoder(order="sorted").encode


class FactSet:
    """A set of facts as one number: facts go in and out in any order."""

    def __init__(self, digest: str | None = None) -> None:
        self._sum = int(digest, 16) if digest else 0

    def add(self, fact: bytes) -> None:
        """Puts a fact in, by its hash."""
        self._sum += int.from_bytes(fact)

    def remove(self, fact: bytes) -> None:
        """Takes a fact out that was put in."""
        self._sum -= int.from_bytes(fact)

    def update(self, facts: Iterable[bytes]) -> None:
        """Puts facts in."""
        self._sum += sum(map(int.from_bytes, facts))

    def merge(self, other: FactSet) -> None:
        """Puts the facts of another set in."""
        self._sum += other._sum

    def subtract(self, other: FactSet) -> None:
        """Takes the facts of another set out."""
        self._sum -= other._sum

    @property
    def digest(self) -> str:
        """64 hex digits."""
        return f"{self._sum % _MODULUS:064x}"


def version_fact(source: str, version: int, image: Image) -> bytes:
    """Hash of what a version says: all its values, the unknown fields among them."""
    return _fact(("version", source, version, image))


def version_facts(source: str, version: int, columns: Columns) -> list[bytes]:
    """The same of many images."""
    return [_fact(("version", source, version, values)) for values in zip(*columns, strict=True)]


def sight_fact(
    source: str,
    image_id: str,
    listing: str | None,
    last_seen_at: datetime | str | None,
    missing_since: datetime | str | None,
) -> bytes:
    """Hash of how an image was met; instants, or their texts as `instant_text` spells them."""
    instants = (
        instant_text(at) if isinstance(at, datetime) else at for at in (last_seen_at, missing_since)
    )
    return _fact(("sight", source, image_id, listing, *instants))


def event(kind: str, row: Mapping[str, Any]) -> bytes:
    """Hash of a row that a run wrote, of the columns that never change again."""
    return _fact((kind, _spelled(row)))


def run_digest(row: Mapping[str, Any], events: FactSet) -> str:
    """Digest of a `source_runs` row and of the run's events; a `digest` in the row is no matter."""
    left_out = {"digest", "entry", "ended_entry"}
    columns = {
        name: value for name, value in row.items() if name not in left_out and value is not None
    }
    return _fact(("run", _spelled(columns), events.digest)).hex()


def _spelled(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: instant_text(value) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _fact(content: Any) -> bytes:
    return blake2b(_encode(content), digest_size=32).digest()
