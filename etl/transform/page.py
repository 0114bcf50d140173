"""Decoding of a list response: its records, their ids and its paging fields.

A response whose body is HTML, truncated, or without `data` or `total` is an error and never an
empty catalogue. An oddity inside a record affects only that record (`json_repair`).
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from etl.errors import SourceBroken
from etl.transform.fields import Identity  # the decoder needs the type at run time
from etl.transform.image import (
    NOT_DECODABLE,
    listed_image_id,
    reason_of,
    with_plain_integers,
)
from etl.transform.json_repair import repair

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class PageEnvelope(msgspec.Struct, gc=False):
    """One page: the bytes of each record, and the paging fields of the response.

    `total` is the number of matching rows, `size` the page size that the server used, `current`
    the page's number (from 0 or from 1) or its offset.
    """

    data: list[msgspec.Raw]
    total: Count
    size: Count | None = None
    current: Count | None = None


class ListedRow(msgspec.Struct, gc=False, rename={"image_id": "id", "created_at": "create_at"}):
    """The part of a record that the walk needs: the image's id and its creation time."""

    image_id: Identity | None
    created_at: int | None = None


class _Listing(msgspec.Struct, gc=False):
    data: list[ListedRow]


_envelope: Final = msgspec.json.Decoder(PageEnvelope).decode
_listing: Final = msgspec.json.Decoder(_Listing).decode
_row: Final = msgspec.json.Decoder(ListedRow).decode
_COUNTS: Final = frozenset({"total", "size", "current"})


def split_page(body: bytes) -> PageEnvelope:
    """Split a response into its records without decoding them. Raises `SourceBroken`."""
    try:
        return _envelope(body)
    except NOT_DECODABLE:
        pass
    try:
        return _envelope(with_plain_integers(repair(body), names=_COUNTS))
    except NOT_DECODABLE as error:
        raise SourceBroken(f"the response is not a page of images: {reason_of(error)}") from None


def listed_rows(records: list[msgspec.Raw], *, body: bytes = b"") -> list[ListedRow]:
    """Return the id and creation time of each record, in order.

    `body` is the response that contains the records; without it they are joined first.
    """
    try:
        rows = _listing(body or b'{"data":[%b]}' % b",".join(records)).data
    except NOT_DECODABLE:
        rows = []
    if len(rows) != len(records) or "\0" in "".join([row.image_id or "" for row in rows]):
        rows = [_row_of(repair(bytes(record))) for record in records]
    for row in rows:
        if row.image_id and row.image_id.isspace():
            row.image_id = None
    return rows


def _row_of(record: bytes) -> ListedRow:
    try:
        return _row(with_plain_integers(record))
    except NOT_DECODABLE:
        return ListedRow(listed_image_id(record))
