"""The tables: what is stored, once each, with a comment on every table and column.

An image's latest version is a row of `catalogue`, its older ones are rows of `superseded`: so the
current catalogue and the open versions are the same rows and can't disagree. What people read
(`images`, `image_versions`, `image_changes`, …) are views, in `views.py`.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
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


def _column(name: str, kind: Any, comment: str, *args: Any, null: bool = False) -> Column[Any]:
    return Column(name, kind, *args, nullable=null, comment=comment)


def _optional(name: str, kind: Any, comment: str) -> Column[Any]:
    return _column(name, kind, comment, null=True)


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} in ({listed})", name=column)


def _run(name: str, comment: str, *, null: bool = False) -> Column[Any]:
    return _column(name, Key, comment, null=null)


def _source() -> Column[Any]:
    return _column("source", Word, "name of the source in the configuration")


def _image_id() -> Column[Any]:
    return _column("image_id", Word, "the API's id, unique within a source")


def _version_columns() -> list[Column[Any]]:
    """What a version is: its place in the image's history."""
    return [
        _column("version", Integer, "number of the version, from 1"),
        _column("valid_from", Instant, "observed_at of the run that brought this version"),
        _optional("valid_to", Instant, "observed_at of the run that ended it; null: still so"),
        _run("opened_run_id", "the run that brought this version"),
        _column("opened_as", Text, "added, changed, restored or in_scope"),
        _run("closed_run_id", "the run that ended this version", null=True),
        _optional("closed_as", Text, "changed, removed or out_of_scope; null: still so"),
    ]


def _tracked_columns() -> list[Column[Any]]:
    """What a version says: `model.TRACKED` and the unknown fields that came with it."""
    return [
        _optional("name", Text, "the image's name, without surrounding white space; not unique"),
        _optional("description", Text, "the image's description"),
        _optional("type", Text, "BUILD_IN or DEDICATED; others are kept"),
        _optional("status", Text, "INIT, CREATING, CREATE_FAILED, ERROR, DELETED, ACTIVE, …"),
        _optional("arch", Text, "processor architecture in lower case: x86_64, aarch64, …"),
        _optional("tag", Text, "the image's tag"),
        _optional("namespace", Text, "SWR organisation, as the API names it"),
        _optional("workspace_id", Text, "workspace; 0 is the default one"),
        _optional("visibility", Text, "PRIVATE, PUBLIC, HIDDEN, …"),
        _optional("origin", Text, "CUSTOMIZE, IMAGE_SAVE, …"),
        _optional("service_type", Text, "COMMON, INFERENCE, TRAIN, DEV, UNKNOWN, …"),
        _optional("flavor_type", Text, "ASCEND_SNT9, ASCEND_SNT9B, ASCEND_SNT3, …"),
        _optional("size", BigInteger, "as reported (documented in KB, observed in bytes)"),
        _optional("swr_path", Text, "the image's address in the registry; not unique"),
        _optional("swr_registry", Text, "of swr_path: host, with the port if it has one"),
        _optional("swr_organization", Text, "of swr_path: the organisation"),
        _optional("swr_repository", Text, "of swr_path: the repository"),
        _optional("swr_tag", Text, "of swr_path: the tag or digest"),
        _optional("swr_instance_id", Text, "id of the SWR enterprise instance"),
        _optional("show_name", Text, "the name to show"),
        _optional("show_tag", Text, "the tag to show"),
        _optional("status_message", Text, "what the API says of the status"),
        _optional("dev_services", JsonList, "JSON array of text: NOTEBOOK, SSH, AI_FLOW, …"),
        _optional("resource_categories", JsonList, "JSON array of text: CPU, GPU, ASCEND, …"),
        _optional("tags", JsonList, "JSON array of {key, value}"),
        _optional("created_at", Instant, "when the image was made, as the API says"),
        _optional("updated_at", Instant, "when the API last touched it; does not detect change"),
        _column("extra", JsonObject, "unknown fields as they came with this version"),
    ]


catalogue: Final = Table(
    "catalogue",
    metadata,
    _column("image_key", Key, "the row's key, in order of first sight"),
    _optional("received", LargeBinary, "digest of the record's bytes when it last made a version"),
    _column("fingerprint", LargeBinary, "digest of the tracked values, led by its version"),
    _column("state", Text, "present, removed or out_of_scope"),
    _source(),
    _image_id(),
    *_version_columns(),
    _column("first_seen_at", Instant, "observed_at of the run that first saw the image"),
    _optional("unseen_at", Instant, "last certified walk that saw it, when later ones did not"),
    _optional("missing_since", Instant, "first certified walk without it, as long as undecided"),
    _optional("listing", Text, "TYPE/WORKSPACE of the listing that gave this version"),
    *_tracked_columns(),
    _column("components", JsonList, "JSON array of [component, version]"),
    PrimaryKeyConstraint("image_key"),
    UniqueConstraint("source", "image_id"),
    _one_of("state", "present", "removed", "out_of_scope"),
    _one_of("opened_as", "added", "changed", "restored", "in_scope"),
    _one_of("closed_as", "removed", "out_of_scope"),
    CheckConstraint("version >= 1", name="version"),
    CheckConstraint("(state = 'present') = (valid_to is null)", name="open"),
    CheckConstraint("(closed_as is null) = (valid_to is null)", name="closed"),
    CheckConstraint("(closed_run_id is null) = (valid_to is null)", name="closed_run"),
    CheckConstraint("state = 'present' or state = closed_as", name="closed_state"),
    CheckConstraint("valid_to >= valid_from", name="period"),
    CheckConstraint("state = 'present' or missing_since is null", name="missing"),
    comment="Every image ever seen: its state and its latest version",
)

