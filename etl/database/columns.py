"""How tables are written: columns with comments, names of constraints, columns that tables share.

It knows no table. What the tables are, and what holds between them, is in `schema.py`.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Text
from sqlalchemy.types import BigInteger

from etl.database.types import Instant, JsonList, JsonObject, Key, Word

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_COUNTS: Final = {
    "walks": "readings of the source's listings",
    "pages": "pages read",
    "requests": "requests sent, retries and lookups among them",
    "retries": "requests sent again",
    "reported_total": "sum of the listings' total, as last reported",
    "seen": "distinct images seen",
    "added": "images seen for the first time",
    "changed": "images with a changed value",
    "unchanged": "images as before",
    "removed": "images that left the catalogue",
    "restored": "removed images that came back",
    "in_scope": "out_of_scope images that are taken in again",
    "out_of_scope": "images that the source's coverage no longer takes in",
    "held": "removals held by the guard",
    "missing": "images absent but unproven",
    "rejected": "records that can't be understood",
    "present": "images in the catalogue after this run",
}


def column(
    name: str,
    kind: Any,
    comment: str,
    *args: Any,
    null: bool = False,
    autoincrement: bool | Literal["auto"] = "auto",
) -> Column[Any]:
    """A column with its comment; not null unless `null` is set."""
    return Column(name, kind, *args, nullable=null, comment=comment, autoincrement=autoincrement)


def optional(name: str, kind: Any, comment: str) -> Column[Any]:
    """A column that may be null."""
    return column(name, kind, comment, null=True)


def one_of(name: str, *values: str) -> CheckConstraint:
    """A CHECK that restricts a column to these values.

    Written with `or`: SQLite builds a table for `in (…)` on every row, which makes inserts a
    quarter slower.
    """
    listed = " or ".join(f"{name} = '{value}'" for value in values)
    return CheckConstraint(listed, name=name)


def run_column(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    """A run's number."""
    return column(name, Key, comment, null=null)


def source_column() -> Column[Any]:
    """The source that a row belongs to."""
    return column("source", Word, "name of the source in the configuration")


def image_id_column() -> Column[Any]:
    """The image that a row belongs to."""
    return column("image_id", Word, "the API's id, unique within a source")


def version_columns() -> list[Column[Any]]:
    """What a version is: its place in the image's history."""
    return [
        column("version", Integer, "number of the version, from 1"),
        column("valid_from", Instant, "observed_at of the run that brought this version"),
        optional("valid_to", Instant, "observed_at of the run that ended it; null: still so"),
        run_column("opened_run_id", "the run that brought this version"),
        column("opened_as", Text, "added, changed, restored or in_scope"),
        run_column("closed_run_id", "the run that ended this version", null=True),
        optional("closed_as", Text, "changed, removed or out_of_scope; null: still so"),
    ]


def tracked_columns() -> list[Column[Any]]:
    """What a version says: `model.TRACKED` and the unknown fields that came with it."""
    return [
        optional("name", Text, "the image's name, without surrounding white space; not unique"),
        optional("description", Text, "the image's description"),
        optional("type", Text, "BUILD_IN or DEDICATED; others are kept"),
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
        optional("show_name", Text, "the name to show"),
        optional("show_tag", Text, "the tag to show"),
        optional("status_message", Text, "what the API says of the status"),
        optional("dev_services", JsonList, "JSON array of text: NOTEBOOK, SSH, AI_FLOW, …"),
        optional("resource_categories", JsonList, "JSON array of text: CPU, GPU, ASCEND, …"),
        optional("tags", JsonList, "JSON array of {key, value}"),
        optional("created_at", Instant, "when the image was made, as the API says"),
        optional("updated_at", Instant, "when the API last touched it; does not detect change"),
        column("extra", JsonObject, "unknown fields as they came with this version"),
    ]


def count_columns() -> list[Column[Any]]:
    """What a run counted at a source."""
    return [column(name, BigInteger, comment) for name, comment in _COUNTS.items()]
