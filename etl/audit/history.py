"""The history of one image, found by its id or the beginning of it, by name or by swr_path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from etl.audit.answer import Answer, Context, answer
from etl.audit.known_names import require_sources
from etl.audit.query import ask
from etl.errors import UsageError
from etl.text import printable

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MOST_CHOICES: Final = 10
_LAST: Final = "\U0010ffff"  # sorts behind every id with the same beginning


@dataclass(frozen=True, slots=True)
class Found:
    """An image that matches what was typed."""

    source: str
    image_id: str
    name: str | None


def find_images(connection: Connection, sought: str, *, sources: Sequence[str]) -> list[Found]:
    """The image that is meant; for a complete id, the image of each source that has it.

    Raises `UsageError` if none matches, and if several do by an abbreviation, a name or a path.
    """
    found = _found(connection, sought, sources=sources)
    if not found:
        hint = "give an id or its beginning, a name or a swr_path; `image-sync images` lists them"
        raise UsageError(f"no image '{printable(sought)}'", hint=hint)
    if len(found) == 1 or found[0].image_id == sought:
        return found
    choices = [
        "  " + printable(" ".join([each.source, each.image_id, each.name or ""])).rstrip()
        for each in found[:_MOST_CHOICES]
    ]
    more = ["  …"] if len(found) > _MOST_CHOICES else []
    head = f"'{printable(sought)}' matches several images; give more of the id, or --source:"
    raise UsageError("\n".join([head, *choices, *more]))


def answer_history(
    connection: Connection, sought: str, asked: Mapping[str, Any], context: Context
) -> Answer:
    """The versions of the image that is meant, each with what it changed and how it ended.

    `asked`: `sources`, `since`, `until`, `run`. Raises `UsageError` as `find_images` does.
    """
    require_sources(connection, asked["sources"], configured=context.configured)
    images = find_images(connection, sought, sources=asked["sources"])
    key = {"sources": [each.source for each in images], "image_id": images[0].image_id}
    found = answer(connection, "history", {**asked, **key}, context)
    changes = _changes(connection, key)
    source, version = (list(found.rows.columns).index(each) for each in ("source", "version"))
    extended = (
        (*row, _summary(own := changes.get((row[source], row[version]), [])), own)
        for row in found.rows.rows
    )
    return Answer(found.rows.extended(("changed", "changes"), extended), found.notes)


def _changes(
    connection: Connection, key: Mapping[str, Any]
) -> dict[tuple[str, int], list[dict[str, str]]]:
    """Source and version → the fields that the version changed."""
    found: dict[tuple[str, int], list[dict[str, str]]] = {}
    for row in ask(connection, "history_changes", limit=0, **key).objects():
        version = row.pop("source"), row.pop("version")
        found.setdefault(version, []).append(row)
    return found


def _summary(changes: Sequence[Mapping[str, str]]) -> list[str]:
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
        found = [Found(*row) for row in ask(connection, "find_image", sources=sources, **way).rows]
        if found:
            return found
    return []
