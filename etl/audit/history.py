"""What happened to one image? Found by id, by the beginning of its id, by name or by swr_path."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from etl.audit.query import Rows, ask
from etl.errors import UsageError
from etl.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_MOST_CHOICES: Final = 10
_LAST: Final = "\U0010ffff"  # sorts behind every id with the same beginning


def find_image(connection: Connection, sought: str, *, sources: Sequence[str]) -> tuple[str, str]:
    """Source and id of the one image that is meant; raises `UsageError` for none, or several."""
    found = _found(connection, sought, sources=sources)
    if len(found) == 1:
        return found[0]["source"], found[0]["image_id"]
    if not found:
        hint = "an id or its beginning, a name, or a swr_path; `image-sync images` lists them"
        raise UsageError(f"no image {printable(sought)!r}", hint=hint)
    choices = [
        "  " + printable(" ".join([each["source"], each["image_id"], each["name"] or ""])).rstrip()
        for each in found[:_MOST_CHOICES]
    ]
    more = ["  …"] if len(found) > _MOST_CHOICES else []
    head = f"several images are {printable(sought)!r}; say more of the id, or --source:"
    raise UsageError("\n".join([head, *choices, *more]))


def history(
    connection: Connection, *, source: str, image_id: str, since: Any, until: Any, run: int | None
) -> Rows:
    """An image's versions, oldest first, each with what it changed and how it ended."""
    key: dict[str, Any] = {"source": source, "image_id": image_id}
    fields = ask(connection, "history_changes", limit=0, **key)
    by_version = {
        version: [
            dict(zip(("field", "old_value", "new_value"), row[1:], strict=True)) for row in rows
        ]
        for version, rows in groupby(fields.rows, key=lambda row: row[0])
    }
    answer = ask(connection, "history", limit=0, since=since, until=until, run=run, **key)
    place = answer.columns.index("version")
    rows = (
        (*row, _told(changes := by_version.get(row[place], [])), changes) for row in answer.rows
    )
    return Rows((*answer.columns, "changed", "changes"), rows, answer.shown)


def _told(changes: list[dict[str, str]]) -> list[str]:
    return [f"{each['field']}: {each['old_value']} → {each['new_value']}" for each in changes]


def _found(connection: Connection, sought: str, *, sources: Sequence[str]) -> list[dict[str, Any]]:
    ways: list[dict[str, Any]] = [
        {"image_id": sought},
        {"first_id": sought, "last_id": sought + _LAST},
        {"name": sought},
        {"swr_path": sought},
    ]
    for way in ways if sought else []:
        answer = ask(connection, "find_image", sources=sources, limit=_MOST_CHOICES + 1, **way)
        found = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        if found:
            return found
    return []
