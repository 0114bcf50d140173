"""Normalised records of the API, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Raw

from etl.model import Image, ImageBatch
from etl.transform import Unreadable, normalise_all


@dataclass(frozen=True)
class Normalised:
    """An image with its fingerprint and the names of its unknown fields."""

    image: Image
    fingerprint: bytes
    unknown_fields: tuple[str, ...] = ()


def normalise(record: bytes | Raw) -> Normalised | Unreadable:
    """One record."""
    return one_by_one(normalise_all([record]))[0]


def one_by_one(
    normalised: tuple[ImageBatch, dict[int, Unreadable]],
) -> list[Normalised | Unreadable]:
    """Each record's image or reason, in order."""
    batch, unreadable = normalised
    values: Sequence[Sequence[object]] = (batch.images(), batch.fingerprints, batch.unknown_fields)
    read = (Normalised(*each) for each in zip(*values, strict=True))  # type: ignore[arg-type]  # columns of three types
    count = len(batch) + len(unreadable)
    return [unreadable[place] if place in unreadable else next(read) for place in range(count)]
