"""The JSON objects that commands print, one struct each.

They are the declaration of these outputs: the JSON Schemas in `etl/schemas/` are generated from
them. The rows of reading commands are declared by their queries instead.
"""

from __future__ import annotations

from msgspec import Struct


class DashboardFile(Struct, kw_only=True, forbid_unknown_fields=True):
    """The result of `dashboard --output json`: the file, and the number of present images."""

    file: str
    images: int


class ExportedFile(Struct, kw_only=True, forbid_unknown_fields=True):
    """The result of `export --output json`."""

    file: str
    relation: str
    rows: int
