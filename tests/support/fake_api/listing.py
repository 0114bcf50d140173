"""Selection of one page of a catalogue for a list request.

It applies the query's filters, order and window, with the switches of `quirks`. It does no I/O; a
catalogue caches its selections.

Sources: the API reference's parameters; recorded responses for `page = offset // limit`, `size`,
`current` and the text of the error past the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec

from etl.sample.catalogue import ApiError, whole_number
from tests.support.fake_api.quirks import OMITTED, Quirks

if TYPE_CHECKING:
    from random import Random

DEFAULT_LIMIT: Final = 200
# Sort keys whose names differ from those of their fields.
SORT_FIELDS: Final = {"updateTime": "update_at", "createTime": "create_at"}
_FILTERS: Final = ("type", "workspace_id", "name", "name_fuzzy_match", "namespace", "service_type")

Query = Mapping[str, str]
Fields = Mapping[str, Any]


class Catalogue:
    """A state of the images. A record may be any JSON value, or `msgspec.Raw` to be sent as is.

    Records must not be altered afterwards: their encoding and order are cached.
    """

    def __init__(self, records: Iterable[Any]) -> None:
        self.records = tuple(records)
        self._fields = [_fields(record) for record in self.records]
        self._encoded: list[bytes | None] = [None] * len(self.records)
        self._rows: dict[object, list[int]] = {}

    @cached_property
    def by_id(self) -> Mapping[str, Fields]:
        """The images by their ids; of two with the same id, the first."""
        return {str(fields.get("id")): fields for fields in reversed(self._fields)}

    def encoded(self, row: int) -> bytes:
        """One record's JSON text."""
        text = self._encoded[row]
        if text is None:
            text = self._encoded[row] = _encode(self.records[row])
        return text

    def select(self, query: Query, quirks: Quirks) -> list[int]:
        """The matching rows, in the catalogue's own order."""

        def select() -> list[int]:
            matches = _matcher(query, quirks)
            return [row for row, fields in enumerate(self._fields) if matches(fields)]

        return self._cached(_selection(query, quirks), select)

    def arrange(self, query: Query, quirks: Quirks, *, ties: Random | None) -> list[int]:
        """The matching rows in the requested order; `ties` shuffles rows with equal sort values."""
        keys = _sort_fields(query, quirks)
        is_descending = query.get("sort_dir", "DESC").upper() == "DESC"

        def order() -> list[int]:
            rows = list(self.select(query, quirks))
            if ties is not None:
                ties.shuffle(rows)
            if keys:
                rows.sort(key=lambda row: self._sort_value(row, keys), reverse=is_descending)
            return rows

        if ties is not None:
            return order()
        return self._cached((_selection(query, quirks), keys, is_descending), order)

    def _sort_value(self, row: int, keys: tuple[str, ...]) -> list[tuple[bool, str | float]]:
        """A missing value sorts first, as in a database; text is never compared with a number."""
        values = (self._fields[row].get(key) for key in keys)
        known = (value if isinstance(value, str | int | float) else 0 for value in values)
        return [(isinstance(value, str), value) for value in known]

    def _cached(self, key: object, make: Callable[[], list[int]]) -> list[int]:
        rows = self._rows.get(key)
        if rows is None:
            rows = self._rows[key] = make()
        return rows


@dataclass(frozen=True, slots=True)
class Window:
    """The matching rows of a page, and the `size` and `current` that it reports."""

    start: int
    end: int
    asked: int
    size: int
    current: int


