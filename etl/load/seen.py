"""Which images did a reading show? In about a byte for each image that the database has.

Images that are present in the database are known by their row's key and marked in blocks of bytes;
all others (new, removed, out of scope) by their id. What was told of an image counts once: the
first value stands. A record that could not be understood shows its image, but tells nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BITS: Final = 12
_SIZE: Final = 1 << _BITS
_MASK: Final = _SIZE - 1
_TOLD: Final = 1
_SHOWN: Final = 2


class _Blocks(dict[int, bytearray]):
    """Marks by key, in blocks that are made when they are first touched."""

    def __missing__(self, number: int) -> bytearray:
        block = self[number] = bytearray(_SIZE)
        return block


class Seen:
    """The images of one reading, or of several together (`together`)."""

    def __init__(self) -> None:
        self.present = 0  # distinct images that are present in the database
        self.changed: dict[int, bytes] = {}  # told otherwise than the database: key → fingerprint
        self.others: dict[str, bytes | None] = {}  # id → fingerprint; None: shown, nothing told
        self._marks = _Blocks()

    @property
    def distinct(self) -> int:
        """How many images."""
        return self.present + len(self.others)

    @property
    def told(self) -> int:
        """How many images that are present in the database were told of."""
        return sum(block.count(_TOLD) for block in self._marks.values())

    def tell_all(self, keys: Sequence[int | None]) -> list[int]:
        """Marks images told as the database has them; gives the places of the `None` keys."""
        unknown, marks, fresh = [], self._marks, 0
        for place, key in enumerate(keys):
            if key is None:
                unknown.append(place)
                continue
            block = marks[key >> _BITS]
            if not block[key & _MASK]:
                fresh += 1
            block[key & _MASK] = _TOLD
        self.present += fresh
        return unknown

    def tell(self, key: int) -> bool:
        """Marks one present image as told; False: it was told before."""
        if self.has_told(key):
            return False
        self._mark(key, _TOLD)
        return True

    def tell_other(self, image_id: str, fingerprint: bytes) -> bool:
        """Marks an image that is not present as told; False: it was told before."""
        if self.others.get(image_id) is not None:
            return False
        self.others[image_id] = fingerprint
        return True

    def show(self, key: int) -> None:
        """Marks a present image as shown by a record that could not be understood."""
        if not self.has(key):
            self._mark(key, _SHOWN)

    def show_other(self, image_id: str) -> None:
        """The same for an image that is not present."""
        self.others.setdefault(image_id, None)

    def has(self, key: int) -> bool:
        """Whether a present image was shown at all."""
        block = self._marks.get(key >> _BITS)
        return block is not None and block[key & _MASK] != 0

    def unseen(self, keys: range) -> list[int]:
        """Those keys under which no present image was shown at all."""
        unseen: list[int] = []
        for number in range(keys[0] >> _BITS, (keys[-1] >> _BITS) + 1):
            start = number << _BITS
            block = self._marks.get(number)
            if block is None:
                unseen += range(start, start + _SIZE)
                continue
            place = block.find(0)
            while place >= 0:
                unseen.append(start + place)
                place = block.find(0, place + 1)
        return [key for key in unseen if key in keys]

    def has_told(self, key: int) -> bool:
        """Whether a present image was shown by a record that was understood."""
        block = self._marks.get(key >> _BITS)
        return block is not None and block[key & _MASK] == _TOLD

    def has_told_other(self, image_id: str) -> bool:
        """The same for an image that is not present."""
        return self.others.get(image_id) is not None

    def shows_same_as(self, other: Seen) -> bool:
        """Whether both show the same images, whatever they tell of them."""
        return (
            self.present == other.present
            and self.others.keys() == other.others.keys()
            and all(
                _shown(block) == _shown(other._marks.get(number, _EMPTY))
                for number, block in self._marks.items()
            )
        )

    def conflicts_with(self, other: Seen) -> int:
        """How many images both tell of, each otherwise."""
        here = sum(
            other.has_told(key) and other.changed.get(key) != fingerprint
            for key, fingerprint in self.changed.items()
        )
        there = sum(self.has_told(key) for key in other.changed.keys() - self.changed.keys())
        others = sum(
            None not in (fingerprint, theirs := other.others.get(image_id))
            and theirs != fingerprint
            for image_id, fingerprint in self.others.items()
        )
        return here + there + others

    def add(self, other: Seen) -> None:
        """Takes in what another reading shows besides; what was told here stands."""
        for key, fingerprint in other.changed.items():
            if not self.has_told(key):
                self.changed[key] = fingerprint
        for number, block in other._marks.items():
            mine = self._marks[number]
            self.present += _absences(mine)
            mine[:] = _merged(mine, block)
            self.present -= _absences(mine)
        for image_id, told in other.others.items():
            if self.others.get(image_id) is None:
                self.others[image_id] = told

    def _mark(self, key: int, mark: int) -> None:
        block = self._marks[key >> _BITS]
        self.present += not block[key & _MASK]
        block[key & _MASK] = mark


_EMPTY: Final = bytearray(_SIZE)
_SHOWN_AT_ALL: Final = bytes([0, 1, 1, 1]) + bytes(252)
_TOLD_IF_EITHER: Final = bytes([0, _TOLD, _SHOWN, _TOLD]) + bytes(252)


def _shown(block: bytearray) -> bytearray:
    return block.translate(_SHOWN_AT_ALL)


def _absences(block: bytearray) -> int:
    return block.count(0)


def _merged(one: bytearray, other: bytearray) -> bytes:
    both = int.from_bytes(one) | int.from_bytes(other)
    return both.to_bytes(_SIZE).translate(_TOLD_IF_EITHER)


def together(readings: Iterable[Seen]) -> Seen:
    """What several readings show; of what they tell, the earlier one stands. One is given back."""
    all_seen = [*readings]
    if len(all_seen) == 1:
        return all_seen[0]
    union = Seen()
    for seen in all_seen:
        union.add(seen)
    return union


def conflicts(readings: Iterable[Seen]) -> int:
    """How often an image was told otherwise by a later reading than by an earlier one."""
    all_seen = [*readings]
    if len(all_seen) == 1:
        return 0
    count, earlier = 0, Seen()
    for seen in all_seen:
        count += seen.conflicts_with(earlier)
        earlier.add(seen)
    return count