superseded: Final = Table(
    "superseded",
    metadata,
    _column("image_key", Key, "the image's row in catalogue", ForeignKey("catalogue.image_key")),
    _source(),
    _image_id(),
    *_version_columns(),
    *_tracked_columns(),
    PrimaryKeyConstraint("image_key", "version"),
    _one_of("opened_as", "added", "changed", "restored", "in_scope"),
    _one_of("closed_as", "changed", "removed", "out_of_scope"),
    CheckConstraint("valid_to is not null and closed_run_id is not null", name="closed"),
    CheckConstraint("valid_to >= valid_from", name="period"),
    comment="The versions of images that a later version followed",
)

field_changes: Final = Table(
    "field_changes",
    metadata,
    _column("image_key", Key, "the image's row in catalogue", ForeignKey("catalogue.image_key")),
    _column("version", Integer, "the version that brought the new value"),
    _column("field", Text, "name of the tracked column"),
    _column("old_value", Text, "JSON text of the value before"),
    _column("new_value", Text, "JSON text of the value from this version on"),
    _run("run_id", "the run that brought the version"),
    PrimaryKeyConstraint("image_key", "version", "field"),
    comment="What differs between a version and the one before, value by value",
)

image_removals: Final = Table(
    "image_removals",
    metadata,
    _source(),
    _image_id(),
    _optional("name", Text, "the image's last known name"),
    _optional("swr_path", Text, "its last known address"),
    _column("version", Integer, "the version that the removal ended"),
    _run("run_id", "the run that found it removed"),
    _column("removed_at", Instant, "observed_at of that run"),
    _column("last_seen_at", Instant, "latest certified walk that saw it, or its latest change"),
    _optional("missing_since", Instant, "first certified walk without it; null: still listed"),
    _column("evidence", Text, "how it is known"),
    _column("evidence_detail", JsonObject, "HTTP status, error code, request id, time"),
    _optional("restored_at", Instant, "observed_at of the run that saw it again"),
    _run("restored_run_id", "the run that saw it again", null=True),
    PrimaryKeyConstraint("source", "image_id", "version"),
    _one_of("evidence", "lookup_not_found", "lookup_deleted", "listed_deleted", "absent_twice"),
    CheckConstraint("(restored_at is null) = (restored_run_id is null)", name="restored"),
    Index("ix_image_removals_removed_at", "removed_at"),
    Index("ix_image_removals_run_id", "run_id"),
    comment="Images that left the catalogue, each time, with the evidence",
)

held_removals: Final = Table(
    "held_removals",
    metadata,
    _source(),
    _image_id(),
    _run("run_id", "the first run whose guard held this removal"),
    _column("held_at", Instant, "observed_at of that run"),
    _optional("name", Text, "the image's name at that time"),
    _column("rule", Text, "the guard's rule that held the set"),
    _column("evidence", Text, "how it is known"),
    _column("evidence_detail", JsonObject, "HTTP status, error code, request id, time"),
    _run("released_run_id", "the run after which it is held no more", null=True),
    _optional("released_at", Instant, "observed_at of that run; null: still held"),
    _optional("released_as", Text, "removed, dismissed, or withdrawn (no longer a candidate)"),
    PrimaryKeyConstraint("source", "image_id", "run_id"),
    _one_of("rule", "max_count", "max_percent", "empty_listing"),
    _one_of("released_as", "removed", "dismissed", "withdrawn"),
    CheckConstraint("(released_at is null) = (released_as is null)", name="released"),
    Index(
        "uq_held_removals_open",
        "source",
        "image_id",
        unique=True,
        sqlite_where=text("released_at is null"),
        postgresql_where=text("released_at is null"),
    ),
    comment="Removals that the guard held back, with their evidence, and what became of them",
)

