"""The tables: what is stored, once each, with a comment on every table and column.

An image's latest version is a row of `current_images`, its older ones are rows of `past_versions`:
the current catalogue and the open versions are the same rows. People read the views of `views.py`.
"""

from __future__ import annotations

from typing import Final, get_args

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from etl.database.columns import (
    Instant,
    JsonList,
    JsonObject,
    Key,
    Word,
    choice,
    column,
    count_columns,
    image_columns,
    image_key_column,
    optional,
    source_column,
    tracked_columns,
    version_columns,
)
from etl.model import AttributionResult, Evidence, Status

metadata: Final = MetaData(
    naming_convention={
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_EVIDENCE: Final = get_args(Evidence)
_ATTRIBUTIONS: Final = get_args(AttributionResult)
_RESULTS: Final = get_args(Status)

current_images: Final = Table(
    "current_images",
    metadata,
    column("image_key", Key, "the row's key, in the order in which images were first recorded"),
    column("record_digest", LargeBinary, "digest of the record that gave the version"),
    column("fingerprint", LargeBinary, "digest of the tracked values that are not null"),
    choice("state", ("present", "removed", "out_of_scope")),
    *image_columns(),
    *version_columns(),
    column("first_seen_at", Instant, "observed_at of the run that first saw the image"),
    optional("missing_since", Instant, "first certified walk without it; null: not missing"),
    optional("relisted_as", Text, "TYPE/WORKSPACE of the listing that shows it instead"),
    *tracked_columns(),
    column("components", JsonList, "JSON array of [component, version]"),
    PrimaryKeyConstraint("image_key"),
    UniqueConstraint("source", "image_id"),
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
    image_key_column(),
    *image_columns(),
    *version_columns(),
    *tracked_columns(),
    PrimaryKeyConstraint("image_key", "version"),
    CheckConstraint("valid_to is not null and closed_run_id is not null", name="closed"),
    CheckConstraint("valid_to >= valid_from", name="period"),
    comment="Earlier versions of images",
)

field_changes: Final = Table(
    "field_changes",
    metadata,
    image_key_column(),
    column("version", Integer, "the version that brought the new value"),
    column("field", Text, "name of the tracked column"),
    column("old_value", Text, "JSON text of the value before"),
    column("new_value", Text, "JSON text of the value from this version on"),
    column("run_id", Key, "the run that brought the version"),
    PrimaryKeyConstraint("image_key", "version", "field"),
    comment="Values that differ between a version and the one before",
)

image_removals: Final = Table(
    "image_removals",
    metadata,
    *image_columns(),
    optional("name", Text, "the image's last known name"),
    optional("swr_path", Text, "its last known address"),
    column("version", Integer, "the version that the removal ended"),
    column("run_id", Key, "the run that found it removed"),
    column("removed_at", Instant, "observed_at of that run"),
    column("last_seen_at", Instant, "latest certified walk that saw it, or its latest change"),
    optional("missing_since", Instant, "first certified walk without it; null: still listed"),
    choice("evidence", _EVIDENCE, "how the removal is known"),
    column("evidence_detail", JsonObject, "HTTP status, error code, request id, time"),
    optional("restored_at", Instant, "observed_at of the run that saw it again"),
    optional("restored_run_id", Key, "the run that saw it again"),
    choice(
        "attribution", _ATTRIBUTIONS, "confidence in removed_by; null: nobody asked", nullable=True
    ),
    optional("removed_by", Text, "name of the user, agency or system that removed the image"),
    choice("removed_by_kind", ("user", "agency", "federated", "system"), nullable=True),
    choice("removed_via", ("ApiCall", "ConsoleAction", "SystemAction"), nullable=True),
    optional("source_ip", Text, "address that the request came from"),
    optional("trace_id", Text, "id of the trace in the Cloud Trace Service"),
    optional("trace_at", Instant, "time of the trace"),
    optional("actor_salt", Text, "random text in the actor's digest; null: erased, or no actor"),
    optional("attributed_run_id", Key, "the run that recorded the attribution"),
    PrimaryKeyConstraint("source", "image_id", "version"),
    CheckConstraint("(restored_at is null) = (restored_run_id is null)", name="restored"),
    CheckConstraint(
        "removed_by is null or coalesce(attribution, '') in ('exact', 'likely')", name="removed_by"
    ),
    CheckConstraint("(attribution is null) = (attributed_run_id is null)", name="attributed"),
    comment="One row for each time an image left the catalogue, with the evidence",
)

removal_attributions: Final = Table(
    "removal_attributions",
    metadata,
    *image_columns(),
    column("version", Integer, "the version that the removal ended"),
    column("run_id", Key, "the run that asked who removed the image"),
    choice("attribution", _ATTRIBUTIONS),
    optional("actor_digest", Text, "SHA-256 (hex) of who it was and a salt; null: nobody named"),
    PrimaryKeyConstraint("source", "image_id", "version", "run_id"),
    comment="Results of asking who removed an image, one for each time that it was asked",
)

presence_changes: Final = Table(
    "presence_changes",
    metadata,
    image_key_column(),
    column("run_id", Key, "the run"),
    *image_columns(),
    column("changed_at", Instant, "observed_at of the run"),
    choice("kind", ("missing", "found", "listed", "relisted")),
    optional("last_seen_at", Instant, "last certified walk that saw it, if later ones did not"),
    optional("missing_since", Instant, "first certified walk without it; null: not missing"),
    optional("relisted_as", Text, "TYPE/WORKSPACE of the listing that shows it instead"),
    PrimaryKeyConstraint("image_key", "run_id"),
    comment="How a present image's listing changed while its version stayed the same",
)

held_removals: Final = Table(
    "held_removals",
    metadata,
    *image_columns(),
    column("run_id", Key, "the first run whose guard held this removal"),
    column("held_at", Instant, "observed_at of that run"),
    optional("name", Text, "the image's name at that time"),
    choice("rule", ("max_count", "max_percent", "empty_listing"), "the guard's rule"),
    choice("evidence", _EVIDENCE, "how the removal is known"),
    column("evidence_detail", JsonObject, "HTTP status, error code, request id, time"),
    optional("released_run_id", Key, "the run that released it"),
    optional("released_at", Instant, "observed_at of that run; null: still held"),
    choice(
        "released_as",
        ("removed", "dismissed", "withdrawn"),
        "removed, dismissed, or withdrawn (no longer a candidate)",
        nullable=True,
    ),
    PrimaryKeyConstraint("source", "image_id", "run_id"),
    CheckConstraint("(released_at is null) = (released_as is null)", name="released"),
    comment="Removals held by the guard, with their evidence and what was decided",
)

sync_runs: Final = Table(
    "sync_runs",
    metadata,
    column("run_id", Key, "number of the run"),
    choice("kind", ("sync", "approve", "dismiss", "replay", "retire")),
    column("started_at", Instant, "when it began"),
    optional("finished_at", Instant, "when it ended; null: still running, or killed"),
    choice("status", ("running", *_RESULTS, "interrupted", "abandoned")),
    optional("exit_code", Integer, "the process's exit code"),
    column("version", Text, "version of image-sync"),
    column("host", Text, "host that it ran on"),
    column("pid", Integer, "process id"),
    optional("actor", Text, "who decided: of approve, dismiss and retire"),
    optional("reason", Text, "why, in the actor's words: of approve, dismiss and retire"),
    optional("ended_entry", BigInteger, "log entry that contains how the run ended"),
    PrimaryKeyConstraint("run_id"),
    CheckConstraint(
        "status = 'running' or status = 'abandoned' or finished_at is not null", name="end"
    ),
    comment="One row for each run of sync, approve, dismiss, replay-rejects or sources retire",
)

source_runs: Final = Table(
    "source_runs",
    metadata,
    column("run_id", Key, "the run", ForeignKey("sync_runs.run_id")),
    source_column(),
    choice("status", _RESULTS),
    column("observed_at", Instant, "the time that all rows of this run carry"),
    column("endpoint", Text, "URL of the API that the run read; empty: none was read"),
    optional("previous_endpoint", Text, "the previous run's endpoint, if it was another one"),
    column("project_id", Text, "the project that the run read"),
    choice("guard_override", ("accept_removals",), "null: the guard applied", nullable=True),
    choice("certificate", ("exact", "ordered", "agreed", "none")),
    *count_columns(),
    column("walk_detail", JsonObject, "totals, duplicates and restarts of each listing"),
    optional("coverage", Text, "digest of the types, workspaces and filters"),
    optional("error_kind", Text, "refused, unavailable or broken"),
    optional("error_message", Text, "cause of the failure, without secrets"),
    optional("error_request_id", Text, "the API's id of the request that failed"),
    optional("component_rules", Text, "digest of the rules that image_components follows"),
    optional("entry", BigInteger, "number of the log entry that covers this row and its events"),
    PrimaryKeyConstraint("run_id", "source"),
    UniqueConstraint("source", "observed_at"),
    UniqueConstraint("entry"),
    comment="Result of each run for each source",
)

rejects: Final = Table(
    "rejects",
    metadata,
    column("reject_id", Key, "number of the reject"),
    column("run_id", Key, "the first run that received it"),
    source_column(),
    optional("image_id", Text, "the record's id, if it has a usable one"),
    optional("listing", Text, "TYPE/WORKSPACE of the listing that contained it"),
    column("page", Integer, "page of the listing, from 0"),
    column("position", Integer, "position on the page, from 0"),
    column("reason", Text, "the field and why it is invalid"),
    column("record", Text, "the record as received, truncated if it is very long"),
    column("record_bytes", BigInteger, "length of the whole record"),
    column("record_digest", Text, "digest of the whole record"),
    column("rejected_at", Instant, "observed_at of the first run that received it"),
    optional("resolved_at", Instant, "when the image could be parsed, or the record was gone"),
    optional("resolved_run_id", Key, "the run that resolved it"),
    PrimaryKeyConstraint("reject_id"),
    comment="Records that could not be parsed, with the reason",
)

source_fields: Final = Table(
    "source_fields",
    metadata,
    source_column(),
    column("field", Text, "name of a field that the API reference does not document"),
    column("first_seen_at", Instant, "observed_at of the first run that received it"),
    column("run_id", Key, "the first run that received it"),
    PrimaryKeyConstraint("source", "field"),
    comment="Unknown fields when they first appear",
)

prune_checkpoints: Final = Table(
    "prune_checkpoints",
    metadata,
    source_column(),
    column("run_id", Key, "the last run whose history was dropped"),
    column("observed_at", Instant, "observed_at of that run; history before it is incomplete"),
    column("pruned_at", Instant, "when it was dropped"),
    optional("through_entry", BigInteger, "log entry of that run: the last one that was pruned"),
    optional("entry", BigInteger, "log entry that seals what was kept"),
    PrimaryKeyConstraint("source"),
    comment="Where each source's history begins after a prune",
)

discovered_sources: Final = Table(
    "discovered_sources",
    metadata,
    source_column(),
    column("label", Word, "label of the [[discover]] that found it"),
    column("project_id", Word, "the project's id"),
    column("project_name", Word, "name of the project at that time"),
    column("region", Word, "region of the project"),
    column("first_seen_at", Instant, "when the project was first found"),
    optional("vanished_at", Instant, "when it was first not found; null: it is still found"),
    PrimaryKeyConstraint("source"),
    comment="Sources generated by [[discover]], one for each project",
)

log_entries: Final = Table(
    "log_entries",
    metadata,
    column("entry", Key, "number of the entry, from 0 without gaps", autoincrement=False),
    choice("kind", ("run", "prune"), "run, or prune: the entry that replaces pruned ones"),
    optional("run_id", Key, "the run; null: the entry of a prune"),
    source_column(),
    column("events", BigInteger, "number of events under the entry"),
    column("leaf_hash", Text, "RFC 6962 leaf hash of the entry's data, in hex"),
    column("root", Text, "root of the tree that ends with this entry, in hex"),
    PrimaryKeyConstraint("entry"),
    CheckConstraint("entry >= 0", name="entry"),
    CheckConstraint("(kind = 'run') = (run_id is not null)", name="run"),
    CheckConstraint("length(leaf_hash) = 64 and length(root) = 64", name="hashes"),
    comment="The append-only log: one entry for each committed run of each source",
)

event_hashes: Final = Table(
    "event_hashes",
    metadata,
    column("entry", Key, "the entry", ForeignKey("log_entries.entry"), autoincrement=False),
    column("hashes", LargeBinary, "leaf hashes of its events, 32 bytes each, in their order"),
    PrimaryKeyConstraint("entry"),
    comment="Hashes of events: they locate a changed row and make evidence files cheap",
)

log_state: Final = Table(
    "log_state",
    metadata,
    column("state_id", Integer, "always 1: the table has one row", autoincrement=False),
    column("origin", Text, "name of the log"),
    column("size", BigInteger, "number of entries"),
    column("frontier", Text, "hashes (hex) of the tree's complete subtrees, largest first"),
    PrimaryKeyConstraint("state_id"),
    CheckConstraint("state_id = 1", name="one_row"),
    comment="Name and size of the log, and the right edge of its tree",
)

checkpoints: Final = Table(
    "checkpoints",
    metadata,
    column("size", Key, "number of entries that the checkpoint covers", autoincrement=False),
    column("root", Text, "root of the tree of these entries, in hex"),
    column("note", Text, "the checkpoint as a signed note (C2SP tlog-checkpoint)"),
    column("created_at", Instant, "when it was created"),
    optional("timestamp_token", Text, "RFC 3161 timestamp of the note (DER in base64)"),
    column("cosignatures", JsonList, "JSON array of witnesses' signature lines"),
    PrimaryKeyConstraint("size"),
    CheckConstraint("length(root) = 64", name="root"),
    comment="Signed states of the log",
)
