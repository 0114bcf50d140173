"""How is the history proven? The digests that chain a source's runs; pure, recomputed by `verify`.

Every fact is spelled as compact JSON (UTF-8, keys sorted, nothing escaped that need not be), led by
its kind, and hashed by BLAKE2b-256. A set of facts is the sum of their hashes modulo 2**256: it
does not depend on order, and grows and shrinks fact by fact. Instants are spelled as
`2021-11-30T02:15:04.492Z` in a run's facts, and as epoch milliseconds in an image's values.

    version fact      ["version", source, version, [image_id, …values in Image's order…]]
    catalogue_digest  the set of the version facts that are valid after the run
    event             ["closed", …], ["change", …], ["removal", …], … as the functions below spell
    digest            ["run", {column: value of the row, without digest}, set of the run's events]

The row holds `previous_digest` and `catalogue_digest`; so a run's digest vouches for everything
before it, and no value of any version can change unnoticed.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from msgspec import json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from etl.model import Image

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

    @property
    def digest(self) -> str:
        """64 hex digits."""
        return f"{self._sum % _MODULUS:064x}"


def version_fact(source: str, version: int, image: Image) -> bytes:
    """Hash of what a version says: all its values, the unknown fields among them."""
    return _fact(("version", source, version, image))


def closed(version: bytes, closed_as: str) -> bytes:
    """A version ended: `changed`, `removed` or `out_of_scope`."""
    return _fact(("closed", version.hex(), closed_as))


def change(image_id: str, version: int, field: str, old_value: str, new_value: str) -> bytes:
    """A version came with another value of a field."""
    return _fact(("change", image_id, version, field, old_value, new_value))


def removal(row: Mapping[str, Any]) -> bytes:
    """A row of `image_removals`, as it was when it was written (not yet restored)."""
    return _row_fact("removal", row, without=("restored_at", "restored_run_id"))


def restored(image_id: str, version: int) -> bytes:
    """The removal that ended `version` was undone by a return."""
    return _fact(("restored", image_id, version))


def held(row: Mapping[str, Any]) -> bytes:
    """A row of `held_removals`, as it was when it was written (still held)."""
    return _row_fact("held", row, without=("released_run_id", "released_at", "released_as"))


def released(image_id: str, held_run_id: int, released_as: str) -> bytes:
    """A held removal is held no more."""
    return _fact(("released", image_id, held_run_id, released_as))


def reject(row: Mapping[str, Any]) -> bytes:
    """A row of `rejects`, as it was when it was written (unresolved), without its number."""
    return _row_fact("reject", row, without=("reject_id", "resolved_at"))


def resolved(record_digest: str, reason: str) -> bytes:
    """A reject is one no more."""
    return _fact(("resolved", record_digest, reason))


def source_field(field: str) -> bytes:
    """An unknown field was met for the first time."""
    return _fact(("field", field))


def run_digest(row: Mapping[str, Any], events: FactSet) -> str:
    """Digest of a `source_runs` row and of the run's events; 64 hex digits.

    `row`: instants as text, `walk_detail` as its JSON text; a `digest` in it is passed over.
    """
    columns = {name: value for name, value in row.items() if name != "digest"}
    return _fact(("run", columns, events.digest)).hex()


def _row_fact(kind: str, row: Mapping[str, Any], *, without: tuple[str, ...]) -> bytes:
    return _fact((kind, {name: value for name, value in row.items() if name not in without}))


def _fact(content: Any) -> bytes:
    return blake2b(_encode(content), digest_size=32).digest()
