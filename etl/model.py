"""The frozen values that travel between the stages; they know no network and no database.

Instants of a run are aware `datetime` in UTC with whole milliseconds; an image's own times stay
epoch milliseconds, as the API reports them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from msgspec import Struct

State = Literal["present", "removed", "out_of_scope"]
Certificate = Literal["exact", "ordered", "agreed", "none"]
Evidence = Literal["lookup_not_found", "lookup_deleted", "listed_deleted", "absent_twice"]
Status = Literal["succeeded", "partial", "held", "failed"]


class Tag(Struct, frozen=True, order=True, gc=False):
    """One of an image's `{key, value}` tags."""

    key: str
    value: str | None = None


class Image(Struct, frozen=True, array_like=True, gc=False):
    """One image, normalised: what a version row holds.

    `None` is missing (or null) at the source; lists are sorted and without doubles; the `swr_`
    parts are read from `swr_path`; `extra` is the canonical JSON text of the unknown fields.
    """

    image_id: str
    name: str | None = None
    description: str | None = None
    type: str | None = None
    status: str | None = None
    arch: str | None = None
    tag: str | None = None
    namespace: str | None = None
    workspace_id: str | None = None
    visibility: str | None = None
    origin: str | None = None
    service_type: str | None = None
    flavor_type: str | None = None
    size: int | None = None
    swr_path: str | None = None
    swr_registry: str | None = None
    swr_organization: str | None = None
    swr_repository: str | None = None
    swr_tag: str | None = None
    swr_instance_id: str | None = None
    show_name: str | None = None
    show_tag: str | None = None
    status_message: str | None = None
    dev_services: tuple[str, ...] | None = None
    resource_categories: tuple[str, ...] | None = None
    tags: tuple[Tag, ...] | None = None
    created_at: int | None = None
    updated_at: int | None = None
    extra: str = "{}"


# The columns whose change makes a version; `extra` travels with a version but makes none.
TRACKED: Final[tuple[str, ...]] = tuple(
    name for name in Image.__struct_fields__ if name not in {"image_id", "extra"}
)


@dataclass(frozen=True, slots=True)
class Listing:
    """One paged list call of a source: a type in a workspace."""

    type: str
    workspace_id: str

    def __str__(self) -> str:
        return f"{self.type}/{self.workspace_id}"


@dataclass(frozen=True, slots=True)
class Normalised:
    """A record that was understood, with the unknown fields that it carried."""

    image: Image
    fingerprint: bytes
    unknown_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that can't be understood; `reason` names the field and what is wrong with it."""

    image_id: str | None
    reason: str


class Reject(Struct, frozen=True, gc=False):
    """An unreadable record where it was found; `record` is its text as received, bounded."""

    image_id: str | None
    page: int
    position: int
    reason: str
    record: str


class FieldChange(Struct, frozen=True, gc=False):
    """One tracked value that differs between two versions; values as JSON text."""

    field: str
    old_value: str
    new_value: str
