"""Conversion of records of the API into images.

Any bytes result either in an image or in an `Unreadable` with a reason, never in an exception.
Records are converted many at a time: one typed decode for all clean records, then each rule of
`fields` on its whole column. If that decode fails, each record is decoded by itself, so that an
unreadable record does not affect the others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from etl.model import DERIVED, TRACKED, Image, ImageBatch
from etl.transform.fields import (
    FIELDS,
    INTEGERS,
    KNOWN,
    ONLY_IN_SHOW,
    RULES_VERSION,
    Identity,
    swr_parts,
)
from etl.transform.json_repair import MAX_DEPTH, repair

NUL: Final = b"\\u0000"  # PostgreSQL cannot store it: `repair` replaces it
NOT_DECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
MAX_NAME_LENGTH: Final = 200  # names of unknown fields are index keys, whose length is limited

_MEMBERS: Final[list[Any]] = [
    (field.name, field.type) if field.name == "id" else (field.name, field.type, None)
    for field in FIELDS
]
_Clean: Final[Any] = msgspec.defstruct("Clean", _MEMBERS, gc=False, forbid_unknown_fields=True)
_Open: Final[Any] = msgspec.defstruct("Open", _MEMBERS, gc=False)
_all_clean: Final = msgspec.json.Decoder(list[_Clean]).decode
_clean: Final = msgspec.json.Decoder(_Clean).decode
_open: Final = msgspec.json.Decoder(_Open).decode
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_number: Final = msgspec.json.Decoder().decode
_canonical: Final = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that cannot be parsed; `reason` names the field and the problem."""

    image_id: str | None
    reason: str


_Unknown = tuple[str, tuple[str, ...]]
"""Unknown fields of a record: canonical JSON text, and their names in order."""
_NOTHING_UNKNOWN: Final[_Unknown] = ("{}", ())
_Read = tuple[Any, _Unknown]
Normalised = tuple[ImageBatch, dict[int, Unreadable]]
"""The images of records, in order, and the unreadable records by position."""
_NO_IMAGES: Final = ImageBatch([()] * len(Image.__struct_fields__), [], [])

_RULES: Final = tuple((i, field.rule) for i, field in enumerate(FIELDS) if field.rule)
_SWR_PATH: Final = [field.name for field in FIELDS].index("swr_path")

FINGERPRINTED: Final = tuple(sorted(frozenset(TRACKED) - DERIVED))
_Values: Final[Any] = msgspec.defstruct(
    "Values", [(name, Any, None) for name in FINGERPRINTED], omit_defaults=True, gc=False
)
_values_of: Final = attrgetter(*FINGERPRINTED)
_COLUMNS: Final = [field.column for field in FIELDS]
_FINGERPRINTED_COLUMNS: Final = [_COLUMNS.index(name) for name in FINGERPRINTED]
_encode: Final = msgspec.json.Encoder().encode


class _Identified(msgspec.Struct, gc=False):
    id: Identity


_identity: Final = msgspec.json.Decoder(_Identified).decode


def normalise_all(records: Sequence[bytes | msgspec.Raw]) -> Normalised:
    """Convert listed records; each is one JSON value, as split from its page."""
    together = b",".join(records)
    if NUL not in together:
        try:
            clean = _all_clean(b"[%b]" % together)
        except NOT_DECODABLE:
            pass
        else:
            is_each_named = not any(each.id.isspace() for each in clean)
            if is_each_named and len(clean) == len(records):
                return _batch(clean, [_NOTHING_UNKNOWN] * len(clean)), {}
    return _separated([_read(bytes(record), ignored=frozenset()) for record in records])


def image_of_show(body: bytes) -> Image | Unreadable:
    """Convert a response of Show image, using only the fields that a list also has."""
    batch, unreadable = _separated([_read(body, ignored=ONLY_IN_SHOW)])
    return unreadable[0] if unreadable else batch.images()[0]


def listed_image_id(record: bytes | msgspec.Raw) -> str | None:
    """Return the id of a record regardless of its other fields; None if there is no usable id."""
    try:
        image_id = _identity(record).id
    except NOT_DECODABLE:
        return None
    return None if image_id.isspace() else image_id


def reason_of(error: Exception) -> str:
    """Return the decoder's message with the field's name first."""
    complaint, _, path = str(error).partition(" - at `$")
    return f"{path.strip('.`')}: {complaint}" if path else complaint


def with_plain_integers(record: bytes, *, names: AbstractSet[str] = INTEGERS) -> bytes:
    """Write integers such as `1.5E9` or `123.0` in these members as plain digits.

    They are integers in JSON Schema, but the decoder takes them for floating-point numbers.
    """
    members = _members(record)
    plain = {name: _plain(bytes(members[name])) for name in names & members.keys()}
    return _encode(members | plain)


