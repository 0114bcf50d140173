"""Generated catalogues of a given size: the first and the second generation.

A record is 491 bytes of JSON, and its optional fields are as frequent as in recorded responses.
From the first generation to the second, 1 % of the images move to another tag, 0.2 % are removed
and as many are added, so `total` stays the same.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED: Final = 491
RECORD_BYTES: Final = 491
FIRST_INSTANT: Final = 1_600_000_000_000
_OF = 38  # rows of the recorded response that the frequencies come from
_OPTIONAL: Final = {"update_at": 28, "create_at": 12, "namespace": 11, "size": 9}
_RARE: Final = {"visibility": 7, "origin": 5, "status_message": 2}
_WORDS: Final = "general algorithm development and training preconfigured with the engine "
_ENGINES: Final = ("pytorch", "tensorflow", "mindspore", "python")

Record = dict[str, Any]


def changed_count(size: int) -> int:
    return size // 100


def removed_count(size: int) -> int:
    """The number of removed images, which is also that of added ones."""
    return size // 500


def removed_rows(size: int) -> frozenset[int]:
    """The first generation's rows that the second lacks."""
    return frozenset(_chosen(size)[: removed_count(size)])


def records(size: int, *, generation: int) -> Iterator[Record]:
    """The images in the order of the pages."""
    random = Random(SEED)
    chosen = _chosen(size)
    removed, changed = removed_rows(size), frozenset(chosen[removed_count(size) :])
    for row in range(size):
        record = _record(row, random)
        if generation == 1 or row not in removed:
            yield _moved(record) if generation == 2 and row in changed else record
    if generation == 2:
        for row in range(size, size + removed_count(size)):
            yield _record(row, random)


def _chosen(size: int) -> list[int]:
    return Random(SEED + 1).sample(range(size), removed_count(size) + changed_count(size))


def _record(row: int, random: Random) -> Record:
    bits = random.getrandbits(128)
    engine, version = _ENGINES[bits % 4], f"{bits % 3}.{bits % 9}.{bits % 7}"
    tag = f"{version}-{bits % 100_000_000:08}"
    record: Record = {
        "id": f"{bits:032x}",
        "name": f"{engine}-{version}-{row}",
        "swr_path": f"swr.example.com/atelier/{engine}-kernel:{tag}",
        "tag": tag,
        "type": "BUILD_IN",
        "status": "ACTIVE",
        "arch": "x86_64",
        "dev_services": ["NOTEBOOK", "SSH"],
        "resource_categories": ["CPU", "GPU"],
        "service_type": "COMMON",
        "tags": [],
        "workspace_id": "0",
    }
    at = FIRST_INSTANT + row * 1000
    values = {"update_at": at + 500, "create_at": at, "namespace": "atelier", "size": bits % 2**33}
    rare = {"visibility": "PUBLIC", "origin": "CUSTOMIZE", "status_message": "ok"}
    for name, frequency in (_OPTIONAL | _RARE).items():
        if random.random() * _OF < frequency:
            record[name] = (values | rare)[name]
    return _padded(record)


def _padded(record: Record) -> Record:
    """The record with a description that makes it `RECORD_BYTES` long."""
    room = RECORD_BYTES - len(msgspec.json.encode({**record, "description": ""}))
    return {**record, "description": (_WORDS * (room // len(_WORDS) + 1))[:room]}


def _moved(record: Record) -> Record:
    """The same image at another tag; as with built-in images, `update_at` stays."""
    tag = f"{record['tag'][:-8]}{(int(record['tag'][-8:]) + 1) % 100_000_000:08}"
    return {**record, "tag": tag, "swr_path": record["swr_path"].replace(record["tag"], tag)}
