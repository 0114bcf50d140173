"""Secondary indexes, each with the query that needs it. Every index makes each insert slower.

They are no part of the tables' metadata, since SQLAlchemy loads every PostgreSQL dialect for a
partial index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """An index of a table; `purpose` names the query.

    `is_hash`: a hash index on PostgreSQL, whose b-tree refuses very long texts.
    """

    table: str
    columns: str
    purpose: str
    where: str = ""
    is_unique: bool = False
    is_hash: bool = False

    def statement(self, name: str, dialect: str) -> str:
        """The DDL."""
        kind = "unique index" if self.is_unique else "index"
        method = " using hash" if self.is_hash and dialect == "postgresql" else ""
        where = f" where {self.where}" if self.where else ""
        return f"create {kind} {name} on {self.table}{method} ({self.columns}){where}"


_OF_RUN: Final = "changes, verify: the events of a run"
_OF_TIME: Final = "changes --since, images --as-of"

INDEXES: Final[dict[str, IndexSpec]] = {
    "ix_current_images_opened": IndexSpec("current_images", "opened_run_id", _OF_RUN),
    "ix_current_images_closed": IndexSpec(
        "current_images", "closed_run_id", _OF_RUN, where="closed_run_id is not null"
    ),
    "ix_current_images_valid_from": IndexSpec("current_images", "valid_from", _OF_TIME),
    "ix_current_images_swr_path": IndexSpec(
        "current_images", "swr_path", "report moved-tags: images by address", is_hash=True
    ),
    "ix_current_images_absent": IndexSpec(
        "current_images",
        "source, image_id, state",
        "status, images --state removed: the few images that are not present",
        where="state <> 'present'",
    ),
    "ix_current_images_missing": IndexSpec(
        "current_images",
        "source",
        "status: the few images that are missing",
        where="missing_since is not null",
    ),
    "ix_past_versions_image": IndexSpec(
        "past_versions", "source, image_id", "history IMAGE_ID: the older versions of an image"
    ),
    "ix_past_versions_opened": IndexSpec("past_versions", "opened_run_id", _OF_RUN),
    "ix_past_versions_closed": IndexSpec(
        "past_versions", "closed_run_id", _OF_RUN, where="closed_as <> 'changed'"
    ),
    "ix_past_versions_valid_from": IndexSpec("past_versions", "valid_from", _OF_TIME),
    "ix_past_versions_swr_path": IndexSpec(
        "past_versions", "swr_path", "report moved-tags: images by former address", is_hash=True
    ),
    "ix_field_changes_run_id": IndexSpec("field_changes", "run_id", _OF_RUN),
    "ix_image_removals_removed_at": IndexSpec(
        "image_removals", "removed_at", "removals: the latest first"
    ),
    "ix_image_removals_run_id": IndexSpec("image_removals", "run_id", _OF_RUN),
    "ix_image_removals_restored": IndexSpec(
        "image_removals", "restored_run_id", _OF_RUN, where="restored_run_id is not null"
    ),
    "ix_removal_attributions_run_id": IndexSpec("removal_attributions", "run_id", _OF_RUN),
    "ix_presence_changes_run_id": IndexSpec("presence_changes", "run_id", _OF_RUN),
    "uq_held_removals_open": IndexSpec(
        "held_removals",
        "source, image_id",
        "sync: a removal is held once",
        where="released_at is null",
        is_unique=True,
    ),
    "ix_held_removals_run_id": IndexSpec("held_removals", "run_id", _OF_RUN),
    "ix_held_removals_released": IndexSpec(
        "held_removals", "released_run_id", _OF_RUN, where="released_run_id is not null"
    ),
    "uq_rejects_open": IndexSpec(
        "rejects",
        "source, record_digest, reason",
        "sync: a record is rejected once for the same reason",
        where="resolved_at is null",
        is_unique=True,
    ),
    "ix_rejects_run_id": IndexSpec("rejects", "run_id", _OF_RUN),
    "ix_rejects_resolved": IndexSpec(
        "rejects", "resolved_run_id", _OF_RUN, where="resolved_run_id is not null"
    ),
    "ix_sync_runs_not_sealed": IndexSpec(
        "sync_runs", "run_id", "sync: ended runs that no entry covers", where="ended_entry is null"
    ),
    "ix_sync_runs_ended_entry": IndexSpec(
        "sync_runs", "ended_entry", "verify: the runs whose end an entry covers"
    ),
    "ix_log_entries_source_entry": IndexSpec(
        "log_entries", "source, entry", "verify, evidence: the entries of a source"
    ),
    "ix_log_entries_run": IndexSpec(
        "log_entries", "run_id, source", "verify, evidence: the entries of a run"
    ),
}
"""Name → index."""
