"""How does an image lie in a row, on each database?

Bulk writes and reads of whole images pass by SQLAlchemy's types, for speed: so this module says
what the drivers take and give. PostgreSQL's values are those of its binary COPY.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import astuple

from etl.database.types import instant_of, milliseconds_of
from etl.decide.diff import milliseconds_text
from etl.instants import instant_text
from etl.model import Image, Tag
from etl.transform import components

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from etl.model import Normalised

VALUES: Final = Image.__struct_fields__[1:]
"""The columns that an image's values fill: the tracked ones and `extra`."""
NEW_ROW: Final = ("image_id", *VALUES, "components", "received", "fingerprint", "listing")
"""The columns of an image that is new, without those that are the same for all of a run's."""
_LISTS: Final = VALUES.index("dev_services")
_TIMES: Final = VALUES.index("created_at")
assert VALUES[_LISTS:] == (  # noqa: S101  # the slices below rely on it
    *("dev_services", "resource_categories", "tags"),
    *("created_at", "updated_at", "extra"),
)

_2000_IN_MILLISECONDS: Final = milliseconds_of(datetime(2000, 1, 1, tzinfo=UTC))
_texts_of: Final = msgspec.json.Decoder(tuple[str, ...]).decode
_tags_of: Final = msgspec.json.Decoder(tuple[Tag, ...]).decode


@dataclass(frozen=True, slots=True)
class Form:
    """What one driver takes for a list, an image's instant and a run's instant."""

    list_of: Callable[[Any], Any]
    time_of: Callable[[int], Any]
    instant_of: Callable[[datetime], Any]

    def values(self, image: Image) -> tuple[Any, ...]:
        """An image's id, and its values in the order of `VALUES`."""
        *texts, first, second, third, created_at, updated_at, extra = astuple(image)
        list_of, time_of = self.list_of, self.time_of
        return (
            *texts,
            *(list_of(first), list_of(second), list_of(third)),
            None if created_at is None else time_of(created_at),
            None if updated_at is None else time_of(updated_at),
            extra,
        )

    def new_row(self, told: Normalised, received: bytes, listing: str) -> tuple[Any, ...]:
        """An image that was never seen, in the order of `NEW_ROW`."""
        image = told.image
        within = self.list_of(components(image))
        return (*self.values(image), within, received, told.fingerprint, listing)


@lru_cache(maxsize=4096)
def _json(value: tuple[Any, ...] | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


@lru_cache(maxsize=4096)
def _jsonb(value: tuple[Any, ...] | None) -> bytes | None:
    """COPY's jsonb: the format's version, then the text."""
    return None if value is None else b"\x01" + msgspec.json.encode(value)


def _microseconds_from_2000(milliseconds: int) -> int:
    """COPY's timestamptz."""
    return (milliseconds - _2000_IN_MILLISECONDS) * 1000


FORMS: Final = {
    "sqlite": Form(_json, milliseconds_text, instant_text),
    "postgresql": Form(
        _jsonb,
        _microseconds_from_2000,
        lambda instant: _microseconds_from_2000(milliseconds_of(instant)),
    ),
}


def form_of(connection: Connection) -> Form:
    """The form that this connection's driver takes."""
    return FORMS[connection.dialect.name]


def bound(connection: Connection, instant: datetime) -> Any:
    """A run's instant as a bound value of a statement."""
    return instant_text(instant) if connection.dialect.name == "sqlite" else instant


def instant_read(value: Any) -> datetime | None:
    """An instant as a plain statement gives it."""
    if value is None:
        return None
    return instant_of(value) if isinstance(value, str) else value.astimezone(UTC)


def image_columns(connection: Connection, alias: str) -> str:
    """What to select for `image_of`: the id and the values, spelled alike on both databases."""
    names = ("image_id", *VALUES)
    if connection.dialect.name == "sqlite":
        return ", ".join(f"{alias}.{name}" for name in names)
    return ", ".join(_AS_ON_SQLITE.get(name, "{0}.{1}").format(alias, name) for name in names)


_AS_ON_SQLITE: Final = {
    **dict.fromkeys(VALUES[_LISTS:_TIMES], "cast({0}.{1} as text)"),
    **dict.fromkeys(VALUES[_TIMES:-1], "cast(extract(epoch from {0}.{1}) * 1000 as bigint)"),
    "extra": "cast({0}.{1} as text)",
}


def image_of(row: Sequence[Any]) -> Image:
    """The image of a row of `image_columns`."""
    times = [_milliseconds(value) for value in row[_TIMES + 1 : -1]]
    dev_services, resource_categories, tags = row[_LISTS + 1 : _TIMES + 1]
    values: tuple[Any, ...] = (
        *row[: _LISTS + 1],
        dev_services and _texts_of(dev_services),
        resource_categories and _texts_of(resource_categories),
        tags and _tags_of(tags),
        *times,
        row[-1],
    )
    return Image(*values)


def _milliseconds(value: str | int | None) -> int | None:
    return milliseconds_of(instant_of(value)) if isinstance(value, str) else value


__all__ = [
    "FORMS",
    "NEW_ROW",
    "VALUES",
    "Form",
    "bound",
    "form_of",
    "image_columns",
    "image_of",
    "instant_read",
]
