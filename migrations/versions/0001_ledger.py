# ruff: noqa: E501  # constraints stand as the database keeps them, in one line
"""The ledger: images, their versions, changes and removals, runs and rejects."""

import sqlalchemy as sa
from alembic import op

from etl.database.types import Instant, JsonList, JsonObject, Key

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "current_images",
        sa.Column(
            "image_key", Key, nullable=False, comment="the row's key, in order of first sight"
        ),
        sa.Column(
            "record_digest",
            sa.LargeBinary(),
            nullable=True,
            comment="digest of the record's bytes when it last made a version",
        ),
        sa.Column(
            "fingerprint",
            sa.LargeBinary(),
            nullable=False,
            comment="digest of the tracked values, led by its version",
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="present, removed or out_of_scope"),
        sa.Column(
            "source",
            sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"),
            nullable=False,
            comment="name of the source in the configuration",
        ),
        sa.Column(
            "image_id",
            sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"),
            nullable=False,
            comment="the API's id, unique within a source",
        ),
        sa.Column("version", sa.Integer(), nullable=False, comment="number of the version, from 1"),
        sa.Column(
            "valid_from",
            Instant(),
            nullable=False,
            comment="observed_at of the run that brought this version",
        ),
        sa.Column(
            "valid_to",
            Instant(),
            nullable=True,
            comment="observed_at of the run that ended it; null: still so",
        ),
        sa.Column(
            "opened_run_id", Key, nullable=False, comment="the run that brought this version"
        ),
        sa.Column(
            "opened_as", sa.Text(), nullable=False, comment="added, changed, restored or in_scope"
        ),
        sa.Column("closed_run_id", Key, nullable=True, comment="the run that ended this version"),
        sa.Column(
            "closed_as",
            sa.Text(),
            nullable=True,
            comment="changed, removed or out_of_scope; null: still so",
        ),
        sa.Column(
            "first_seen_at",
            Instant(),
            nullable=False,
            comment="observed_at of the run that first saw the image",
        ),
        sa.Column(
            "last_seen_at",
            Instant(),
            nullable=True,
            comment="last certified walk that saw it, when later ones did not",
        ),
        sa.Column(
            "missing_since",
            Instant(),
            nullable=True,
            comment="first certified walk without it, as long as undecided",
        ),
        sa.Column(
            "listing",
            sa.Text(),
            nullable=True,
            comment="TYPE/WORKSPACE of the listing that gave this version",
        ),
        sa.Column(
            "name",
            sa.Text(),
            nullable=True,
            comment="the image's name, without surrounding white space; not unique",
        ),
        sa.Column("description", sa.Text(), nullable=True, comment="the image's description"),
        sa.Column(
            "type", sa.Text(), nullable=True, comment="BUILD_IN or DEDICATED; others are kept"
        ),
        sa.Column(
            "status",
            sa.Text(),
            nullable=True,
            comment="INIT, CREATING, CREATE_FAILED, ERROR, DELETED, ACTIVE, …",
        ),
        sa.Column(
            "arch",
            sa.Text(),
            nullable=True,
            comment="processor architecture in lower case: x86_64, aarch64, …",
        ),
        sa.Column("tag", sa.Text(), nullable=True, comment="the image's tag"),
        sa.Column(
            "namespace", sa.Text(), nullable=True, comment="SWR organisation, as the API names it"
        ),
        sa.Column(
            "workspace_id", sa.Text(), nullable=True, comment="workspace; 0 is the default one"
        ),
        sa.Column("visibility", sa.Text(), nullable=True, comment="PRIVATE, PUBLIC, HIDDEN, …"),
        sa.Column("origin", sa.Text(), nullable=True, comment="CUSTOMIZE, IMAGE_SAVE, …"),
        sa.Column(
            "service_type",
            sa.Text(),
            nullable=True,
            comment="COMMON, INFERENCE, TRAIN, DEV, UNKNOWN, …",
        ),
        sa.Column(
            "flavor_type",
            sa.Text(),
            nullable=True,
            comment="ASCEND_SNT9, ASCEND_SNT9B, ASCEND_SNT3, …",
        ),
        sa.Column(
            "size",
            sa.BigInteger(),
            nullable=True,
            comment="as reported (documented in KB, observed in bytes)",
        ),
        sa.Column(
            "swr_path",
            sa.Text(),
            nullable=True,
            comment="the image's address in the registry; not unique",
        ),
        sa.Column(
            "swr_registry",
            sa.Text(),
            nullable=True,
            comment="of swr_path: host, with the port if it has one",
        ),
        sa.Column(
            "swr_organization", sa.Text(), nullable=True, comment="of swr_path: the organisation"
        ),
        sa.Column(
            "swr_repository", sa.Text(), nullable=True, comment="of swr_path: the repository"
        ),
        sa.Column("swr_tag", sa.Text(), nullable=True, comment="of swr_path: the tag or digest"),
        sa.Column(
            "swr_instance_id", sa.Text(), nullable=True, comment="id of the SWR enterprise instance"
        ),
        sa.Column("show_name", sa.Text(), nullable=True, comment="the name to show"),
        sa.Column("show_tag", sa.Text(), nullable=True, comment="the tag to show"),
        sa.Column(
            "status_message", sa.Text(), nullable=True, comment="what the API says of the status"
        ),
        sa.Column(
            "dev_services",
            JsonList(),
            nullable=True,
            comment="JSON array of text: NOTEBOOK, SSH, AI_FLOW, …",
        ),
        sa.Column(
            "resource_categories",
            JsonList(),
            nullable=True,
            comment="JSON array of text: CPU, GPU, ASCEND, …",
        ),
        sa.Column("tags", JsonList(), nullable=True, comment="JSON array of {key, value}"),
        sa.Column(
            "created_at",
            Instant(),
            nullable=True,
            comment="when the image was made, as the API says",
        ),
        sa.Column(
            "updated_at",
            Instant(),
            nullable=True,
            comment="when the API last touched it; does not detect change",
        ),
        sa.Column(
            "extra",
            JsonObject(),
            nullable=False,
            comment="unknown fields as they came with this version",
        ),
        sa.Column(
            "components", JsonList(), nullable=False, comment="JSON array of [component, version]"
        ),
        sa.CheckConstraint(
            "(state = 'present') = (valid_to is null)", name=op.f("ck_current_images_open")
        ),
        sa.CheckConstraint(
            "closed_as in ('removed', 'out_of_scope')", name=op.f("ck_current_images_closed_as")
        ),
        sa.CheckConstraint(
            "opened_as in ('added', 'changed', 'restored', 'in_scope')",
            name=op.f("ck_current_images_opened_as"),
        ),
        sa.CheckConstraint(
            "state = 'present' or missing_since is null", name=op.f("ck_current_images_missing")
        ),
        sa.CheckConstraint(
            "state = 'present' or state = closed_as", name=op.f("ck_current_images_closed_state")
        ),
        sa.CheckConstraint(
            "state in ('present', 'removed', 'out_of_scope')", name=op.f("ck_current_images_state")
        ),
        sa.CheckConstraint(
            "(closed_as is null) = (valid_to is null)", name=op.f("ck_current_images_closed")
        ),
        sa.CheckConstraint(
            "(closed_run_id is null) = (valid_to is null)",
            name=op.f("ck_current_images_closed_run"),
        ),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_current_images_period")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_current_images_version")),
        sa.PrimaryKeyConstraint("image_key", name=op.f("pk_current_images")),
        sa.UniqueConstraint("source", "image_id", name=op.f("uq_current_images_source_image_id")),
        comment="Every image ever seen: its state and its latest version",
    )
    op.create_index(
        "ix_current_images_absent",
        "current_images",
        ["source", "image_id", "state"],
        unique=False,
        sqlite_where=sa.text("state <> 'present'"),
        postgresql_where=sa.text("state <> 'present'"),
    )
    op.create_index(
        "ix_current_images_closed",
        "current_images",
        ["closed_run_id"],
        unique=False,
        sqlite_where=sa.text("closed_run_id is not null"),
        postgresql_where=sa.text("closed_run_id is not null"),
    )
    op.create_index(
        "ix_current_images_missing",
        "current_images",
        ["source"],
        unique=False,
        sqlite_where=sa.text("missing_since is not null"),
        postgresql_where=sa.text("missing_since is not null"),
    )
    op.create_index(
        "ix_current_images_name", "current_images", ["name"], unique=False, postgresql_using="hash"
    )
    op.create_index("ix_current_images_opened", "current_images", ["opened_run_id"], unique=False)
    op.create_index(
        "ix_current_images_swr_path",
        "current_images",
        ["swr_path"],
        unique=False,
        postgresql_using="hash",
    )
    op.create_index("ix_current_images_valid_from", "current_images", ["valid_from"], unique=False)
    op.create_table(
        "held_removals",
        sa.Column(
            "source",
            sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"),
            nullable=False,
            comment="name of the source in the configuration",
        ),
        sa.Column(
            "image_id",
            sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"),
            nullable=False,
            comment="the API's id, unique within a source",
        ),
        sa.Column(
            "run_id", Key, nullable=False, comment="the first run whose guard held this removal"
        ),
        sa.Column("held_at", Instant(), nullable=False, comment="observed_at of that run"),
        sa.Column("name", sa.Text(), nullable=True, comment="the image's name at that time"),
        sa.Column("rule", sa.Text(), nullable=False, comment="the guard's rule that held the set"),
        sa.Column("evidence", sa.Text(), nullable=False, comment="how it is known"),
        sa.Column(
            "evidence_detail",
            JsonObject(),
            nullable=False,
            comment="HTTP status, error code, request id, time",
        ),
        sa.Column(
            "released_run_id", Key, nullable=True, comment="the run after which it is held no more"
        ),
        sa.Column(
            "released_at",
            Instant(),
            nullable=True,
            comment="observed_at of that run; null: still held",
        ),
        sa.Column(
            "released_as",
            sa.Text(),
            nullable=True,
            comment="removed, dismissed, or withdrawn (no longer a candidate)",
        ),
        sa.CheckConstraint(
            "released_as in ('removed', 'dismissed', 'withdrawn')",
            name=op.f("ck_held_removals_released_as"),
        ),
        sa.CheckConstraint(
            "rule in ('max_count', 'max_percent', 'empty_listing')",
            name=op.f("ck_held_removals_rule"),
        ),
        sa.CheckConstraint(
            "(released_at is null) = (released_as is null)", name=op.f("ck_held_removals_released")
        ),
        sa.PrimaryKeyConstraint("source", "image_id", "run_id", name=op.f("pk_held_removals")),
        comment="Removals that the guard held back, with their evidence, and what became of them",
    )
    op.create_index(
        "uq_held_removals_open",
        "held_removals",
        ["source", "image_id"],
        unique=True,
        sqlite_where=sa.text("released_at is null"),
        postgresql_where=sa.text("released_at is null"),
    )
    op.create_table(
        "image_removals",
        sa.Column(
            "source",
            sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"),
            nullable=False,
            comment="name of the source in the configuration",
        ),
        sa.Column(
            "image_id",
            sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"),
            nullable=False,
            comment="the API's id, unique within a source",
        ),
        sa.Column("name", sa.Text(), nullable=True, comment="the image's last known name"),
        sa.Column("swr_path", sa.Text(), nullable=True, comment="its last known address"),
        sa.Column(
            "version", sa.Integer(), nullable=False, comment="the version that the removal ended"
        ),
        sa.Column("run_id", Key, nullable=False, comment="the run that found it removed"),
        sa.Column("removed_at", Instant(), nullable=False, comment="observed_at of that run"),
        sa.Column(
            "last_seen_at",
            Instant(),
            nullable=False,
            comment="latest certified walk that saw it, or its latest change",
        ),
        sa.Column(
            "missing_since",
            Instant(),
            nullable=True,
            comment="first certified walk without it; null: still listed",
        ),
        sa.Column("evidence", sa.Text(), nullable=False, comment="how it is known"),
        sa.Column(
            "evidence_detail",
            JsonObject(),
            nullable=False,
            comment="HTTP status, error code, request id, time",
        ),
        sa.Column(
            "restored_at",
            Instant(),
            nullable=True,
            comment="observed_at of the run that saw it again",
        ),
        sa.Column("restored_run_id", Key, nullable=True, comment="the run that saw it again"),
        sa.CheckConstraint(
            "evidence in ('lookup_not_found', 'lookup_deleted', 'listed_deleted', 'absent_twice')",
            name=op.f("ck_image_removals_evidence"),
        ),
        sa.CheckConstraint(
            "(restored_at is null) = (restored_run_id is null)",
            name=op.f("ck_image_removals_restored"),
        ),
        sa.PrimaryKeyConstraint("source", "image_id", "version", name=op.f("pk_image_removals")),
        comment="Images that left the catalogue, each time, with the evidence",
    )
    op.create_index("ix_image_removals_removed_at", "image_removals", ["removed_at"], unique=False)
    op.create_index("ix_image_removals_run_id", "image_removals", ["run_id"], unique=False)
    op.create_table(
        "rejects",
        sa.Column("reject_id", Key, nullable=False, comment="number of the reject"),
        sa.Column("run_id", Key, nullable=False, comment="the run that met it first"),
        sa.Column(
            "source",
            sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"),
            nullable=False,
            comment="name of the source in the configuration",
        ),
        sa.Column(
            "image_id",
            sa.Text(),
            nullable=True,
            comment="the record's id, where it has a usable one",
        ),
        sa.Column(
            "listing",
            sa.Text(),
            nullable=True,
            comment="TYPE/WORKSPACE of the listing that held it",
        ),
        sa.Column("page", sa.Integer(), nullable=False, comment="page of the listing, from 0"),
        sa.Column("position", sa.Integer(), nullable=False, comment="place on the page, from 0"),
        sa.Column(
            "reason", sa.Text(), nullable=False, comment="the field and what is wrong with it"
        ),
        sa.Column(
            "record",
            sa.Text(),
            nullable=False,
            comment="the record as record_digest, cut at a bound",
        ),
        sa.Column(
            "record_bytes",
            sa.BigInteger(),
            nullable=False,
            comment="the record's whole length in bytes",
        ),
        sa.Column("record_digest", sa.Text(), nullable=False, comment="digest of the whole record"),
        sa.Column(
            "rejected_at",
            Instant(),
            nullable=False,
            comment="observed_at of the run that met it first",
        ),
        sa.Column(
            "resolved_at",
            Instant(),
            nullable=True,
            comment="when the record, or a later one, was understood",
        ),
        sa.PrimaryKeyConstraint("reject_id", name=op.f("pk_rejects")),
        comment="Records that can't be understood, kept with the reason",
    )
    op.create_index("ix_rejects_run_id", "rejects", ["run_id"], unique=False)
    op.create_index(
        "uq_rejects_open",
        "rejects",
        ["source", "record_digest", "reason"],
        unique=True,
        sqlite_where=sa.text("resolved_at is null"),
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_table(
        "source_fields",
        sa.Column(
            "source",
            sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"),
            nullable=False,
            comment="name of the source in the configuration",
        ),
        sa.Column(
            "field",
            sa.Text(),
            nullable=False,
            comment="name of a field that the API reference does not know",
        ),
        sa.Column(
            "first_seen_at",
            Instant(),
            nullable=False,
            comment="observed_at of the run that met it first",
        ),
        sa.Column("run_id", Key, nullable=False, comment="the run that met it first"),
        sa.PrimaryKeyConstraint("source", "field", name=op.f("pk_source_fields")),
        comment="Unknown fields as they appear",
    )
    op.create_table(
        "sync_runs",
        sa.Column("run_id", Key, nullable=False, comment="number of the run"),
        sa.Column("kind", sa.Text(), nullable=False, comment="sync, approve, dismiss or replay"),
        sa.Column("started_at", Instant(), nullable=False, comment="when it began"),
        sa.Column(
            "finished_at",
            Instant(),
            nullable=True,
            comment="when it ended; null: it runs, or was killed",
        ),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="running, succeeded, partial, held, failed, interrupted, abandoned",
        ),
        sa.Column("exit_code", sa.Integer(), nullable=True, comment="the process's exit code"),
        sa.Column("version", sa.Text(), nullable=False, comment="version of image-sync"),
        sa.Column("host", sa.Text(), nullable=False, comment="the machine it ran on"),
        sa.Column("pid", sa.Integer(), nullable=False, comment="its process id"),
        sa.CheckConstraint(
            "(status in ('running', 'abandoned')) or finished_at is not null",
            name=op.f("ck_sync_runs_end"),
        ),
        sa.CheckConstraint(
            "kind in ('sync', 'approve', 'dismiss', 'replay')", name=op.f("ck_sync_runs_kind")
        ),
        sa.CheckConstraint(
            "status in ('running', 'succeeded', 'partial', 'held', 'failed', 'interrupted', 'abandoned')",
            name=op.f("ck_sync_runs_status"),
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_sync_runs")),
        comment="One row for each execution of a writing command",
    )
    op.create_table(
        "field_changes",
        sa.Column("image_key", Key, nullable=False, comment="the image's row in current_images"),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="the version that brought the new value",
        ),
        sa.Column("field", sa.Text(), nullable=False, comment="name of the tracked column"),
        sa.Column("old_value", sa.Text(), nullable=False, comment="JSON text of the value before"),
        sa.Column(
            "new_value",
            sa.Text(),
            nullable=False,
            comment="JSON text of the value from this version on",
        ),
        sa.Column("run_id", Key, nullable=False, comment="the run that brought the version"),
        sa.ForeignKeyConstraint(
            ["image_key"], ["current_images.image_key"], name=op.f("fk_field_changes_image_key")
        ),
        sa.PrimaryKeyConstraint("image_key", "version", "field", name=op.f("pk_field_changes")),
        comment="What differs between a version and the one before, value by value",
    )
    op.create_index("ix_field_changes_run_id", "field_changes", ["run_id"], unique=False)
    op.create_table(
        "source_runs",
        sa.Column("run_id", Key, nullable=False, comment="the run"),
        sa.Column(
            "source",
            sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"),
            nullable=False,
            comment="name of the source in the configuration",
        ),
        sa.Column(
            "status", sa.Text(), nullable=False, comment="succeeded, partial, held or failed"
        ),
        sa.Column(
            "observed_at",
            Instant(),
            nullable=False,
            comment="the instant that this run's facts bear",
        ),
        sa.Column(
            "certificate", sa.Text(), nullable=False, comment="exact, ordered, agreed or none"
        ),
        sa.Column(
            "walks", sa.BigInteger(), nullable=False, comment="readings of the source's listings"
        ),
        sa.Column("pages", sa.BigInteger(), nullable=False, comment="pages read"),
        sa.Column(
            "requests",
            sa.BigInteger(),
            nullable=False,
            comment="requests sent, retries and lookups among them",
        ),
        sa.Column("retries", sa.BigInteger(), nullable=False, comment="requests sent again"),
        sa.Column(
            "reported_total",
            sa.BigInteger(),
            nullable=False,
            comment="sum of the listings' total, as last reported",
        ),
        sa.Column("seen", sa.BigInteger(), nullable=False, comment="distinct images seen"),
        sa.Column(
            "added", sa.BigInteger(), nullable=False, comment="images seen for the first time"
        ),
        sa.Column(
            "changed", sa.BigInteger(), nullable=False, comment="images with a changed value"
        ),
        sa.Column("unchanged", sa.BigInteger(), nullable=False, comment="images as before"),
        sa.Column(
            "removed", sa.BigInteger(), nullable=False, comment="images that left the catalogue"
        ),
        sa.Column(
            "restored", sa.BigInteger(), nullable=False, comment="removed images that came back"
        ),
        sa.Column(
            "in_scope",
            sa.BigInteger(),
            nullable=False,
            comment="out_of_scope images that are taken in again",
        ),
        sa.Column(
            "out_of_scope",
            sa.BigInteger(),
            nullable=False,
            comment="images that the source's coverage no longer takes in",
        ),
        sa.Column("held", sa.BigInteger(), nullable=False, comment="removals held by the guard"),
        sa.Column("missing", sa.BigInteger(), nullable=False, comment="images absent but unproven"),
        sa.Column(
            "rejected", sa.BigInteger(), nullable=False, comment="records that can't be understood"
        ),
        sa.Column(
            "present",
            sa.BigInteger(),
            nullable=False,
            comment="images in the catalogue after this run",
        ),
        sa.Column(
            "walk_detail",
            JsonObject(),
            nullable=False,
            comment="how the walk went, for each listing",
        ),
        sa.Column(
            "coverage",
            sa.Text(),
            nullable=True,
            comment="digest of the types, workspaces and filters",
        ),
        sa.Column("error_kind", sa.Text(), nullable=True, comment="refused, unavailable or broken"),
        sa.Column(
            "error_message", sa.Text(), nullable=True, comment="what failed, without secrets"
        ),
        sa.Column(
            "error_request_id",
            sa.Text(),
            nullable=True,
            comment="the API's id of the request that failed",
        ),
        sa.Column(
            "catalogue_digest",
            sa.Text(),
            nullable=False,
            comment="set digest of the images present after this run",
        ),
        sa.Column(
            "digest",
            sa.Text(),
            nullable=False,
            comment="digest of this row, its changes and removals, and previous_digest",
        ),
        sa.Column(
            "previous_digest",
            sa.Text(),
            nullable=True,
            comment="digest of the source's run before; null: the first",
        ),
        sa.CheckConstraint(
            "certificate in ('exact', 'ordered', 'agreed', 'none')",
            name=op.f("ck_source_runs_certificate"),
        ),
        sa.CheckConstraint(
            "status in ('succeeded', 'partial', 'held', 'failed')",
            name=op.f("ck_source_runs_status"),
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sync_runs.run_id"], name=op.f("fk_source_runs_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "source", name=op.f("pk_source_runs")),
        sa.UniqueConstraint(
            "source", "observed_at", name=op.f("uq_source_runs_source_observed_at")
        ),
        comment="What one run did to one source",
    )
    op.create_table(
        "past_versions",
        sa.Column("image_key", Key, nullable=False, comment="the image's row in current_images"),
        sa.Column(
            "source",
            sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"),
            nullable=False,
            comment="name of the source in the configuration",
        ),
        sa.Column(
            "image_id",
            sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql"),
            nullable=False,
            comment="the API's id, unique within a source",
        ),
        sa.Column("version", sa.Integer(), nullable=False, comment="number of the version, from 1"),
        sa.Column(
            "valid_from",
            Instant(),
            nullable=False,
            comment="observed_at of the run that brought this version",
        ),
        sa.Column(
            "valid_to",
            Instant(),
            nullable=True,
            comment="observed_at of the run that ended it; null: still so",
        ),
        sa.Column(
            "opened_run_id", Key, nullable=False, comment="the run that brought this version"
        ),
        sa.Column(
            "opened_as", sa.Text(), nullable=False, comment="added, changed, restored or in_scope"
        ),
        sa.Column("closed_run_id", Key, nullable=True, comment="the run that ended this version"),
        sa.Column(
            "closed_as",
            sa.Text(),
            nullable=True,
            comment="changed, removed or out_of_scope; null: still so",
        ),
        sa.Column(
            "name",
            sa.Text(),
            nullable=True,
            comment="the image's name, without surrounding white space; not unique",
        ),
        sa.Column("description", sa.Text(), nullable=True, comment="the image's description"),
        sa.Column(
            "type", sa.Text(), nullable=True, comment="BUILD_IN or DEDICATED; others are kept"
        ),
        sa.Column(
            "status",
            sa.Text(),
            nullable=True,
            comment="INIT, CREATING, CREATE_FAILED, ERROR, DELETED, ACTIVE, …",
        ),
        sa.Column(
            "arch",
            sa.Text(),
            nullable=True,
            comment="processor architecture in lower case: x86_64, aarch64, …",
        ),
        sa.Column("tag", sa.Text(), nullable=True, comment="the image's tag"),
        sa.Column(
            "namespace", sa.Text(), nullable=True, comment="SWR organisation, as the API names it"
        ),
        sa.Column(
            "workspace_id", sa.Text(), nullable=True, comment="workspace; 0 is the default one"
        ),
        sa.Column("visibility", sa.Text(), nullable=True, comment="PRIVATE, PUBLIC, HIDDEN, …"),
        sa.Column("origin", sa.Text(), nullable=True, comment="CUSTOMIZE, IMAGE_SAVE, …"),
        sa.Column(
            "service_type",
            sa.Text(),
            nullable=True,
            comment="COMMON, INFERENCE, TRAIN, DEV, UNKNOWN, …",
        ),
        sa.Column(
            "flavor_type",
            sa.Text(),
            nullable=True,
            comment="ASCEND_SNT9, ASCEND_SNT9B, ASCEND_SNT3, …",
        ),
        sa.Column(
            "size",
            sa.BigInteger(),
            nullable=True,
            comment="as reported (documented in KB, observed in bytes)",
        ),
        sa.Column(
            "swr_path",
            sa.Text(),
            nullable=True,
            comment="the image's address in the registry; not unique",
        ),
        sa.Column(
            "swr_registry",
            sa.Text(),
            nullable=True,
            comment="of swr_path: host, with the port if it has one",
        ),
        sa.Column(
            "swr_organization", sa.Text(), nullable=True, comment="of swr_path: the organisation"
        ),
        sa.Column(
            "swr_repository", sa.Text(), nullable=True, comment="of swr_path: the repository"
        ),
        sa.Column("swr_tag", sa.Text(), nullable=True, comment="of swr_path: the tag or digest"),
        sa.Column(
            "swr_instance_id", sa.Text(), nullable=True, comment="id of the SWR enterprise instance"
        ),
        sa.Column("show_name", sa.Text(), nullable=True, comment="the name to show"),
        sa.Column("show_tag", sa.Text(), nullable=True, comment="the tag to show"),
        sa.Column(
            "status_message", sa.Text(), nullable=True, comment="what the API says of the status"
        ),
        sa.Column(
            "dev_services",
            JsonList(),
            nullable=True,
            comment="JSON array of text: NOTEBOOK, SSH, AI_FLOW, …",
        ),
        sa.Column(
            "resource_categories",
            JsonList(),
            nullable=True,
            comment="JSON array of text: CPU, GPU, ASCEND, …",
        ),
        sa.Column("tags", JsonList(), nullable=True, comment="JSON array of {key, value}"),
        sa.Column(
            "created_at",
            Instant(),
            nullable=True,
            comment="when the image was made, as the API says",
        ),
        sa.Column(
            "updated_at",
            Instant(),
            nullable=True,
            comment="when the API last touched it; does not detect change",
        ),
        sa.Column(
            "extra",
            JsonObject(),
            nullable=False,
            comment="unknown fields as they came with this version",
        ),
        sa.CheckConstraint(
            "closed_as in ('changed', 'removed', 'out_of_scope')",
            name=op.f("ck_superseded_closed_as"),
        ),
        sa.CheckConstraint(
            "opened_as in ('added', 'changed', 'restored', 'in_scope')",
            name=op.f("ck_superseded_opened_as"),
        ),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_superseded_period")),
        sa.CheckConstraint(
            "valid_to is not null and closed_run_id is not null", name=op.f("ck_superseded_closed")
        ),
        sa.ForeignKeyConstraint(
            ["image_key"], ["current_images.image_key"], name=op.f("fk_superseded_image_key")
        ),
        sa.PrimaryKeyConstraint("image_key", "version", name=op.f("pk_superseded")),
        comment="The versions of images that a later version followed",
    )
    op.create_index(
        "ix_past_versions_closed",
        "past_versions",
        ["closed_run_id"],
        unique=False,
        sqlite_where=sa.text("closed_as <> 'changed'"),
        postgresql_where=sa.text("closed_as <> 'changed'"),
    )
    op.create_index("ix_past_versions_image", "past_versions", ["source", "image_id"], unique=False)
    op.create_index("ix_past_versions_opened", "past_versions", ["opened_run_id"], unique=False)
    op.create_index("ix_past_versions_valid_from", "past_versions", ["valid_from"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_past_versions_valid_from", table_name="past_versions")
    op.drop_index("ix_past_versions_opened", table_name="past_versions")
    op.drop_index("ix_past_versions_image", table_name="past_versions")
    op.drop_index(
        "ix_past_versions_closed",
        table_name="past_versions",
        sqlite_where=sa.text("closed_as <> 'changed'"),
        postgresql_where=sa.text("closed_as <> 'changed'"),
    )
    op.drop_table("past_versions")
    op.drop_table("source_runs")
    op.drop_index("ix_field_changes_run_id", table_name="field_changes")
    op.drop_table("field_changes")
    op.drop_table("sync_runs")
    op.drop_table("source_fields")
    op.drop_index(
        "uq_rejects_open",
        table_name="rejects",
        sqlite_where=sa.text("resolved_at is null"),
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.drop_index("ix_rejects_run_id", table_name="rejects")
    op.drop_table("rejects")
    op.drop_index("ix_image_removals_run_id", table_name="image_removals")
    op.drop_index("ix_image_removals_removed_at", table_name="image_removals")
    op.drop_table("image_removals")
    op.drop_index(
        "uq_held_removals_open",
        table_name="held_removals",
        sqlite_where=sa.text("released_at is null"),
        postgresql_where=sa.text("released_at is null"),
    )
    op.drop_table("held_removals")
    op.drop_index("ix_current_images_valid_from", table_name="current_images")
    op.drop_index(
        "ix_current_images_swr_path", table_name="current_images", postgresql_using="hash"
    )
    op.drop_index("ix_current_images_opened", table_name="current_images")
    op.drop_index("ix_current_images_name", table_name="current_images", postgresql_using="hash")
    op.drop_index(
        "ix_current_images_missing",
        table_name="current_images",
        sqlite_where=sa.text("missing_since is not null"),
        postgresql_where=sa.text("missing_since is not null"),
    )
    op.drop_index(
        "ix_current_images_closed",
        table_name="current_images",
        sqlite_where=sa.text("closed_run_id is not null"),
        postgresql_where=sa.text("closed_run_id is not null"),
    )
    op.drop_index(
        "ix_current_images_absent",
        table_name="current_images",
        sqlite_where=sa.text("state <> 'present'"),
        postgresql_where=sa.text("state <> 'present'"),
    )
    op.drop_table("current_images")
