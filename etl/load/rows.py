"""How does an image lie in a row, on each database?

Bulk writes and reads of whole images pass by SQLAlchemy's types, for speed: so this module says
what the drivers take and give. PostgreSQL's values are those of its binary COPY.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import msgspec

from etl.clock import instant_text
from etl.database.types import instant_of, milliseconds_of
from etl.decide.diff import milliseconds_text
from etl.model import Image, Tag
from etl.transform import components_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Connection

    from etl.model import Columns, Images

VALUES: Final = Image.__struct_fields__[1:]
"""The columns that an image's values fill: the tracked ones and `extra`."""
NEW_ROW: Final = ("image_id", *VALUES, "components", "record_digest", "fingerprint", "listing")
"""The columns of an image that is new, without those that are the same for all of a run's."""
ID, NAME, STATUS = map(NEW_ROW.index, ("image_id", "name", "status"))
"""Where a new row says so."""
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

    def driver_columns(self, columns: Columns) -> list[Sequence[Any]]:
        """What the driver takes for the columns of many images: their id, `VALUES`, components."""
        *texts, first, second, third, created_at, updated_at, extra = columns
        lists = first, second, third, components_of(columns)
        *listed, components = ([*map(self.list_of, column)] for column in lists)
        times = (
            [None if time is None else self.time_of(time) for time in column]
            for column in (created_at, updated_at)
        )
        return [*texts, *listed, *times, extra, components]

    def new_rows(
        self, images: Images, record_digest: Iterable[bytes], listing: str
    ) -> list[tuple[Any, ...]]:
        """Images that were never seen, in the order of `NEW_ROW`."""
        columns = self.driver_columns(images.columns)
        return [*zip(*columns, record_digest, images.fingerprints, repeat(listing), strict=False)]


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
    "ID",
    "NAME",
    "NEW_ROW",
    "STATUS",
    "VALUES",
    "Form",
    "bound",
    "form_of",
    "image_columns",
    "image_of",
    "instant_read",
]
