"""What does each field of the API's image mean to us? One table; each field has one rule.

The service's own field names live here and in `page`, nowhere else. Facts come from the API
reference and from recorded responses; where they differ, the recorded responses count.

For every field a missing key and an explicit null are the same, `None`; `""` and `[]` are values.
Of a key that comes twice the last one counts. A value of an impossible type (a boolean for a
number, a float for a time, text in place of a list) rejects the record: the decoder says so.

`flavor_type` and the values of the two lists are enums too, so their letter case means nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

from msgspec import Meta

from etl.model import Tag

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_ID_LENGTH: Final = 512
END_OF_9999: Final = 253_402_300_799_999  # epoch milliseconds; no database's calendar goes beyond
MAX_SIZE: Final = 2**63 - 1  # what both databases hold
MAX_REMEMBERED: Final = 1000
MAX_LENGTH_REMEMBERED: Final = 64

Identity = Annotated[str, Meta(min_length=1, max_length=MAX_ID_LENGTH)]
Text = str | None
TextOrNumber = str | int | None
Texts = tuple[str, ...] | None
Tags = tuple[Tag, ...] | None
Size = Annotated[int, Meta(ge=0, le=MAX_SIZE)] | None
EpochMilliseconds = Annotated[int, Meta(ge=0, le=END_OF_9999)] | None


class Remembered(dict[Any, Any]):
    """A rule for values that come again and again: looked up where known, in bounded space."""

    def __init__(self, rule: Callable[[Any], Any]) -> None:
        super().__init__()
        self.rule = rule

    def __missing__(self, value: Any) -> Any:
        result = self.rule(value)
        if len(self) < MAX_REMEMBERED and len(value) <= MAX_LENGTH_REMEMBERED >= max(
            map(len, value), default=0
        ):
            self[value] = result
        return result


def _upper(value: str) -> str:
    return value.strip().upper()


def _lower(value: str) -> str:
    return value.strip().lower()


def _upper_set(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({value.strip().upper() for value in values}))


# An enum. Each is open: a value that nobody has seen before is kept.
upper: Final = Remembered(_upper).__getitem__
# The one enum that is spelled in lower case, as recorded responses have it.
lower: Final = Remembered(_lower).__getitem__
# A set of enum values: order, doubles and letter case mean nothing.
upper_set: Final = Remembered(_upper_set).__getitem__


def tag_set(tags: tuple[Tag, ...]) -> tuple[Tag, ...]:
    """A set of keys with values; a missing value comes before the empty one."""
    if len(tags) < 2:
        return tags
    return tuple(sorted(set(tags), key=lambda tag: (tag.key, tag.value is not None, tag.value)))


class Field(NamedTuple):
    """A field of the API, the column that it fills, its possible types, and what we make of it."""

    name: str
    column: str
    type: Any
    rule: Callable[[Any], Any] | None = None  # never called for None; without one: as it is


# In the order of `Image`, without what is read from `swr_path`, and without `extra`.
FIELDS: Final = (
    Field("id", "image_id", Identity),
    Field("name", "name", Text, str.strip),
    Field("description", "description", Text),
    Field("type", "type", Text, upper),
    Field("status", "status", Text, upper),
    Field("arch", "arch", Text, lower),
    Field("tag", "tag", Text, str.strip),
    Field("namespace", "namespace", Text),
    Field("workspace_id", "workspace_id", TextOrNumber, str),
    Field("visibility", "visibility", Text, upper),
    Field("origin", "origin", Text, upper),
    Field("service_type", "service_type", Text, upper),
    Field("flavor_type", "flavor_type", Text, upper),
    Field("size", "size", Size),
    Field("swr_path", "swr_path", Text),
    Field("swr_instance_id", "swr_instance_id", Text),
    Field("show_name", "show_name", Text),
    Field("show_tag", "show_tag", Text),
    Field("status_message", "status_message", Text),
    Field("dev_services", "dev_services", Texts, upper_set),
    Field("resource_categories", "resource_categories", Texts, upper_set),
    Field("tags", "tags", Tags, tag_set),
    Field("create_at", "created_at", EpochMilliseconds),
    Field("update_at", "updated_at", EpochMilliseconds),
)
KNOWN: Final = frozenset(field.name for field in FIELDS)

# Show image alone has it: no image of a list does, so it is neither a value nor an unknown field.
ONLY_IN_SHOW: Final = frozenset({"support_res_categories"})
