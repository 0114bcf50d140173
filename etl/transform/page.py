"""What does the answer to a list call say: which records, how many in all, which page?

A 200 whose body is HTML, truncated, without `data` or without `total` is a broken answer and never
an empty catalogue. What is odd inside a record stays that record's trouble: see `mend`.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from etl.errors import SourceBroken
from etl.transform.fields import Identity  # noqa: TC001  the decoder reads it at run time
from etl.transform.mend import mend
from etl.transform.record import NOT_DECODABLE, NUL, listed_image_id, reason_of

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class PageEnvelope(msgspec.Struct, gc=False):
    """One page: each record's own bytes, and what the server says of the page.

    `total` is the number of matching rows, `size` the page size that the server really uses,
    `current` the page's number (from 0, or from 1) or the offset, `pages` = ceil(total / size).
    """

    data: list[msgspec.Raw]
    total: Count
    size: Count | None = None
    current: Count | None = None
    pages: Count | None = None


class ListedRow(msgspec.Struct, gc=False, rename={"image_id": "id", "created_at": "create_at"}):
    """That an image was listed and when it was made: what a walk must know of each record."""

    image_id: Identity | None
    created_at: int | None = None


_envelope: Final = msgspec.json.Decoder(PageEnvelope).decode
_rows: Final = msgspec.json.Decoder(list[ListedRow]).decode
_row: Final = msgspec.json.Decoder(ListedRow).decode


def split_page(body: bytes) -> PageEnvelope:
    """The page's records, unread. Raises `SourceBroken` where it is no page."""
    try:
        return _envelope(body)
    except msgspec.ValidationError as error:
        raise _broken(error) from None
    except NOT_DECODABLE:
        pass
    try:
        return _envelope(mend(body))
    except NOT_DECODABLE as error:
        raise _broken(error) from None


def listed_rows(records: list[msgspec.Raw]) -> list[ListedRow]:
    """What a walk must know of each of a page's records, in their order."""
    listed = b"[" + b",".join(records) + b"]"
    try:
        seen = _rows(mend(listed) if NUL in listed else listed)
    except NOT_DECODABLE:
        seen = [_row_of(mend(bytes(record))) for record in records]
    for row in seen:
        if row.image_id and row.image_id.isspace():
            row.image_id = None
    return seen


def _row_of(record: bytes) -> ListedRow:
    try:
        return _row(record)
    except NOT_DECODABLE:
        return ListedRow(listed_image_id(record))


def _broken(error: Exception) -> SourceBroken:
    return SourceBroken(f"the answer is no page of images: {reason_of(error)}")
