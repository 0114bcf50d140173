"""The tables of images: each one's latest version, its older ones, its changes and removals.

An image's latest version is a row of `current_images`, its older ones are rows of
`past_versions`: so the
current catalogue and the open versions are the same rows and can't disagree.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from etl.database.columns import (
    column,
    image_id_column,
    metadata,
    one_of,
    optional,
    run_column,
    source_column,
    tracked_columns,
    version_columns,
)
from etl.database.types import Instant, JsonList, JsonObject, Key

current_images: Final = Table(
    "current_images",
    metadata,
    column("image_key", Key, "the row's key, in order of first sight"),
    column("record_digest", LargeBinary, "digest of the record that gave the version"),
    column("fingerprint", LargeBinary, "digest of the tracked values that are not null"),
    column("state", Text, "present, removed or out_of_scope"),
    source_column(),
    image_id_column(),
    *version_columns(),
    column("first_seen_at", Instant, "observed_at of the run that first saw the image"),
    optional("last_seen_at", Instant, "last certified walk that saw it, when later ones did not"),
    optional("missing_since", Instant, "first certified walk without it, as long as undecided"),
    optional("listing", Text, "TYPE/WORKSPACE of the listing that gave this version"),
    optional("relisted_as", Text, "TYPE/WORKSPACE of the listing that shows it instead"),
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

past_versions: Final = Table(
    "past_versions",
    metadata,
    column(
        "image_key",
        Key,
        "the image's row in current_images",
        ForeignKey("current_images.image_key"),
    ),
    source_column(),
    image_id_column(),
    *version_columns(),
    optional("last_seen_at", Instant, "last certified walk that saw it, when later ones did not"),
    optional("listing", Text, "TYPE/WORKSPACE of the listing that gave this version"),
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
    column(
        "image_key",
        Key,
        "the image's row in current_images",
        ForeignKey("current_images.image_key"),
    ),
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
    optional("attribution", Text, "how sure removed_by is; null: not requested, or still open"),
    optional("removed_by", Text, "name of the user, agency or system that removed the image"),
    optional("removed_by_kind", Text, "user, agency, federated or system"),
    optional("removed_via", Text, "ApiCall, ConsoleAction or SystemAction"),
    optional("source_ip", Text, "address that the request came from"),
    optional("trace_id", Text, "id of the trace in the Cloud Trace Service"),
    optional("trace_at", Instant, "time of the trace"),
    optional("actor_salt", Text, "random text in the actor's digest; null: erased, or no actor"),
    run_column("attributed_run_id", "the run that recorded the attribution", null=True),
    PrimaryKeyConstraint("source", "image_id", "version"),
    one_of("evidence", "lookup_not_found", "lookup_deleted", "listed_deleted", "absent_twice"),
    CheckConstraint("(restored_at is null) = (restored_run_id is null)", name="restored"),
    one_of("attribution", "exact", "likely", "ambiguous", "none", "refused", "expired"),
    one_of("removed_by_kind", "user", "agency", "federated", "system"),
    one_of("removed_via", "ApiCall", "ConsoleAction", "SystemAction"),
    CheckConstraint(
        "removed_by is null or (attribution is not null"
        " and (attribution = 'exact' or attribution = 'likely'))",
        name="removed_by",
    ),
    CheckConstraint("(attribution is null) = (attributed_run_id is null)", name="attributed"),
    comment="Images that left the catalogue, each time, with the evidence",
)

removal_attributions: Final = Table(
    "removal_attributions",
    metadata,
    source_column(),
    image_id_column(),
    column("version", Integer, "the version that the removal ended"),
    run_column("run_id", "the run that asked who removed the image"),
    column("attribution", Text, "exact, likely, ambiguous, none, refused or expired"),
    optional("actor_digest", Text, "SHA-256 (hex) of who it was and a salt; null: nobody named"),
    PrimaryKeyConstraint("source", "image_id", "version", "run_id"),
    one_of("attribution", "exact", "likely", "ambiguous", "none", "refused", "expired"),
    comment="Results of asking who removed an image, one for each time that it was asked",
)

presence_changes: Final = Table(
    "presence_changes",
    metadata,
    column(
        "image_key",
        Key,
        "the image's row in current_images",
        ForeignKey("current_images.image_key"),
    ),
    run_column("run_id", "the run"),
    source_column(),
    image_id_column(),
    column("changed_at", Instant, "observed_at of the run"),
    column("kind", Text, "missing, found (by its id), listed (again) or relisted"),
    optional("last_seen_at", Instant, "last certified walk that saw it, when later ones did not"),
    optional("missing_since", Instant, "first certified walk without it, as long as undecided"),
    optional("relisted_as", Text, "TYPE/WORKSPACE of the listing that shows it instead"),
    PrimaryKeyConstraint("image_key", "run_id"),
    one_of("kind", "missing", "found", "listed", "relisted"),
    comment="How a present image's listing changed while its version stayed the same",
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
    comment="Removals that the guard held back, with their evidence, and what became of them",
)
