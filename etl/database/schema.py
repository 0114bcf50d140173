"""The tables: what is stored, once each, with a comment on every table and column.

An image's latest version is a row of `catalogue`, its older ones are rows of `superseded`: so the
current catalogue and the open versions are the same rows and can't disagree. What people read
(`images`, `image_versions`, `image_changes`, …) are views, in `views.py`.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
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

from etl.database.columns import (
    column,
    count_columns,
    image_id_column,
    one_of,
    optional,
    run_column,
    source_column,
    tracked_columns,
    version_columns,
)
from etl.database.types import Instant, JsonList, JsonObject, Key

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


catalogue: Final = Table(
    "catalogue",
    metadata,
    column("image_key", Key, "the row's key, in order of first sight"),
    optional("received", LargeBinary, "digest of the record's bytes when it last made a version"),
    column("fingerprint", LargeBinary, "digest of the tracked values, led by its version"),
    column("state", Text, "present, removed or out_of_scope"),
    source_column(),
    image_id_column(),
    *version_columns(),
    column("first_seen_at", Instant, "observed_at of the run that first saw the image"),
    optional("unseen_at", Instant, "last certified walk that saw it, when later ones did not"),
    optional("missing_since", Instant, "first certified walk without it, as long as undecided"),
    optional("listing", Text, "TYPE/WORKSPACE of the listing that gave this version"),
    *tracked_columns(),
    column("components", JsonList, "JSON array of [component, version]"),
    PrimaryKeyConstraint("image_key"),
    UniqueConstraint("source", "image_id"),
    one_of("state", "present", "removed", "out_of_scope"),
    one_of("opened_as", "added", "changed", "restored", "in_scope"),
    one_of("closed_as", "removed", "out_of_scope"),
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
    column("image_key", Key, "the image's row in catalogue", ForeignKey("catalogue.image_key")),
    source_column(),
    image_id_column(),
    *version_columns(),
    *tracked_columns(),
    PrimaryKeyConstraint("image_key", "version"),
    one_of("opened_as", "added", "changed", "restored", "in_scope"),
    one_of("closed_as", "changed", "removed", "out_of_scope"),
    CheckConstraint("valid_to is not null and closed_run_id is not null", name="closed"),
    CheckConstraint("valid_to >= valid_from", name="period"),
    comment="The versions of images that a later version followed",
)

field_changes: Final = Table(
    "field_changes",
    metadata,
    column("image_key", Key, "the image's row in catalogue", ForeignKey("catalogue.image_key")),
    column("version", Integer, "the version that brought the new value"),
    column("field", Text, "name of the tracked column"),
    column("old_value", Text, "JSON text of the value before"),
    column("new_value", Text, "JSON text of the value from this version on"),
    run_column("run_id", "the run that brought the version"),
    PrimaryKeyConstraint("image_key", "version", "field"),
    comment="What differs between a version and the one before, value by value",
)

image_removals: Final = Table(
    "image_removals",
    metadata,
    source_column(),
    image_id_column(),
    optional("name", Text, "the image's last known name"),
    optional("swr_path", Text, "its last known address"),
    column("version", Integer, "the version that the removal ended"),
    run_column("run_id", "the run that found it removed"),
    column("removed_at", Instant, "observed_at of that run"),
    column("last_seen_at", Instant, "latest certified walk that saw it, or its latest change"),
    optional("missing_since", Instant, "first certified walk without it; null: still listed"),
    column("evidence", Text, "how it is known"),
    column("evidence_detail", JsonObject, "HTTP status, error code, request id, time"),
    optional("restored_at", Instant, "observed_at of the run that saw it again"),
    run_column("restored_run_id", "the run that saw it again", null=True),
    PrimaryKeyConstraint("source", "image_id", "version"),
    one_of("evidence", "lookup_not_found", "lookup_deleted", "listed_deleted", "absent_twice"),
    CheckConstraint("(restored_at is null) = (restored_run_id is null)", name="restored"),
    Index("ix_image_removals_removed_at", "removed_at"),
    Index("ix_image_removals_run_id", "run_id"),
    comment="Images that left the catalogue, each time, with the evidence",
)

held_removals: Final = Table(
    "held_removals",
    metadata,
    source_column(),
    image_id_column(),
    run_column("run_id", "the first run whose guard held this removal"),
    column("held_at", Instant, "observed_at of that run"),
    optional("name", Text, "the image's name at that time"),
    column("rule", Text, "the guard's rule that held the set"),
    column("evidence", Text, "how it is known"),
    column("evidence_detail", JsonObject, "HTTP status, error code, request id, time"),
    run_column("released_run_id", "the run after which it is held no more", null=True),
    optional("released_at", Instant, "observed_at of that run; null: still held"),
    optional("released_as", Text, "removed, dismissed, or withdrawn (no longer a candidate)"),
    PrimaryKeyConstraint("source", "image_id", "run_id"),
    one_of("rule", "max_count", "max_percent", "empty_listing"),
    one_of("released_as", "removed", "dismissed", "withdrawn"),
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
    column("run_id", Key, "number of the run"),
    column("kind", Text, "sync, approve, dismiss or replay"),
    column("started_at", Instant, "when it began"),
    optional("finished_at", Instant, "when it ended; null: it runs, or was killed"),
    column("status", Text, "running, succeeded, partial, held, failed, interrupted, abandoned"),
    optional("exit_code", Integer, "the process's exit code"),
    column("version", Text, "version of image-sync"),
    column("host", Text, "the machine it ran on"),
    column("pid", Integer, "its process id"),
    PrimaryKeyConstraint("run_id"),
    one_of("kind", "sync", "approve", "dismiss", "replay"),
    one_of(
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

source_runs: Final = Table(
    "source_runs",
    metadata,
    column("run_id", Key, "the run", ForeignKey("sync_runs.run_id")),
    source_column(),
    column("status", Text, "succeeded, partial, held or failed"),
    column("observed_at", Instant, "the instant that this run's facts bear"),
    column("certificate", Text, "exact, ordered, agreed or none"),
    *count_columns(),
    column("walk_detail", JsonObject, "how the walk went, for each listing"),
    optional("coverage", Text, "digest of the types, workspaces and filters"),
    optional("error_kind", Text, "refused, unavailable or broken"),
    optional("error_message", Text, "what failed, without secrets"),
    optional("error_request_id", Text, "the API's id of the request that failed"),
    column("catalogue_digest", Text, "set digest of the images present after this run"),
    column("digest", Text, "digest of this row, its changes and removals, and previous_digest"),
    optional("previous_digest", Text, "digest of the source's run before; null: the first"),
    PrimaryKeyConstraint("run_id", "source"),
    one_of("status", "succeeded", "partial", "held", "failed"),
    one_of("certificate", "exact", "ordered", "agreed", "none"),
    UniqueConstraint("source", "observed_at"),
    comment="What one run did to one source",
)

rejects: Final = Table(
    "rejects",
    metadata,
    column("reject_id", Key, "number of the reject"),
    run_column("run_id", "the run that met it first"),
    source_column(),
    optional("image_id", Text, "the record's id, where it has a usable one"),
    optional("listing", Text, "TYPE/WORKSPACE of the listing that held it"),
    column("page", Integer, "page of the listing, from 0"),
    column("position", Integer, "place on the page, from 0"),
    column("reason", Text, "the field and what is wrong with it"),
    column("record", Text, "the record as received, cut at a bound"),
    column("record_bytes", BigInteger, "the record's whole length in bytes"),
    column("record_digest", Text, "digest of the whole record"),
    column("rejected_at", Instant, "observed_at of the run that met it first"),
    optional("resolved_at", Instant, "when its image was understood, or the record was gone"),
    run_column("resolved_run_id", "the run that resolved it", null=True),
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
    source_column(),
    column("field", Text, "name of a field that the API reference does not know"),
    column("first_seen_at", Instant, "observed_at of the run that met it first"),
    run_column("run_id", "the run that met it first"),
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
