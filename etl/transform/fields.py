"""Field rules: the API's fields, the columns they fill, and how each value is normalised.

The service's own field names appear here and in `page` only. Facts come from the API reference and
from recorded responses; where these differ, the recorded responses count.

A missing key and an explicit null are both `None`; `""` and `[]` are values. The last value of a
repeated key counts. A value of an impossible type (a boolean for a number, a fraction for a time,
text in place of a list) rejects the record.

`flavor_type` and the values of the two lists are enums too, so their letter case has no meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, NamedTuple

from msgspec import Meta

from etl.model import Tag

MAX_ID_LENGTH: Final = 512
END_OF_9999: Final = 253_402_300_799_999  # epoch milliseconds; no database's calendar goes beyond
MAX_SIZE: Final = 2**63 - 1  # what both databases hold
MAX_CACHED: Final = 1000
MAX_CACHED_LENGTH: Final = 64

Identity = Annotated[str, Meta(min_length=1, max_length=MAX_ID_LENGTH)]
Text = str | None
TextOrNumber = str | int | None
Texts = tuple[str, ...] | None
Tags = tuple[Tag, ...] | None
Size = Annotated[int, Meta(ge=0, le=MAX_SIZE)] | None
EpochMilliseconds = Annotated[int, Meta(ge=0, le=END_OF_9999)] | None


class Cached(dict[Any, Any]):
    """A rule with a bounded cache, for columns with few distinct values."""

    def __init__(self, rule: Callable[[Any], Any]) -> None:
        super().__init__()
        self.rule = rule

    def __missing__(self, value: Any) -> Any:
        result = self.rule(value)
        if len(self) < MAX_CACHED and len(value) <= MAX_CACHED_LENGTH >= max(
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


# Enums are open: an unknown value is kept.
upper: Final = Cached(_upper).__getitem__
# The one enum that recorded responses spell in lower case.
lower: Final = Cached(_lower).__getitem__
# A set of enum values: order, duplicates and letter case have no meaning.
upper_set: Final = Cached(_upper_set).__getitem__


def tag_set(tags: tuple[Tag, ...]) -> tuple[Tag, ...]:
    """Sort and deduplicate tags; a missing value sorts before an empty one."""
    if len(tags) < 2:
        return tags
    return tuple(sorted(set(tags), key=lambda tag: (tag.key, tag.value is not None, tag.value)))


class Field(NamedTuple):
    """A field of the API, the column that it fills, its type, and its normalisation."""

    name: str
    column: str
    type: Any
    rule: Callable[[Any], Any] | None = None  # not called for None; without a rule: unchanged


# In the order of `Image`, without the parts of `swr_path` and without `extra`.
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
INTEGERS: Final = frozenset({"size", "create_at", "update_at", "workspace_id"})
RULES_VERSION: Final = 1  # increase it if a rule changes without a change of the field names

# Only Show image has this field, so it is neither a tracked value nor an unknown field.
ONLY_IN_SHOW: Final = frozenset({"support_res_categories"})

SwrParts = tuple[str | None, str | None, str | None, str | None]
_NO_PARTS: Final[SwrParts] = (None, None, None, None)


def swr_parts(path: str | None) -> SwrParts:
    """Split an image address into registry, organisation, repository and tag (else the digest).

    The form is `host[:port]/organisation/repository[:tag]` (API reference) or `…@algorithm:digest`.
    As usual for container images, the first part is a host only if it contains a dot or a port or
    is `localhost`. The repository may contain slashes; a path of one part is a repository. A path
    of another form is not an error: the parts that it lacks are None.
    """
    if not path:
        return _NO_PARTS
    address, _, digest = path.partition("@")
    registry, slash, rest = address.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, rest = "", address
    organization, slash, repository = rest.partition("/")
    if not slash:
        organization, repository = "", rest
    repository, _, tag = repository.partition(":")
    return registry or None, organization or None, repository or None, tag or digest or None
