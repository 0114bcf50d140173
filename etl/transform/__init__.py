"""From the API's bytes to images: pure, total, and the only place that knows its field names.

body ─ split_page ─▶ records ─ listed_rows ─▶ ids, for the walk
                        │
                        ├─ received_digest ─▶ the same bytes as last time: nothing to do
                        └─ normalise_all ─▶ Images (columns, fingerprints), Unreadable (reasons)
                                               └─ components_of ─▶ what is inside the images

`normalise` and `components` are the same for one record and for one image.
"""

from typing import Final

from etl.transform.component_tables import ComponentTables, builtin_rules, builtin_tables
from etl.transform.components import READ_FROM, ComponentRules
from etl.transform.fingerprint import FINGERPRINT_VERSION, fingerprint, received_digest
from etl.transform.page import ListedRow, PageEnvelope, listed_rows, split_page
from etl.transform.record import image_of_show, listed_image_id, normalise, normalise_all

COMPONENT_RULES: Final = builtin_rules().digest
components: Final = builtin_rules().components
components_of: Final = builtin_rules().components_of

__all__ = [
    "COMPONENT_RULES",
    "FINGERPRINT_VERSION",
    "READ_FROM",
    "ComponentRules",
    "ComponentTables",
    "ListedRow",
    "PageEnvelope",
    "builtin_rules",
    "builtin_tables",
    "components",
    "components_of",
    "fingerprint",
    "image_of_show",
    "listed_image_id",
    "listed_rows",
    "normalise",
    "normalise_all",
    "received_digest",
    "split_page",
]
