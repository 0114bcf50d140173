"""What happened to one image? Found by id, by the beginning of its id, by name or by swr_path."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, Final

from etl.audit.query import Rows, ask
from etl.errors import UsageError
from etl.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_MOST_CHOICES: Final = 10
_LAST: Final = "\U0010ffff"  # sorts behind every id with the same beginning


@dataclass(frozen=True, slots=True)
class Found:
    """An image that may be meant, by its identity, and what it is called."""

    source: str
    image_id: str
    name: str | None


def find_images(connection: Connection, sought: str, *, sources: Sequence[str]) -> list[Found]:
    """The image that is meant; of a whole id, the image of each source that has it.

    Raises `UsageError` for none, and for several that are only abbreviated or called the same.
    """
    found = _found(connection, sought, sources=sources)
    if not found:
        hint = "an id or its beginning, a name, or a swr_path; `image-sync images` lists them"
        raise UsageError(f"no image {printable(sought)!r}", hint=hint)
    if len(found) == 1 or found[0].image_id == sought:
        return found
    choices = [
        "  " + printable(" ".join([each.source, each.image_id, each.name or ""])).rstrip()
        for each in found[:_MOST_CHOICES]
    ]
    more = ["  …"] if len(found) > _MOST_CHOICES else []
    head = f"several images are {printable(sought)!r}; say more of the id, or --source:"
    raise UsageError("\n".join([head, *choices, *more]))


def history(
    connection: Connection, images: Sequence[Found], *, since: Any, until: Any, run: int | None
) -> Rows:
    """The images' versions, oldest first, each with what it changed and how it ended."""
    narrowed = {"since": since, "until": until, "run": run}
    first, *others = (_history(connection, each, narrowed) for each in images)
    first.rows = chain(first.rows, *(each.rows for each in others))
    return first


def _history(connection: Connection, image: Found, narrowed: dict[str, Any]) -> Rows:
    key: dict[str, Any] = {"source": image.source, "image_id": image.image_id}
    fields = ask(connection, "history_changes", limit=0, **key)
    by_version = {
        version: [
            dict(zip(("field", "old_value", "new_value"), row[1:], strict=True)) for row in rows
        ]
        for version, rows in groupby(fields.rows, key=lambda row: row[0])
    }
    answer = ask(connection, "history", limit=0, **narrowed, **key)
    place = answer.columns.index("version")
    rows = (
        (*row, _told(changes := by_version.get(row[place], [])), changes) for row in answer.rows
    )
    return Rows((*answer.columns, "changed", "changes"), rows, answer.shown)


def _told(changes: list[dict[str, str]]) -> list[str]:
    return [f"{each['field']}: {each['old_value']} → {each['new_value']}" for each in changes]


def _found(connection: Connection, sought: str, *, sources: Sequence[str]) -> list[Found]:
    few = _MOST_CHOICES + 1
    ways: list[dict[str, Any]] = [
        {"image_id": sought},
        {"first_id": sought, "last_id": sought + _LAST, "limit": few},
        {"name": sought, "limit": few},
        {"swr_path": sought, "limit": few},
    ]
    for way in ways if sought else []:
        answer = ask(connection, "find_image", sources=sources, **way)
        found = [Found(*row) for row in answer.rows]
        if found:
            return found
    return []