sync_runs: Final = Table(
    "sync_runs",
    metadata,
    _column("run_id", Key, "number of the run"),
    _column("kind", Text, "sync, approve, dismiss or replay"),
    _column("started_at", Instant, "when it began"),
    _optional("finished_at", Instant, "when it ended; null: it runs, or was killed"),
    _column("status", Text, "running, succeeded, partial, held, failed, interrupted, abandoned"),
    _optional("exit_code", Integer, "the process's exit code"),
    _column("version", Text, "version of image-sync"),
    _column("host", Text, "the machine it ran on"),
    _column("pid", Integer, "its process id"),
    PrimaryKeyConstraint("run_id"),
    _one_of("kind", "sync", "approve", "dismiss", "replay"),
    _one_of(
        "status",
        "running",
        "succeeded",
        "partial",
        "held",
        "failed",
        "interrupted",
        "abandoned",
    ),
    CheckConstraint("(status in ('running', 'abandoned')) or finished_at is not null", name="end"),
    comment="One row for each execution of a writing command",
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

source_runs: Final = Table(
    "source_runs",
    metadata,
    _column("run_id", Key, "the run", ForeignKey("sync_runs.run_id")),
    _source(),
    _column("status", Text, "succeeded, partial, held or failed"),
    _column("observed_at", Instant, "the instant that this run's facts bear"),
    _column("certificate", Text, "exact, ordered, agreed or none"),
    *[_column(name, BigInteger, comment) for name, comment in _COUNTS.items()],
    _column("walk_detail", JsonObject, "how the walk went, for each listing"),
    _optional("coverage", Text, "digest of the types, workspaces and filters"),
    _optional("error_kind", Text, "refused, unavailable or broken"),
    _optional("error_message", Text, "what failed, without secrets"),
    _optional("error_request_id", Text, "the API's id of the request that failed"),
    _column("catalogue_digest", Text, "set digest of the images present after this run"),
    _column("digest", Text, "digest of this row, its changes and removals, and previous_digest"),
    _optional("previous_digest", Text, "digest of the source's run before; null: the first"),
    PrimaryKeyConstraint("run_id", "source"),
    _one_of("status", "succeeded", "partial", "held", "failed"),
    _one_of("certificate", "exact", "ordered", "agreed", "none"),
    UniqueConstraint("source", "observed_at"),
    comment="What one run did to one source",
)

rejects: Final = Table(
    "rejects",
    metadata,
    _column("reject_id", Key, "number of the reject"),
    _run("run_id", "the run that met it first"),
    _source(),
    _optional("image_id", Text, "the record's id, where it has a usable one"),
    _optional("listing", Text, "TYPE/WORKSPACE of the listing that held it"),
    _column("page", Integer, "page of the listing, from 0"),
    _column("position", Integer, "place on the page, from 0"),
    _column("reason", Text, "the field and what is wrong with it"),
    _column("record", Text, "the record as received, cut at a bound"),
    _column("record_bytes", BigInteger, "the record's whole length in bytes"),
    _column("record_digest", Text, "digest of the whole record"),
    _column("rejected_at", Instant, "observed_at of the run that met it first"),
    _optional("resolved_at", Instant, "when the record, or a later one, was understood"),
    PrimaryKeyConstraint("reject_id"),
    Index(
        "uq_rejects_open",
        "source",
        "record_digest",
        "reason",
        unique=True,
        sqlite_where=text("resolved_at is null"),
        postgresql_where=text("resolved_at is null"),
    ),
    comment="Records that can't be understood, kept with the reason",
)

source_fields: Final = Table(
    "source_fields",
    metadata,
    _source(),
    _column("field", Text, "name of a field that the API reference does not know"),
    _column("first_seen_at", Instant, "observed_at of the run that met it first"),
    _run("run_id", "the run that met it first"),
    PrimaryKeyConstraint("source", "field"),
    comment="Unknown fields as they appear",
)

# The query behind each: open versions and removals of a run or a period, and an image by its name.
Index("ix_catalogue_opened", catalogue.c.opened_run_id)
Index("ix_catalogue_valid_from", catalogue.c.valid_from)
Index(
    "ix_catalogue_closed",
    catalogue.c.closed_run_id,
    sqlite_where=text("closed_run_id is not null"),
    postgresql_where=text("closed_run_id is not null"),
)
# An image by its name or its address. A hash, since PostgreSQL's b-tree refuses a very long text.
Index("ix_catalogue_name", catalogue.c.name, postgresql_using="hash")
Index("ix_catalogue_swr_path", catalogue.c.swr_path, postgresql_using="hash")
# What is not present, and what is missing: few, so that counting them costs little.
Index(
    "ix_catalogue_absent",
    catalogue.c.source,
    catalogue.c.image_id,
    catalogue.c.state,
    sqlite_where=text("state <> 'present'"),
    postgresql_where=text("state <> 'present'"),
)
Index(
    "ix_catalogue_missing",
    catalogue.c.source,
    sqlite_where=text("missing_since is not null"),
    postgresql_where=text("missing_since is not null"),
)
# The older versions of an image, of a run, and those that ended otherwise than by a change.
Index("ix_superseded_image", superseded.c.source, superseded.c.image_id)
Index("ix_superseded_opened", superseded.c.opened_run_id)
Index(
    "ix_superseded_closed",
    superseded.c.closed_run_id,
    sqlite_where=text("closed_as <> 'changed'"),
    postgresql_where=text("closed_as <> 'changed'"),
)
Index("ix_superseded_valid_from", superseded.c.valid_from)
Index("ix_field_changes_run_id", field_changes.c.run_id)
Index("ix_rejects_run_id", rejects.c.run_id)
