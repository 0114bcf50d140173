"""The frozen values that travel between the stages; they know no network and no database.

Instants of a run are aware `datetime` in UTC with whole milliseconds; an image's own times stay
epoch milliseconds, as the API reports them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Raw, Struct

if TYPE_CHECKING:
    from datetime import datetime

State = Literal["present", "removed", "out_of_scope"]
Certificate = Literal["exact", "ordered", "agreed", "none"]
Evidence = Literal["lookup_not_found", "lookup_deleted", "listed_deleted", "absent_twice"]
Status = Literal["succeeded", "partial", "held", "failed"]
DELETED: Final = "DELETED"  # an image's status: it is listed, and gone all the same


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


Columns = Sequence[Sequence[Any]]
"""Many images: a sequence for each field of `Image`, in its order, all of one length."""

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


class Normalised(Struct, frozen=True, gc=False):
    """A record that was understood, with the unknown fields that it carried."""

    image: Image
    fingerprint: bytes
    unknown_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Images:
    """The images of many records, column by column: the work is done on a column at a time."""

    columns: Columns
    fingerprints: Sequence[bytes]
    unknown_fields: Sequence[tuple[str, ...]]

    @property
    def ids(self) -> Sequence[str]:
        """Each image's id."""
        return self.columns[0]

    def column(self, field: str) -> Sequence[Any]:
        """A field of each image."""
        return self.columns[Image.__struct_fields__.index(field)]

    def __len__(self) -> int:
        return len(self.fingerprints)

    def image(self, place: int) -> Image:
        """One of them by itself."""
        return Image(*[column[place] for column in self.columns])

    def picked(self, places: Sequence[int]) -> Images:
        """Those at these places, in their order."""
        if len(places) == len(self):
            return self
        *columns, fingerprints, unknown_fields = [
            [column[place] for place in places]
            for column in (*self.columns, self.fingerprints, self.unknown_fields)
        ]
        return Images(columns, fingerprints, unknown_fields)


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


class Page(Struct, frozen=True, gc=False):
    """One page of a listing: its records' bytes as received, in the order given."""

    listing: Listing
    number: int
    records: list[Raw]
    total: int


@dataclass(frozen=True, slots=True)
class Known:
    """An image as the database has it before a run: its row's key, state and latest version."""

    image_key: int
    state: State
    version: int
    image: Image
    fingerprint: bytes
    is_unseen: (
        bool  # later certified walks did not see it: `last_seen_at` or `missing_since` is set
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A present image that a run did not see, or saw as DELETED.

    `namespace`: the organisation of its path where the API names none, as its filter takes it.
    """

    image_key: int
    image_id: str
    name: str | None
    listing: str | None
    type: str | None
    workspace_id: str | None
    namespace: str | None
    service_type: str | None
    missing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Removal:
    """A candidate whose removal is proven, with how it is known.

    `detail`: HTTP status, error code, request id and time, as far as there are any.
    """

    candidate: Candidate
    evidence: Evidence
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the present images that a run did not see.

    `removals` leave the catalogue; `held` would, but the guard's `held_rule` holds them; `missing`
    stay present, undecided, with `missing_since`; `found` stay present, known by lookup alone;
    `out_of_scope` are outside the source's coverage.
    """

    removals: tuple[Removal, ...] = ()
    held: tuple[Removal, ...] = ()
    held_rule: str = ""
    missing: tuple[Candidate, ...] = ()
    found: tuple[Candidate, ...] = ()
    out_of_scope: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkFacts:
    """What the reading of a source came to: what `source_runs` says besides counts of changes."""

    certificate: Certificate = "none"
    walks: int = 0
    pages: int = 0
    requests: int = 0
    retries: int = 0
    reported_total: int = 0
    detail: dict[str, Any] = dataclass_field(default_factory=dict)
    coverage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One source's result: the object of `sync --output json`, and the row of `source_runs`."""

    name: str
    status: Status
    observed_at: datetime
    facts: WalkFacts
    seen: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    restored: int = 0
    in_scope: int = 0
    out_of_scope: int = 0
    held: int = 0
    missing: int = 0
    rejected: int = 0
    present: int = 0
    held_rule: str = ""
    changed_fields: dict[str, int] = dataclass_field(default_factory=dict)
    error_kind: str | None = None
    error_message: str | None = None
    error_request_id: str | None = None
    error_exit_code: int = 0
    lock_wait_seconds: float = 0.0  # for another run to let go of the source
    duration_seconds: float = 0.0  # of its turn, the wait included


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """What one execution came to; `run_id` is None where it wrote no row, as a plan does."""

    run_id: int | None
    status: str
    exit_code: int
    started_at: datetime
    finished_at: datetime
    is_dry_run: bool
    sources: tuple[Outcome, ...]
