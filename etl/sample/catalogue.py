"""The invented catalogue, generation by generation, and the pages that a list request selects.

`catalogue.json` contains the images of the first generation and, for each later one, what it
removes, changes and adds. After the last generation, nothing changes.

Sources of the paging: the API reference's parameters; recorded responses for
`page = offset // limit`, `size`, `current` and the text of the error past the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

Image = dict[str, Any]
Fields = Mapping[str, Any]
Query = Mapping[str, str]

DEFAULT_LIMIT: Final = 200
SORT_FIELDS: Final = {"updateTime": "update_at", "createTime": "create_at"}


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The changes from one generation to the next; `summary` is for readers of the file."""

    summary: str
    remove: frozenset[str]
    change: dict[str, Image]
    add: list[Image]


class Story(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the file."""

    workspaces: list[dict[str, Any]]
    first: list[Image]
    then: list[Step]


@cache
def read_story() -> Story:
    """Read the file."""
    text = files(__package__).joinpath("catalogue.json").read_bytes()
    return msgspec.json.decode(text, type=Story)


def generation(number: int) -> list[Image]:
    """The images of a generation, counted from 1; after the last one they stay the same."""
    story = read_story()
    images = story.first
    for step in story.then[: number - 1]:
        images = _step(images, step)
    return [_reversed(image) for image in images] if number % 2 == 0 else [dict(i) for i in images]


def workspaces() -> list[dict[str, Any]]:
    """The workspaces of the images, as List workspaces returns them."""
    return read_story().workspaces


def _step(images: list[Image], step: Step) -> list[Image]:
    kept = [image for image in images if image["id"] not in step.remove]
    return [{**image, **step.change.get(image["id"], {})} for image in kept] + step.add


def _reversed(image: Image) -> Image:
    """The same image with its lists reversed: the API promises no order in them."""
    return {
        name: value[::-1] if isinstance(value, list) else value for name, value in image.items()
    }


def deletions(images: Iterable[Mapping[str, Any]], *, at: int) -> list[dict[str, Any]]:
    """Traces, as the Cloud Trace Service shows them, of the invented images that are gone.

    `at` is the time that they carry, in epoch milliseconds.
    """
    story = read_story()
    remaining = {image["id"] for image in images}
    known = [*story.first, *(image for step in story.then for image in step.add)]
    gone = [image for image in known if image["id"] not in remaining]
    return [
        {
            "trace_id": f"00000000-0000-0000-0000-{number:012}",
            "trace_name": "deleteNotebookImage",
            "trace_rating": "normal",
            "trace_type": "ConsoleAction" if number % 2 else "ApiCall",
            "resource_type": "NotebookImage",
            "resource_id": image["id"],
            "resource_name": image["name"].strip(),
            "code": "204",
            "time": at,
            "source_ip": "192.0.2.17",
            "user": {"name": "mlops", "principal_urn": "iam::0:user:mlops"},
        }
        for number, image in enumerate(gone)
    ]


class ApiError(Exception):
    """An error in the API's own format: `{"error_code", "error_msg"}`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


def list_page(images: Sequence[Fields], query: Query) -> dict[str, Any]:
    """The body of a list response. Raises `ApiError` where the API rejects the request."""
    rows = _in_order([each for each in images if _matches(each, query)], query)
    limit = whole_number(query, "limit", DEFAULT_LIMIT, lowest=1)
    page = whole_number(query, "offset", 0) // limit
    start, end = page * limit, min((page + 1) * limit, len(rows))
    if start > end:
        raise ApiError(400, "ModelArts.6400", f"fromIndex({start}) > toIndex({end})")
    return {
        "current": page,
        "data": rows[start:end],
        "pages": -(-len(rows) // limit),
        "size": limit,
        "total": len(rows),
    }


def whole_number(query: Query, name: str, default: int, *, lowest: int = 0) -> int:
    """A number in the query. Raises `ApiError` for anything else and below `lowest`."""
    text = query.get(name, str(default))
    if not text.isdecimal() or int(text) < lowest:
        raise ApiError(400, "ModelArts.0104", f"Invalid parameter {name}: {text}")
    return int(text)


def _in_order(rows: list[Fields], query: Query) -> list[Fields]:
    keys = [key for key in query.get("sort_key", "").split(",") if key]
    if unsupported := [key for key in keys if key not in SORT_FIELDS]:
        raise ApiError(400, "ModelArts.6303", f"Unsupported sort key: {','.join(unsupported)}")
    if not keys:
        return rows
    is_descending = query.get("sort_dir", "DESC").upper() == "DESC"
    return sorted(
        rows,
        key=lambda fields: [fields.get(SORT_FIELDS[key]) or 0 for key in keys],
        reverse=is_descending,
    )


def _matches(fields: Fields, query: Query) -> bool:
    """Whether an image passes the query's filters; a missing parameter filters nothing."""
    filters: dict[str, Callable[[str], bool]] = {
        "type": lambda value: fields.get("type") == value,
        "name": lambda value: _is_named(str(fields.get("name") or ""), value, query),
        "namespace": lambda value: _organization(fields) == value,
        "service_type": lambda value: fields.get("service_type") == value,
    }
    return str(fields.get("workspace_id") or "0") == query.get("workspace_id", "0") and all(
        matches(query[name]) for name, matches in filters.items() if query.get(name)
    )


def _is_named(name: str, wanted: str, query: Query) -> bool:
    if query.get("name_fuzzy_match", "true").lower() == "false":
        return wanted == name
    return wanted.casefold() in name.casefold()


def _organization(fields: Fields) -> str:
    """The image's namespace, or the organisation in its path."""
    path = str(fields.get("swr_path") or "").split("/")
    return str(fields.get("namespace") or "".join(path[1:2]))
