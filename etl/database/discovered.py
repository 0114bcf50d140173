"""The table of the sources that were discovered, beside those that the configuration names."""

from __future__ import annotations

from typing import Final

from sqlalchemy import PrimaryKeyConstraint, Table

from etl.database.columns import column, metadata, optional, source_column
from etl.database.types import Instant, Word

discovered_sources: Final = Table(
    "discovered_sources",
    metadata,
    source_column(),
    column("label", Word, "of the [[discover]] that found it"),
    column("project_id", Word, "the project's id"),
    column("project_name", Word, "what the project was called then"),
    column("region", Word, "the region that the project lies in"),
    column("first_seen_at", Instant, "when the project was first found"),
    optional(
        "vanished_at", Instant, "since when it is not found any more: not read, never emptied"
    ),
    PrimaryKeyConstraint("source"),
    comment="Sources made of the projects that credentials may use",
)