def list_page(
    catalogue: Catalogue, query: Query, quirks: Quirks, *, ties: Random | None = None
) -> bytes:
    """The body of one list response. Raises `ApiError` where the API rejects the request."""
    rows = catalogue.arrange(query, quirks, ties=ties)
    window = find_window(query, quirks, len(rows))
    shown = b",".join([catalogue.encoded(row) for row in rows[window.start : window.end]])
    total = quirks.total(len(rows))
    counted = total if type(total) is int and total >= 0 else len(rows)
    size = window.asked if quirks.size_is_asked else window.size
    page: dict[str, object] = {
        "current": window.current,
        "data": msgspec.Raw(b"[" + shown + b"]"),
        "pages": -(-counted // size),
        "size": size,
        "total": total,
    }
    omitted = {*quirks.omitted, *(["total"] if total is OMITTED else [])}
    return msgspec.json.encode({name: value for name, value in page.items() if name not in omitted})


def find_window(query: Query, quirks: Quirks, count: int) -> Window:
    """The rows that the query's limit and offset select among `count` matching ones."""
    limit = whole_number(query, "limit", DEFAULT_LIMIT, lowest=1)
    size = limit if quirks.limit_cap is None else min(limit, quirks.limit_cap)
    if quirks.offset == "page_number":
        page = whole_number(query, "offset", quirks.first_page) - quirks.first_page
        if quirks.before_first == "first":
            page = max(page, 0)
        start = page * size
    else:
        offset = whole_number(query, "offset", 0)
        page = offset // size
        start = offset if quirks.offset == "records" else page * size
    if quirks.past_the_end == "repeat" and start >= count:
        page = max(count - 1, 0) // size
        start = page * size
    end = min(start + size, count)
    if start < 0 or _is_refused(start, end, quirks):
        raise ApiError(400, "ModelArts.6400", f"fromIndex({start}) > toIndex({end})")
    current = page + quirks.first_page
    return Window(start=min(start, count), end=end, asked=limit, size=size, current=current)


def _is_refused(start: int, end: int, quirks: Quirks) -> bool:
    if quirks.past_the_end == "error":
        return start > end
    return quirks.past_the_end == "strict" and start > 0 and start >= end


def _sort_fields(query: Query, quirks: Quirks) -> tuple[str, ...]:
    keys = [key for key in query.get("sort_key", "").split(",") if key]
    unsupported = [key for key in keys if key not in quirks.sort_keys]
    if unsupported and quirks.unsupported_sort == "error":
        raise ApiError(400, "ModelArts.6303", f"Unsupported sort key: {','.join(unsupported)}")
    return tuple(SORT_FIELDS.get(key, key) for key in keys if key in quirks.sort_keys)


def _selection(query: Query, quirks: Quirks) -> tuple[object, ...]:
    """Everything that the selection of rows depends on."""
    asked = [query.get(name) for name in _FILTERS]
    return (*asked, quirks.default_type, frozenset(quirks.unlisted))


def _matcher(query: Query, quirks: Quirks) -> Callable[[Fields], bool]:
    """The query's filters as a predicate.

    A missing type counts as BUILD_IN and a missing workspace as 0, so that every record is in
    exactly one listing.
    """
    asked_type = query.get("type", quirks.default_type)
    workspace = query.get("workspace_id", "0")
    name = query.get("name", "")
    is_fuzzy = query.get("name_fuzzy_match", "true").lower() != "false"
    namespace = query.get("namespace")
    service_type = query.get("service_type")

    def matches(fields: Fields) -> bool:
        return (
            (not asked_type or _word(fields.get("type") or "BUILD_IN") == _word(asked_type))
            and str(fields.get("workspace_id") or "0").strip() == workspace
            and (not name or _is_named(str(fields.get("name") or ""), name, is_fuzzy=is_fuzzy))
            and (not namespace or _organization(fields) == namespace)
            and (not service_type or _word(fields.get("service_type")) == _word(service_type))
            and (not quirks.unlisted or str(fields.get("id")) not in quirks.unlisted)
        )

    return matches


def _is_named(name: str, asked: str, *, is_fuzzy: bool) -> bool:
    return asked.casefold() in name.casefold() if is_fuzzy else asked == name


def _organization(fields: Fields) -> str:
    """The image's namespace, or the organisation in its path."""
    named = fields.get("namespace")
    path = str(fields.get("swr_path") or "").split("/")
    return str(named) if named else "".join(path[1:2])


def _word(value: object) -> str:
    return str(value or "").strip().upper()


def _fields(record: Any) -> Fields:
    """The fields of a record; none if it is not a JSON object."""
    if isinstance(record, msgspec.Raw):
        try:
            record = msgspec.json.decode(record)
        except msgspec.DecodeError:
            return {}
    return record if isinstance(record, Mapping) else {}


def _encode(record: Any) -> bytes:
    try:
        return msgspec.json.encode(record)
    except UnicodeEncodeError:  # a lone surrogate, which JSON can only carry escaped
        return json.dumps(record).encode()
