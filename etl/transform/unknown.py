"""What does a record hold besides the fields that we know? It is kept as canonical JSON text.

Canonical: keys sorted, no white space, of a doubled key the last value; numbers stand as they were
sent, since a number that a program has read may have lost digits; one that no program can read is
text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import msgspec

from etl.transform.fields import KNOWN
from etl.transform.mend import MAX_DEPTH, mend

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

MAX_NAME_LENGTH: Final = 200  # names are keys of an index, which takes no longer ones everywhere
NOTHING_UNKNOWN: Final[tuple[str, tuple[str, ...]]] = ("{}", ())

_split: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_canonical: Final = msgspec.json.Encoder(order="sorted").encode


def _as_sent(number: str) -> msgspec.Raw | str:
    try:
        _read(number)
    except msgspec.DecodeError:  # 1e309, or more than 4,300 digits
        return number
    return msgspec.Raw(number.encode())


_read: Final = msgspec.json.Decoder().decode
_parse: Final = json.JSONDecoder(parse_int=_as_sent, parse_float=_as_sent).decode


def unknown_fields(record: bytes, *, ignored: AbstractSet[str]) -> tuple[str, tuple[str, ...]]:
    """The unknown fields as canonical JSON text, and their names in order."""
    if record.count(b"[") + record.count(b"{") > MAX_DEPTH:  # perhaps too deep for a reader of JSON
        record = mend(record)
    unknown = {
        name[:MAX_NAME_LENGTH]: _parse(bytes(raw).decode())
        for name, raw in _split(record).items()
        if name not in KNOWN and name not in ignored
    }
    return _canonical(unknown).decode(), tuple(sorted(unknown))
