"""The tables: what is stored, once each, with a comment on every table and column.

    image_tables.py  catalogue, superseded, field_changes, image_removals, held_removals
    run_tables.py    sync_runs, source_runs, rejects, source_fields, prunings,
                     discovered_sources

What people read (`images`, `image_versions`, `image_changes`, …) are views, in `views.py`.
"""

from __future__ import annotations

from etl.database.columns import metadata
from etl.database.image_tables import (
    catalogue,
    field_changes,
    held_removals,
    image_removals,
    superseded,
)
from etl.database.run_tables import (
    discovered_sources,
    prunings,
    rejects,
    source_fields,
    source_runs,
    sync_runs,
)

__all__ = [
    "catalogue",
    "discovered_sources",
    "field_changes",
    "held_removals",
    "image_removals",
    "metadata",
    "prunings",
    "rejects",
    "source_fields",
    "source_runs",
    "superseded",
    "sync_runs",
]
