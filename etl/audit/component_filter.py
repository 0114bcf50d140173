"""Images of the past that contain a software component.

The database keeps the components of the latest version of an image only. For an earlier state they
are read from the values of that time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from etl.model import Image
from etl.transform import READ_FROM, ComponentRules

if TYPE_CHECKING:
    from etl.audit.query import Rows


def containing(rows: Rows, rules: ComponentRules, asked: Mapping[str, Any]) -> Rows:
    """The rows with the component (and version) that `asked` names."""
    places = {field: list(rows.columns).index(field) for field in READ_FROM}
    return rows.with_rows(row for row in rows.rows if _contains(row, places, rules, asked))


def _contains(
    row: Sequence[Any], places: Mapping[str, int], rules: ComponentRules, asked: Mapping[str, Any]
) -> bool:
    image = Image("", **{field: row[place] for field, place in places.items()})
    version = asked.get("component_version")
    return any(
        name == asked["component"] and version in ("", None, found)
        for name, found in rules.components(image)
    )
