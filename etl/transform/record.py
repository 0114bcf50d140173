"""What does a record of the API say about an image? An image, or the reason why it can't be read.

Whatever bytes come in, the answer is one of the two and never an exception. The path of a clean
record is kept short: one typed decode, the rules of `fields`, a fingerprint.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from etl.model import Image, Normalised, Unreadable
from etl.transform.fields import FIELDS, ONLY_IN_SHOW, Identity
from etl.transform.fingerprint import fingerprint_of_values
from etl.transform.mend import mend
from etl.transform.swr_path import swr_parts
from etl.transform.unknown import NOTHING_UNKNOWN, unknown_fields

NOT_DECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_MEMBERS: Final[list[Any]] = [
    (field.name, field.type) if field.name == "id" else (field.name, field.type, None)
    for field in FIELDS
]
_strict: Final = msgspec.json.Decoder(
    msgspec.defstruct("Record", _MEMBERS, gc=False, forbid_unknown_fields=True)
).decode
_open: Final = msgspec.json.Decoder(msgspec.defstruct("Record", _MEMBERS, gc=False)).decode


class _Identified(msgspec.Struct, gc=False):
    id: Identity


_identity: Final = msgspec.json.Decoder(_Identified).decode
_RULES: Final = tuple((i, field.rule) for i, field in enumerate(FIELDS) if field.rule)
_SWR_PATH: Final = [field.name for field in FIELDS].index("swr_path")
_AFTER_PATH: Final = _SWR_PATH + 1


def normalise(record: bytes | msgspec.Raw) -> Normalised | Unreadable:
    """The image that a listed record describes."""
    return _read(bytes(record), ignored=frozenset())


def image_of_show(body: bytes) -> Normalised | Unreadable:
    """The image that an answer of Show image describes, with the fields that a list has too."""
    return _read(body, ignored=ONLY_IN_SHOW)


def _read(record: bytes, *, ignored: frozenset[str]) -> Normalised | Unreadable:
    if b"\\u0000" not in record:
        try:
            return _understood(record, ignored=ignored)
        except NOT_DECODABLE:
            pass
    record = mend(record)
    try:
        return _understood(record, ignored=ignored)
    except NOT_DECODABLE as error:
        return Unreadable(listed_image_id(record), reason_of(error))


def _understood(record: bytes, *, ignored: frozenset[str]) -> Normalised | Unreadable:
    try:
        values = list(astuple(_strict(record)))
        extra, unknown = NOTHING_UNKNOWN
    except msgspec.ValidationError:  # an unknown field, most likely; if not, this fails again
        values = list(astuple(_open(record)))
        extra, unknown = unknown_fields(record, ignored=ignored)
    if values[0].isspace():
        return Unreadable(None, "id: nothing but white space")
    for position, rule in _RULES:
        if (value := values[position]) is not None:
            values[position] = rule(value)
    digest = fingerprint_of_values(values[1:])
    values[_AFTER_PATH:_AFTER_PATH] = swr_parts(values[_SWR_PATH])
    values.append(extra)
    return Normalised(Image(*values), digest, unknown)


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
