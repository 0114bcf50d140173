"""What does a record of the API say about an image? An image, or the reason why it can't be read.

Whatever bytes come in, the answer is one of the two and never an exception. Records are read many
at a time: clean ones by one typed decode for all, then each rule of `fields` down its column; no
image is made an object of its own before somebody wants it so. Where the decode fails, each record
is decoded by itself, so that one that can't be read spoils no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import astuple

from etl.model import Image, Images, Normalised, Unreadable
from etl.transform.fields import FIELDS, ONLY_IN_SHOW, Identity
from etl.transform.fingerprint import fingerprint_of_values
from etl.transform.mend import mend
from etl.transform.swr_path import swr_parts
from etl.transform.unknown import NOTHING_UNKNOWN, unknown_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

NUL: Final = b"\\u0000"  # PostgreSQL can't hold it: `mend` replaces it
NOT_DECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_MEMBERS: Final[list[Any]] = [
    (field.name, field.type) if field.name == "id" else (field.name, field.type, None)
    for field in FIELDS
]
_Clean: Final[Any] = msgspec.defstruct("Clean", _MEMBERS, gc=False, forbid_unknown_fields=True)
_Open: Final[Any] = msgspec.defstruct("Open", _MEMBERS, gc=False)
_clean_ones: Final = msgspec.json.Decoder(list[_Clean]).decode
_clean: Final = msgspec.json.Decoder(_Clean).decode
_open: Final = msgspec.json.Decoder(_Open).decode

Understanding = tuple[Images, dict[int, Unreadable]]
"""The images of records, in the records' order, and those that can't be read, by their places."""
_Unknown = tuple[str, tuple[str, ...]]  # as `unknown_fields` gives them
_Read = tuple[Any, _Unknown]  # a record's known values, and the rest
_NO_IMAGES: Final = Images([()] * len(Image.__struct_fields__), [], [])


class _Identified(msgspec.Struct, gc=False):
    id: Identity


_identity: Final = msgspec.json.Decoder(_Identified).decode
_RULES: Final = tuple((i, field.rule) for i, field in enumerate(FIELDS) if field.rule)
_SWR_PATH: Final = [field.name for field in FIELDS].index("swr_path")
_AFTER_PATH: Final = _SWR_PATH + 1


def normalise(record: bytes | msgspec.Raw) -> Normalised | Unreadable:
    """The image that a listed record describes."""
    return _alone(normalise_all([record]))


def normalise_all(records: Sequence[bytes | msgspec.Raw]) -> Understanding:
    """The images that listed records describe, each a JSON value of its own, as a page holds it."""
    together = b",".join(records)
    if NUL not in together:
        try:
            clean = _clean_ones(b"[%b]" % together)
        except NOT_DECODABLE:
            pass
        else:
            is_each_named = not any(each.id.isspace() for each in clean)
            if is_each_named and len(clean) == len(records):
                return _understood(clean, [NOTHING_UNKNOWN] * len(clean), {})
    return _told([_read(bytes(record), ignored=frozenset()) for record in records])


def image_of_show(body: bytes) -> Normalised | Unreadable:
    """The image that an answer of Show image describes, with the fields that a list has too."""
    return _alone(_told([_read(body, ignored=ONLY_IN_SHOW)]))


def _alone(understanding: Understanding) -> Normalised | Unreadable:
    images, unreadable = understanding
    if unreadable:
        return unreadable[0]
    return Normalised(images.image(0), images.fingerprints[0], images.unknown_fields[0])


def _told(given: Sequence[_Read | Unreadable]) -> Understanding:
    unreadable = {i: each for i, each in enumerate(given) if isinstance(each, Unreadable)}
    read = [each for each in given if not isinstance(each, Unreadable)]
    return _understood([values for values, _ in read], [rest for _, rest in read], unreadable)


def _read(record: bytes, *, ignored: frozenset[str]) -> _Read | Unreadable:
    if NUL not in record:
        try:
            return _decoded(record, ignored=ignored)
        except NOT_DECODABLE:
            pass
    record = mend(record)
    try:
        return _decoded(record, ignored=ignored)
    except NOT_DECODABLE as error:
        return Unreadable(listed_image_id(record), reason_of(error))


def _decoded(record: bytes, *, ignored: frozenset[str]) -> _Read | Unreadable:
    try:
        values, unknown = _clean(record), NOTHING_UNKNOWN
    except msgspec.ValidationError:  # an unknown field, most likely; if not, this fails again
        values, unknown = _open(record), unknown_fields(record, ignored=ignored)
    if values.id.isspace():
        return Unreadable(None, "id: nothing but white space")
    return values, unknown


def _understood(
    read: Sequence[Any], unknown: Sequence[_Unknown], unreadable: dict[int, Unreadable]
) -> Understanding:
    """The images of decoded records, by the rules of `fields`; the `unreadable` lay among them."""
    if not read:
        return _NO_IMAGES, unreadable
    columns: list[Any] = [*zip(*map(astuple, read), strict=True)]
    for place, rule in _RULES:
        columns[place] = [value if value is None else rule(value) for value in columns[place]]
    fingerprints = [*map(fingerprint_of_values, zip(*columns[1:], strict=True))]
    swr_columns = zip(*map(swr_parts, columns[_SWR_PATH]), strict=True)
    extra, names = zip(*unknown, strict=True)
    columns[_AFTER_PATH:_AFTER_PATH] = swr_columns
    return Images([*columns, extra], fingerprints, names), unreadable


def listed_image_id(record: bytes | msgspec.Raw) -> str | None:
    """The id in a record whatever else is in it; `None` where it has no usable one."""
    try:
        image_id = _identity(record).id
    except NOT_DECODABLE:
        return None
    return None if image_id.isspace() else image_id


def reason_of(error: Exception) -> str:
    """The decoder's complaint with the field's name in front."""
    complaint, _, path = str(error).partition(" - at `$")
    return f"{path.strip('.`')}: {complaint}" if path else complaint
