"""Column types that mean the same on SQLite and PostgreSQL, and columns that tables share.

This module knows no table. What the tables are, and what holds between them, is in `schema.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import (
    JSON,
    TIMESTAMP,
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Integer,
    Text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from etl.clock import instant_text

Key: Final = BigInteger().with_variant(Integer(), "sqlite")
"""A row's key: SQLite makes only `INTEGER PRIMARY KEY` an alias of its row id."""

Word: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""A name that sorts by code point on both databases, so that an index finds it by its beginning."""

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
        return (
            value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(value)
        )


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


def column(name: str, kind: Any, comment: str, *args: Any, **given: Any) -> Column[Any]:
    """A column with its comment; not null unless `nullable` is set."""
    return Column(name, kind, *args, comment=comment, **{"nullable": False, **given})


def optional(name: str, kind: Any, comment: str) -> Column[Any]:
    """A column that may be null."""
    return Column(name, kind, comment=comment)


def choice(
    name: str, values: tuple[str, ...], comment: str = "", *, nullable: bool = False
) -> Column[Any]:
    """A column of text with a CHECK that restricts it to these values.

    Written with `or`: SQLite builds a table for `in (…)` on every row, which makes inserts a
    quarter slower.
    """
    listed = " or ".join(f"{name} = '{value}'" for value in values)
    check = CheckConstraint(listed, name=name)
    comment = comment or " or ".join((", ".join(values[:-1]), values[-1]))
    return Column(name, Text, check, nullable=nullable, comment=comment)


def source_column() -> Column[Any]:
    """The source that a row belongs to."""
    return column("source", Word, "name of the source in the configuration")


def image_columns() -> list[Column[Any]]:
    """The image that a row belongs to."""
    return [source_column(), column("image_id", Word, "the API's id, unique within a source")]


def image_key_column() -> Column[Any]:
    """The image that a row belongs to, by its key."""
    row = ForeignKey("current_images.image_key")
    return column("image_key", Key, "the image's row in current_images", row)


def version_columns() -> list[Column[Any]]:
    """What a version is: its place in the image's history."""
    return [
        column("version", Integer, "number of the version, from 1"),
        column("valid_from", Instant, "observed_at of the run that created this version"),
        optional("valid_to", Instant, "observed_at of the run that ended it; null: current"),
        column("opened_run_id", Key, "the run that created this version"),
        choice("opened_as", ("added", "changed", "restored", "in_scope")),
        optional("closed_run_id", Key, "the run that ended this version"),
        choice(
            "closed_as",
            ("changed", "removed", "out_of_scope"),
            "changed, removed or out_of_scope; null: current",
            nullable=True,
        ),
        optional("last_seen_at", Instant, "last certified walk that saw it, if later ones did not"),
        optional("listing", Text, "TYPE/WORKSPACE of the listing that gave this version"),
    ]


def tracked_columns() -> list[Column[Any]]:
    """What a version says: `model.TRACKED` and the unknown fields that came with it."""
    return [
        optional("name", Text, "the image's name, without surrounding white space; not unique"),
        optional("description", Text, "the image's description"),
        optional("type", Text, "BUILD_IN, DEDICATED, or another value as reported"),
        optional("status", Text, "INIT, CREATING, CREATE_FAILED, ERROR, DELETED, ACTIVE, …"),
        optional("arch", Text, "processor architecture in lower case: x86_64, aarch64, …"),
        optional("tag", Text, "the image's tag"),
        optional("namespace", Text, "SWR organisation, as the API names it"),
        optional("workspace_id", Text, "workspace; 0 is the default one"),
        optional("visibility", Text, "PRIVATE, PUBLIC, HIDDEN, …"),
        optional("origin", Text, "CUSTOMIZE, IMAGE_SAVE, …"),
        optional("service_type", Text, "COMMON, INFERENCE, TRAIN, DEV, UNKNOWN, …"),
        optional("flavor_type", Text, "ASCEND_SNT9, ASCEND_SNT9B, ASCEND_SNT3, …"),
        optional("size", BigInteger, "as reported (documented in KB, observed in bytes)"),
        optional("swr_path", Text, "the image's address in the registry; not unique"),
        optional("swr_registry", Text, "of swr_path: host, with the port if it has one"),
        optional("swr_organization", Text, "of swr_path: the organisation"),
        optional("swr_repository", Text, "of swr_path: the repository"),
        optional("swr_tag", Text, "of swr_path: the tag or digest"),
        optional("swr_instance_id", Text, "id of the SWR enterprise instance"),
        optional("show_name", Text, "display name"),
        optional("show_tag", Text, "display tag"),
        optional("status_message", Text, "the API's explanation of the status"),
        optional("dev_services", JsonList, "JSON array of text: NOTEBOOK, SSH, AI_FLOW, …"),
        optional("resource_categories", JsonList, "JSON array of text: CPU, GPU, ASCEND, …"),
        optional("tags", JsonList, "JSON array of {key, value}"),
        optional("created_at", Instant, "when the image was created, according to the API"),
        optional(
            "updated_at", Instant, "last update according to the API; not used to detect changes"
        ),
        column("extra", JsonObject, "unknown fields as they came with this version"),
    ]


_COUNTS: Final = {
    "walks": "readings of the source's listings",
    "pages": "pages read",
    "requests": "requests sent, including retries and lookups",
    "retries": "requests sent again",
    "reported_total": "sum of the listings' total, as last reported",
    "seen": "distinct images seen",
    "added": "images seen for the first time",
    "changed": "images with a changed value",
    "unchanged": "images without a change",
    "removed": "images that left the catalogue",
    "restored": "removed images that came back",
    "in_scope": "out_of_scope images that the coverage includes again",
    "out_of_scope": "images that the source's coverage no longer includes",
    "held": "removals held by the guard",
    "missing": "absent images whose removal is not proven",
    "rejected": "records that could not be parsed",
    "present": "images in the catalogue after this run",
}


def count_columns() -> list[Column[Any]]:
    """What a run counted at a source."""
    return [column(name, BigInteger, comment) for name, comment in _COUNTS.items()]
