"""When are two states of an image the same? When their fingerprints are.

A fingerprint is taken over the normalised tracked values, so that order, letter case and spelling
at the source do not matter. Its first byte says by which rules it was made: a newer program knows
an older one's, and compares values in place of digests. It filters; what changed, and whether,
is said by the values themselves.
"""

from __future__ import annotations

from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from msgspec.msgpack import Encoder

from etl.model import TRACKED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.model import Image

FINGERPRINT_VERSION: Final = 1  # raise it when a rule of `fields` or FINGERPRINTED changes

# Read from `swr_path`, which is in: a better reading of it is no change of the image. (`image_id`
# is whose fingerprint it is; `extra` makes no version: neither is among the tracked values.)
LEFT_OUT: Final = frozenset({"swr_registry", "swr_organization", "swr_repository", "swr_tag"})
FINGERPRINTED: Final = tuple(name for name in TRACKED if name not in LEFT_OUT)

_VERSION_BYTE: Final = bytes([FINGERPRINT_VERSION])
_values_of: Final = attrgetter(*FINGERPRINTED)
_encode: Final = Encoder().encode
# Another reading of the same bytes must not count as seen before.
_received: Final = blake2b(digest_size=16, person=b"record" + _VERSION_BYTE)


def fingerprint(image: Image) -> bytes:
    """A version byte and 128 bits over the image's tracked values."""
    return fingerprint_of_values(_values_of(image))


def fingerprint_of_values(values: Sequence[Any]) -> bytes:
    """The same, of the values in the order of FINGERPRINTED."""
    return _VERSION_BYTE + blake2b(_encode(values), digest_size=16).digest()


def received_digest(record: bytes | memoryview) -> bytes:
    """128 bits over a record as received: the same bytes need no second look."""
    digest = _received.copy()
    digest.update(record)
    return digest.digest()
