"""The tables: what is stored, once each, with a comment on every table and column.

    image_tables.py  current_images, past_versions, field_changes, image_removals, held_removals
    run_tables.py    sync_runs, source_runs, rejects, source_fields, prune_checkpoints,
                     discovered_sources

What people read (`images`, `image_versions`, `image_changes`, …) are views, in `views.py`.
"""

from __future__ import annotations

from etl.database.columns import metadata
from etl.database.image_tables import (
    current_images,
    field_changes,
    held_removals,
    image_removals,
    past_versions,
)
from etl.database.run_tables import (
    discovered_sources,
    prune_checkpoints,
    rejects,
    source_fields,
    source_runs,
    sync_runs,
)

__all__ = [
    "current_images",
    "discovered_sources",
    "field_changes",
    "held_removals",
    "image_removals",
    "metadata",
    "past_versions",
    "prune_checkpoints",
    "rejects",
    "source_fields",
    "source_runs",
    "sync_runs",
]
