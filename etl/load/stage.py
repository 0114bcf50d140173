"""Where do the differences wait until the reading is done? Aside, in bounded memory.

Frames are msgpack; what a page brought is one block. A spool is memory up to a bound, then a
temporary file.
"""

from __future__ import annotations

from contextlib import contextmanager
from tempfile import SpooledTemporaryFile, gettempdir
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from weakref import finalize

from msgspec import Struct, msgpack

from etl.errors import DatabaseUnavailable
from etl.model import FieldChange, Image, Reject, State  # noqa: TC001  # msgspec reads the types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

IN_MEMORY_BYTES: Final = 1 << 20
_LENGTH: Final = 8


class New(Struct, frozen=True, array_like=True, gc=False):
    """The images of a page that the database has never seen.

    `rows`: their values in the order of `rows.NEW_ROW`, as the driver takes them; `facts`: of each
    its version's hash in the ledger.
    """

    rows: list[tuple[Any, ...]]
    facts: list[bytes]

    def picked(self, places: Sequence[int]) -> New:
        """Those at these places, in their order."""
        if len(places) == len(self.rows):
            return self
        return New([self.rows[place] for place in places], [self.facts[place] for place in places])


class Changed(Struct, frozen=True, array_like=True, gc=False):
    """An image's next version: other values, or a return of one that is not present."""

    image_key: int
    state: State
    version: int
    image: Image
    record_digest: bytes
    fingerprint: bytes
    listing: str
    fact: bytes
    fact_before: bytes
    changes: tuple[FieldChange, ...]

    @property
    def opened_as(self) -> str:
        """How the version begins."""
        return {"present": "changed", "removed": "restored", "out_of_scope": "in_scope"}[self.state]


class Touched(Struct, frozen=True, array_like=True, gc=False):
    """A present image that was seen again as it was, after walks that did not see it, or whose
    fingerprint (given then) is of another version of this program."""

    image_key: int
    record_digest: bytes
    fingerprint: bytes | None


class Rejected(Struct, frozen=True, array_like=True, gc=False):
    """A reject with what identifies it; `digest` and `length` (bytes) are of the whole record."""

    reject: Reject
    listing: str
    digest: str
    length: int


Frame = TypeVar("Frame", New, Changed, Touched, Rejected)


class Spool(Generic[Frame]):
    """Frames of one kind, in the order in which they came."""

    def __init__(self, kind: type[Frame]) -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115  # lives as long as we do
        # Gives memory and file back: at the latest when nobody holds the spool any more.
        self.close: Callable[[], object] = finalize(self, self._file.close)
        self._decoder = msgpack.Decoder(list[kind])  # type: ignore[valid-type]
        self._encode = msgpack.Encoder().encode

    def write(self, frames: list[Frame]) -> None:
        """Puts what a page brought at the end."""
        if frames:
            block = self._encode(frames)
            with _room():
                self._file.write(len(block).to_bytes(_LENGTH))
                self._file.write(block)

    def __iter__(self) -> Iterator[Frame]:
        """Everything from the start; not while another iteration is under way."""
        with _room():
            self._file.seek(0)
        while length := int.from_bytes(self._file.read(_LENGTH)):
            yield from self._decoder.decode(self._file.read(length))
        self._file.seek(0, 2)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DatabaseUnavailable(
            f"temporary files can't be written in {gettempdir()}: {error.strerror}",
            hint="free some space, or name another folder with TMPDIR",
        ) from error
