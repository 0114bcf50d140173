"""A digest of the expected images, to compare with the content of a database."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The API's name of each compared value, and its column.
_SAME = (
    *("name", "swr_path", "tag", "type", "status", "arch", "description", "namespace"),
    *("workspace_id", "service_type", "size", "visibility", "origin", "status_message"),
    *("dev_services", "resource_categories", "tags"),
)
COLUMNS: Final = {
    "id": "image_id",
    "create_at": "created_at",
    "update_at": "updated_at",
    **dict(zip(_SAME, _SAME, strict=True)),
}

# The expected contents of the second generation for a program that keeps removed images.
NOTHING_REMOVED: Final = "2, nothing removed"


class Contents(msgspec.Struct, frozen=True):
    """The number of rows and the sum of their digests, which does not depend on their order."""

    rows: int
    digest: str

    def __add__(self, other: Contents) -> Contents:
        """The contents of both."""
        total = int(self.digest, 16) + int(other.digest, 16)
        return Contents(self.rows + other.rows, f"{total % 2**128:032x}")


def contents(rows: Iterable[Sequence[Any]]) -> Contents:
    """`rows` have their values in the order of `COLUMNS`; lists are sorted."""
    count = total = 0
    for row in rows:
        digest = blake2b(msgspec.json.encode(row), digest_size=16).digest()
        total += int.from_bytes(digest, "big")
        count += 1
    return Contents(count, f"{total % 2**128:032x}")
