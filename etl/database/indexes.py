"""Secondary indexes, each with the query that needs it. Every index makes each insert slower.

They are no part of the tables' metadata, since SQLAlchemy loads every PostgreSQL dialect for a
partial index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class TableIndex:
    """An index of a table; `purpose` names the query.

    `is_hash`: a hash index on PostgreSQL, whose b-tree refuses very long texts.
    """

    table: str
    columns: str
    purpose: str
    where: str = ""
    is_unique: bool = False
    is_hash: bool = False

    def statement(self, dialect: str) -> str:
        """The DDL."""
        kind, prefix = ("unique index", "uq") if self.is_unique else ("index", "ix")
        name = "_".join((prefix, self.table, *self.columns.split(", ")))
        method = " using hash" if self.is_hash and dialect == "postgresql" else ""
        where = f" where {self.where}" if self.where else ""
        return f"create {kind} {name} on {self.table}{method} ({self.columns}){where}"


_RUN: Final = "changes, verify: the events of a run"
_TIME: Final = "changes --since, images --as-of"
_ADDRESS: Final = "report moved-tags: images by address"
_ENTRY: Final = "verify, evidence: the entries of a source or a run"

INDEXES: Final = (
    TableIndex("current_images", "opened_run_id", _RUN),
    TableIndex("current_images", "closed_run_id", _RUN, "closed_run_id is not null"),
    TableIndex("current_images", "valid_from", _TIME),
    TableIndex("current_images", "swr_path", _ADDRESS, is_hash=True),
    TableIndex(
        "current_images",
        "source, image_id, state",
        "status, images --state removed: the few images that are not present",
        "state <> 'present'",
    ),
    TableIndex(
        "current_images", "source", "status: the few missing images", "missing_since is not null"
    ),
    TableIndex("past_versions", "source, image_id", "history: the older versions of an image"),
    TableIndex("past_versions", "opened_run_id", _RUN),
    TableIndex("past_versions", "closed_run_id", _RUN, "closed_as <> 'changed'"),
    TableIndex("past_versions", "valid_from", _TIME),
    TableIndex("past_versions", "swr_path", _ADDRESS, is_hash=True),
    TableIndex("field_changes", "run_id", _RUN),
    TableIndex("image_removals", "removed_at", "removals: the latest first"),
    TableIndex("image_removals", "run_id", _RUN),
    TableIndex("image_removals", "restored_run_id", _RUN, "restored_run_id is not null"),
    TableIndex("removal_attributions", "run_id", _RUN),
    TableIndex("presence_changes", "run_id", _RUN),
    TableIndex(
        "held_removals",
        "source, image_id",
        "sync: a removal is held once",
        "released_at is null",
        is_unique=True,
    ),
    TableIndex("held_removals", "run_id", _RUN),
    TableIndex("held_removals", "released_run_id", _RUN, "released_run_id is not null"),
    TableIndex(
        "rejects",
        "source, record_digest, reason",
        "sync: a record is rejected once for the same reason",
        "resolved_at is null",
        is_unique=True,
    ),
    TableIndex("rejects", "run_id", _RUN),
    TableIndex("rejects", "resolved_run_id", _RUN, "resolved_run_id is not null"),
    TableIndex("sync_runs", "run_id", "sync: ended runs without an entry", "ended_entry is null"),
    TableIndex("sync_runs", "ended_entry", "verify: the runs whose end an entry covers"),
    TableIndex("log_entries", "source, entry", _ENTRY),
    TableIndex("log_entries", "run_id, source", _ENTRY),
)
