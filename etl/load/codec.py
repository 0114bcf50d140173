"""Conversion between images and rows, for each database.

Bulk writes and reads of whole images bypass SQLAlchemy's types for speed, so this module knows what
the drivers take and return. PostgreSQL's values are those of its binary COPY.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import astuple

from etl.clock import instant_text, milliseconds_text
from etl.database.columns import instant_of, milliseconds_of
from etl.model import Image, Tag

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl.transform import ComponentRules

VALUES: Final = Image.__struct_fields__[1:]
"""The columns that an image's values fill: the tracked columns and `extra`."""

_LOGGED_LISTS: Final = ("dev_services", "resource_categories", "tags")
_JSON_LISTS: Final = (*_LOGGED_LISTS, "components")
_TIMES: Final = ("created_at", "updated_at")
_2000_IN_MILLISECONDS: Final = milliseconds_of(datetime(2000, 1, 1, tzinfo=UTC))
_decode_texts: Final = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_tags: Final = msgspec.json.Decoder(tuple[Tag, ...]).decode


@dataclass(frozen=True, slots=True)
class Codec:
    """Functions that convert to one driver's values: JSON lists, an image's times, a run's time.

    `is_as_logged`: the log contains the same values.
    """

    json_list: Callable[[Any], Any]
    epoch: Callable[[int], Any]
    instant: Callable[[datetime], Any]
    is_as_logged: bool

    def columns(self, images: Sequence[Image], rules: ComponentRules) -> dict[str, Sequence[Any]]:
        """Return the driver's values of images by column: id, `VALUES` and components."""
        values = [*zip(*map(astuple, images), strict=True)]
        columns: dict[str, Sequence[Any]] = dict(zip(("image_id", *VALUES), values, strict=True))
        columns["components"] = [*rules.components_of(values)]
        for name in _JSON_LISTS:
            columns[name] = [*map(self.json_list, columns[name])]
        for name in _TIMES:
            columns[name] = [None if time is None else self.epoch(time) for time in columns[name]]
        return columns

    def logged(
        self, columns: dict[str, Sequence[Any]], images: Sequence[Image]
    ) -> dict[str, Sequence[Any]]:
        """Return these columns as the log contains them: SQLite's values."""
        if self.is_as_logged:
            return columns
        return columns | {
            **{name: [_json(getattr(each, name)) for each in images] for name in _LOGGED_LISTS},
            **{name: [*map(_time_text, map(attrgetter(name), images))] for name in _TIMES},
        }


def _time_text(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else milliseconds_text(milliseconds)


@lru_cache(maxsize=4096)
def _json(value: tuple[Any, ...] | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


@lru_cache(maxsize=4096)
def _jsonb(value: tuple[Any, ...] | None) -> bytes | None:
    """The format of jsonb in COPY: a version byte, then the text."""
    return None if value is None else b"\x01" + msgspec.json.encode(value)


def _microseconds_since_2000(milliseconds: int) -> int:
    """The format of timestamptz in COPY."""
    return (milliseconds - _2000_IN_MILLISECONDS) * 1000


_CODECS: Final = {
    "sqlite": Codec(_json, milliseconds_text, instant_text, is_as_logged=True),
    "postgresql": Codec(
        _jsonb,
        _microseconds_since_2000,
        lambda instant: _microseconds_since_2000(milliseconds_of(instant)),
        is_as_logged=False,
    ),
}


def codec_of(connection: Connection) -> Codec:
    """Return the codec of this connection's driver."""
    return _CODECS[connection.dialect.name]


def image_columns(connection: Connection, alias: str) -> str:
    """Return the select list that `image_of` reads: the id and `VALUES`."""
    names = ("image_id", *VALUES)
    if connection.dialect.name == "sqlite":
        return ", ".join(f"{alias}.{name}" for name in names)
    return ", ".join(_AS_ON_SQLITE.get(name, "{0}.{1}").format(alias, name) for name in names)


_AS_ON_SQLITE: Final = {
    **dict.fromkeys((*_JSON_LISTS, "extra"), "cast({0}.{1} as text)"),
    **dict.fromkeys(_TIMES, "cast(extract(epoch from {0}.{1}) * 1000 as bigint)"),
}


def image_of(row: Sequence[Any]) -> Image:
    """Return the image of a row selected with `image_columns`."""
    return Image(*[convert(value) for convert, value in zip(_CONVERTERS, row, strict=True)])


def _same(value: Any) -> Any:
    return value


def _texts(value: str | None) -> Any:
    return value and _decode_texts(value)


def _tags(value: str | None) -> Any:
    return value and _decode_tags(value)


def _milliseconds(value: str | int | None) -> int | None:
    return milliseconds_of(instant_of(value)) if isinstance(value, str) else value


_CONVERTERS: Final[list[Callable[[Any], Any]]] = [
    {
        "dev_services": _texts,
        "resource_categories": _texts,
        "tags": _tags,
        **dict.fromkeys(_TIMES, _milliseconds),
    }.get(name, _same)
    for name in Image.__struct_fields__
]
