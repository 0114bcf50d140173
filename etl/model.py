"""The frozen values that travel between the stages; they know no network and no database.

Times of a run (`_at`) are aware `datetime` in UTC with whole milliseconds. An image's own times
stay epoch milliseconds, as the API reports them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from typing import Any, Final, Literal

from msgspec import Raw, Struct

State = Literal["present", "removed", "out_of_scope"]
Certificate = Literal["exact", "ordered", "agreed", "none"]
Evidence = Literal["lookup_not_found", "lookup_deleted", "listed_deleted", "absent_twice"]
LookupResult = Literal["not_found", "deleted", "found", "refused", "failed"]
Status = Literal["succeeded", "partial", "held", "failed"]
ActorKind = Literal["user", "agency", "federated", "system"]
AttributionResult = Literal["exact", "likely", "ambiguous", "none", "refused", "expired"]
DELETED: Final = "DELETED"  # status of an image that is still listed although it is gone


class Tag(Struct, frozen=True, order=True, gc=False):
    """One of an image's `{key, value}` tags."""

    key: str
    value: str | None = None


class Image(Struct, frozen=True, array_like=True, gc=False):
    """One image, normalised: what a version row holds.

    `None` is missing (or null) at the source; lists are sorted and contain no duplicates; the
    `swr_` parts are read from `swr_path`; `extra` is the canonical JSON text of the unknown fields.
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
# Those that are parsed from `swr_path`: a change of the parser does not change the image.
DERIVED: Final = frozenset({"swr_registry", "swr_organization", "swr_repository", "swr_tag"})


@dataclass(frozen=True, slots=True)
class Listing:
    """One paged list call of a source: a type in a workspace."""

    type: str
    workspace_id: str

    def __str__(self) -> str:
        return f"{self.type}/{self.workspace_id}"


@dataclass(frozen=True, slots=True)
class ImageBatch:
    """The images of many records, column by column: rules are applied to whole columns."""

    columns: Columns
    fingerprints: Sequence[bytes]
    unknown_fields: Sequence[tuple[str, ...]]

    @property
    def ids(self) -> Sequence[str]:
        """Each image's id."""
        return self.columns[0]

    def __len__(self) -> int:
        return len(self.fingerprints)

    def images(self) -> list[Image]:
        """Every image as a value of its own."""
        return [*map(Image, *self.columns)]


class FieldChange(Struct, frozen=True, gc=False):
    """A tracked value that differs between two versions; values are JSON text."""

    field: str
    old_value: str
    new_value: str


class Page(Struct, frozen=True, gc=False):
    """One page of a listing: its records' bytes as received, in the order given.

    `order` is the place of its listing among the source's listings. `reading` counts the readings
    of its listing from 0, `number` the pages of a reading from 0 (a backward reading may deliver a
    page more than once). `total` is the number of images that the response reports for the whole
    listing.
    """

    listing: Listing
    order: int
    reading: int
    number: int
    records: list[Raw]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkSummary:
    """The result of a walk that was read to its end.

    `certificate` is the weakest of the listings' certificates. `pages` counts the pages of all
    readings. `reported_total` is the sum of the listings' latest totals. `empty_listings` returned
    no row in their latest reading. `detail` is the content of `walk_detail`.
    """

    certificate: Certificate
    walks: int
    pages: int
    reported_total: int
    listings: tuple[Listing, ...]
    empty_listings: frozenset[Listing]
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AbsentImage:
    """A present image that a run did not see, or saw with status DELETED.

    `namespace` falls back to the organisation of `swr_path`, as the API's own filter does.
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
class Lookup:
    """What the API reports about one image.

    `detail`: HTTP status, error code, request id and time, as far as they are known.
    """

    result: LookupResult
    detail: dict[str, Any]

    @property
    def evidence(self) -> Evidence | None:
        """The evidence for a removal, if it is one."""
        if self.result == "not_found":
            return "lookup_not_found"
        return "lookup_deleted" if self.result == "deleted" else None


@dataclass(frozen=True, slots=True)
class Removal:
    """An image whose removal is proven, with its evidence and the details of it."""

    image: AbsentImage
    evidence: Evidence
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who called an operation: the name of a user, agency or federated user."""

    name: str
    kind: ActorKind


@dataclass(frozen=True, slots=True)
class Trace:
    """One operation that the Cloud Trace Service recorded; "" is a missing text.

    `via` is ApiCall, ConsoleAction or SystemAction. `has_succeeded` is None if unknown.
    """

    trace_id: str
    name: str
    resource_type: str
    resource_id: str
    resource_name: str
    via: str
    at: datetime
    has_succeeded: bool | None
    source_ip: str
    actor: Actor | None


@dataclass(frozen=True, slots=True)
class RemovedImage:
    """A removal whose actor is wanted; `attribution` is the result on record, if any."""

    image_id: str
    version: int
    name: str | None
    last_seen_at: datetime
    removed_at: datetime
    attribution: AttributionResult | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who removed an image, as far as the traces show; `trace` only if exact or likely."""

    image: RemovedImage
    result: AttributionResult
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to the present images that a run did not see.

    `removals` leave the catalogue. `held` would leave it, but the guard's `held_rule` holds them.
    `missing` and `found` stay present: nothing proves their removal, or a lookup found them.
    `out_of_scope` are outside the coverage. `attributions`: who removed these or earlier images.
    """

    removals: tuple[Removal, ...] = ()
    held: tuple[Removal, ...] = ()
    held_rule: str = ""
    missing: tuple[AbsentImage, ...] = ()
    found: tuple[AbsentImage, ...] = ()
    out_of_scope: tuple[AbsentImage, ...] = ()
    attributions: tuple[Attribution, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkFacts:
    """How a source was read: the part of its `source_runs` row that does not count changes.

    `previous_endpoint` is set if the source's run before read another endpoint. `guard_override` is
    "accept_removals" if the guard was switched off for this run.
    """

    certificate: Certificate = "none"
    walks: int = 0
    pages: int = 0
    requests: int = 0
    retries: int = 0
    reported_total: int = 0
    detail: dict[str, Any] = dataclass_field(default_factory=dict)
    coverage: str = ""
    endpoint: str = ""
    project_id: str = ""
    previous_endpoint: str | None = None
    guard_override: str | None = None

    @property
    def is_certified(self) -> bool:
        """Whether the walk was shown to have missed nothing."""
        return self.certificate != "none"

    @property
    def listings(self) -> frozenset[str]:
        """The listings that the walk read, as `TYPE/WORKSPACE`."""
        return frozenset(each["listing"] for each in self.detail.get("listings", ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One source's result: an item of `sync --output json` and the row of `source_runs`.

    `rejected` counts the records that this walk could not parse, `newly_rejected` those among them
    that were not on record.
    """

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
    newly_rejected: int = 0
    present: int = 0
    entry: int | None = None
    held_rule: str = ""
    changed_fields: dict[str, int] = dataclass_field(default_factory=dict)
    error_kind: str | None = None
    error_message: str | None = None
    error_request_id: str | None = None
    error_exit_code: int = 0
    lock_wait_seconds: float = 0.0
    duration_seconds: float = 0.0  # includes the wait for the lock


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """The result of one execution; `run_id` is None if it wrote no row, as with a plan."""

    run_id: int | None
    status: str
    exit_code: int
    started_at: datetime
    finished_at: datetime
    is_dry_run: bool
    sources: tuple[Outcome, ...]
    checkpoint: str | None = None  # the log's latest checkpoint, as a signed note
