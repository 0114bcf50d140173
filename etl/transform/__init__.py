"""From the API's bytes to images: pure, total, and the only place that knows its field names.

body ─ split_page ─▶ records ─ listed_rows ─▶ ids, for the walk
                        │
                        ├─ record_digest ─▶ the same bytes as last time: nothing to do
                        └─ normalise_all ─▶ ImageBatch (columns, fingerprints), Unreadable
                                               └─ components_of ─▶ software in the images
"""

from etl.transform.components import (
    READ_FROM,
    ComponentRules,
    ComponentTables,
    builtin_rules,
    builtin_tables,
    component_tables,
)
from etl.transform.image import (
    DIGEST_BYTES,
    Unreadable,
    fingerprint,
    image_of_show,
    listed_image_id,
    normalise_all,
    record_digest,
)
from etl.transform.page import ListedRow, PageEnvelope, listed_rows, split_page

__all__ = [
    "DIGEST_BYTES",
    "READ_FROM",
    "ComponentRules",
    "ComponentTables",
    "ListedRow",
    "PageEnvelope",
    "Unreadable",
    "builtin_rules",
    "builtin_tables",
    "component_tables",
    "fingerprint",
    "image_of_show",
    "listed_image_id",
    "listed_rows",
    "normalise_all",
    "record_digest",
    "split_page",
]