def fingerprint(image: Image) -> bytes:
    """Digest of an image's tracked values: equal digests mean that nothing changed.

    It covers named, non-null values, so that a field added later does not change the digests of
    images without it.
    """
    return _digest_of(_values_of(image))


def _digest_of(values: Sequence[Any]) -> bytes:
    return blake2b(_encode(_Values(*values)), digest_size=32).digest()


# Under other rules, the same bytes may mean another image: a digest begins with this byte.
RULES_BYTE: Final = blake2b(f"{RULES_VERSION} {sorted(KNOWN)}".encode(), digest_size=1).digest()
DIGEST_BYTES: Final = 15  # an object of Python with one more takes 16 bytes more
_record_hash: Final = blake2b(digest_size=DIGEST_BYTES - len(RULES_BYTE))


def record_digest(record: bytes | memoryview | msgspec.Raw) -> bytes:
    """Digest of a record as received: identical bytes under the same rules need no further look."""
    digest = _record_hash.copy()
    digest.update(record)
    return RULES_BYTE + digest.digest()


def _separated(read: Sequence[_Read | Unreadable]) -> Normalised:
    unreadable = {i: each for i, each in enumerate(read) if isinstance(each, Unreadable)}
    readable = [each for each in read if not isinstance(each, Unreadable)]
    return _batch([values for values, _ in readable], [rest for _, rest in readable]), unreadable


def _read(record: bytes, *, ignored: frozenset[str]) -> _Read | Unreadable:
    if NUL not in record:
        try:
            return _decoded(record, ignored=ignored)
        except NOT_DECODABLE:
            pass
    try:
        record = repair(record)
        return _decoded(with_plain_integers(record), ignored=ignored)
    except NOT_DECODABLE as error:
        return Unreadable(listed_image_id(record), reason_of(error))


def _decoded(record: bytes, *, ignored: frozenset[str]) -> _Read | Unreadable:
    try:
        values, unknown = _clean(record), _NOTHING_UNKNOWN
    except msgspec.ValidationError:  # most likely an unknown field; otherwise this fails again
        values, unknown = _open(record), _unknown_fields(record, ignored=ignored)
    if values.id.isspace():
        return Unreadable(None, "id: nothing but white space")
    return values, unknown


def _batch(read: Sequence[Any], unknown: Sequence[_Unknown]) -> ImageBatch:
    """Apply the rules of `fields` to decoded records."""
    if not read:
        return _NO_IMAGES
    columns: list[Any] = [*zip(*map(astuple, read), strict=True)]
    for place, rule in _RULES:
        columns[place] = [value if value is None else rule(value) for value in columns[place]]
    values = zip(*(columns[place] for place in _FINGERPRINTED_COLUMNS), strict=True)
    fingerprints = [*map(_digest_of, values)]
    swr_columns = zip(*map(swr_parts, columns[_SWR_PATH]), strict=True)
    extra, names = zip(*unknown, strict=True)
    columns[_SWR_PATH + 1 : _SWR_PATH + 1] = swr_columns
    return ImageBatch([*columns, extra], fingerprints, names)


def _unknown_fields(record: bytes, *, ignored: AbstractSet[str]) -> _Unknown:
    """Return the fields that are not known, as canonical JSON.

    Keys are sorted, white space is dropped, and the last value of a repeated key counts. Numbers
    keep their digits as sent, because a number read by a program may have lost some.
    """
    if record.count(b"[") + record.count(b"{") > MAX_DEPTH:  # may be too deep for a JSON parser
        record = repair(record)
    unknown = {
        name[:MAX_NAME_LENGTH]: _parse(bytes(raw).decode())
        for name, raw in _members(record).items()
        if name not in KNOWN and name not in ignored
    }
    return _canonical(unknown).decode(), tuple(sorted(unknown))


def _as_sent(number: str) -> msgspec.Raw | str:
    try:
        _number(number)
    except msgspec.DecodeError:  # 1e309, or more than 4,300 digits
        return number
    return msgspec.Raw(number.encode())


_parse: Final = json.JSONDecoder(parse_int=_as_sent, parse_float=_as_sent).decode


def _plain(number: bytes) -> msgspec.Raw:
    """A JSON number as plain digits if it is a whole number of reasonable length."""
    try:
        value = Decimal(number.decode())
        is_whole = value.adjusted() < 20 and value == value.to_integral_value()
    except (InvalidOperation, UnicodeDecodeError):  # not a number
        return msgspec.Raw(number)
    return msgspec.Raw(b"%d" % int(value)) if is_whole else msgspec.Raw(number)
