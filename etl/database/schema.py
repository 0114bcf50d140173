"""The tables: what is stored, once each, with a comment on every table and column.

    image_tables.py  current_images, past_versions, field_changes, presence_changes,
                     image_removals, removal_attributions, held_removals
    run_tables.py    sync_runs, source_runs, rejects, source_fields, prune_checkpoints,
                     discovered_sources
    log_tables.py    log_entries, event_hashes, log_state, checkpoints

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
    presence_changes,
    removal_attributions,
)
from etl.database.log_tables import checkpoints, event_hashes, log_entries, log_state
from etl.database.run_tables import (
    discovered_sources,
    prune_checkpoints,
    rejects,
    source_fields,
    source_runs,
    sync_runs,
)

__all__ = [
    "checkpoints",
    "current_images",
    "discovered_sources",
    "event_hashes",
    "field_changes",
    "held_removals",
    "image_removals",
    "log_entries",
    "log_state",
    "metadata",
    "past_versions",
    "presence_changes",
    "prune_checkpoints",
    "rejects",
    "removal_attributions",
    "source_fields",
    "source_runs",
    "sync_runs",
]
