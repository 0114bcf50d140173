"""Storage of a run's changes until its commit: memory up to a limit, then a temporary file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile, gettempdir
from typing import Final, Generic, Literal, TypeVar
from weakref import finalize

from msgspec import Struct, msgpack

from etl.errors import DatabaseUnavailable
from etl.model import DELETED, FieldChange, Image  # msgspec needs the types at run time

MEMORY_BYTES: Final = 1 << 20
_LENGTH_BYTES: Final = 8

Item = TypeVar("Item")
Kind = Literal["added", "changed", "restored", "in_scope", "rehashed"]


class Change(Struct, frozen=True, array_like=True, gc=False):
    """One image's next version, as one reading of a listing shows it.

    `position` and `claim` decide between several readings (see `ChangeDetector`). `image_key` is 0
    for an image that is not on record. A `rehashed` image has the same values as before, but its
    digests were computed by other rules.
    """

    position: int
    claim: int
    kind: Kind
    image_key: int
    version: int
    image: Image
    record_digest: bytes
    fingerprint: bytes
    listing: str
    fields: tuple[FieldChange, ...] = ()

    @property
    def is_removed_at_once(self) -> bool:
        """Whether the image arrives with status DELETED."""
        return self.image.status == DELETED and self.kind in {"added", "in_scope"}


class Reject(Struct, frozen=True, array_like=True, gc=False):
    """A record that cannot be parsed; `record` is its text, cut at a limit.

    `record_bytes` and `record_digest` describe the whole record. The names are those of columns.
    """

    image_id: str | None
    listing: str
    page: int
    position: int
    reason: str
    record: str
    record_bytes: int
    record_digest: str


class Spool(Generic[Item]):
    """Items of one type, in the order in which they were written."""

    def __init__(self, kind: type[Item]) -> None:
        self._file = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115  # closed by `close`
        # Releases memory and file, at the latest when the spool is no longer referenced.
        self.close: Callable[[], object] = finalize(self, self._file.close)
        self._decode = msgpack.Decoder(list[kind]).decode  # type: ignore[valid-type]  # a variable
        self._encode = msgpack.Encoder().encode

    def write(self, items: Sequence[Item]) -> None:
        """Append the items of a page."""
        if items:
            block = self._encode(items)
            with _full_disk_reported():
                self._file.write(len(block).to_bytes(_LENGTH_BYTES))
                self._file.write(block)

    def __iter__(self) -> Iterator[Item]:
        """Iterate over all items; only one iteration at a time is possible."""
        with _full_disk_reported():
            self._file.seek(0)
        while length := int.from_bytes(self._file.read(_LENGTH_BYTES)):
            yield from self._decode(self._file.read(length))
        self._file.seek(0, 2)


@contextmanager
def _full_disk_reported() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatabaseUnavailable(
            f"cannot write temporary files in {gettempdir()}: {error.strerror}",
            hint="free some space, or name another folder with TMPDIR",
        ) from error
