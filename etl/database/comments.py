"""Comments on the views and their columns. A column of a table keeps the table's comment."""

from __future__ import annotations

from typing import Final

from etl.database.schema import current_images, past_versions
from etl.model import TRACKED

_IMAGE: Final = {name: str(current_images.c[name].comment) for name in ("source", "image_id")}
_VALUES: Final = {name: str(current_images.c[name].comment) for name in (*TRACKED, "extra")}


def _of_catalogue(*names: str) -> dict[str, str]:
    return {name: str(current_images.c[name].comment) for name in names}


VIEW_COLUMNS: Final[dict[str, dict[str, str]]] = {
    "images": {
        **_IMAGE,
        "state": "present, removed or out_of_scope; a removed image keeps its last values",
        **_VALUES,
        "version": "number of its latest version, from 1",
        "first_seen_at": "observed_at of the run that first saw the image",
        "last_seen_at": "latest certified walk that saw it, or its latest change if later",
        "last_changed_at": "observed_at of the run that brought its latest version",
        **_of_catalogue("missing_since"),
        "removed_at": "observed_at of the run that found it removed; null unless removed",
        **_of_catalogue("listing"),
    },
    "image_versions": {
        **_IMAGE,
        **_of_catalogue("version", "valid_from", "valid_to"),
        "run_id": "the run that brought this version",
        **_VALUES,
        **_of_catalogue("opened_as"),
        "closed_as": str(past_versions.c["closed_as"].comment),
        **_of_catalogue("closed_run_id"),
    },
    "image_changes": {
        "run_id": "the run that made the change",
        "at": "observed_at of that run",
        **_IMAGE,
        "name": "the image's name in that version",
        "kind": "added, changed, removed, restored, out_of_scope or in_scope",
        "field": "the tracked column that changed; null unless kind is changed",
        "old_value": "JSON text of the value before; null unless kind is changed",
        "new_value": "JSON text of the value after; null unless kind is changed",
        "version": "number of the version that it began or ended",
        "entry": "number of the log entry that contains the change",
    },
    "image_dev_services": {**_IMAGE, "dev_service": "NOTEBOOK, SSH, AI_FLOW, …"},
    "image_resource_categories": {**_IMAGE, "resource_category": "CPU, GPU, ASCEND, …"},
    "image_tags": {**_IMAGE, "key": "the tag's key", "value": "its value; may be null"},
    "image_components": {
        **_IMAGE,
        "component": "python, pytorch, tensorflow, mindspore, cuda, cann, ubuntu, …",
        "version": "as the text has it",
        "state": "the image's state: present, removed or out_of_scope",
    },
}
"""View → column → meaning, in the views' order."""
