"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import JSON, TIMESTAMP, BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from etl.clock import instant_text

Key: Final = BigInteger().with_variant(Integer(), "sqlite")
"""A row's key: SQLite makes only `INTEGER PRIMARY KEY` an alias of its row id."""

Word: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""A name that sorts by code point on both databases, so that an index finds it by its beginning."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder(order="sorted").encode


class Instant(TypeDecorator[datetime]):
    """An instant in UTC, whole milliseconds.

    `timestamptz` on PostgreSQL; on SQLite the text `YYYY-MM-DDTHH:MM:SS.sssZ`, which its date
    functions read and which sorts as time does.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return instant_text(value)

    def process_result_value(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002  # the decorator's signature
    ) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if isinstance(value, datetime) else instant_of(value)


class JsonList(TypeDecorator[list[Any]]):
    """A JSON array: `jsonb` on PostgreSQL, text that SQLite's JSON functions read."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import JSONB  # loads every dialect of it

            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return json_text(value)

    def process_result_value(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002  # the decorator's signature
    ) -> Any:
        return msgspec.json.decode(value) if isinstance(value, str) else value


class JsonObject(JsonList):
    """A JSON object, canonically spelled: `json` on PostgreSQL, which keeps the text; else text."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSON(none_as_null=True))
        return dialect.type_descriptor(Text())


def json_text(value: Any) -> str:
    """Canonical JSON: sorted keys, no white space."""
    return _encode(value).decode()


def instant_of(text: str) -> datetime:
    """The instant that `instant_text` wrote."""
    return datetime.fromisoformat(text)


def milliseconds_of(instant: datetime) -> int:
    """Epoch milliseconds of an instant, exactly."""
    delta = instant - _EPOCH
    return delta.days * 86_400_000 + delta.seconds * 1000 + delta.microseconds // 1000
