"""The JSON objects that commands print, one struct each.

They are the declaration of these outputs: the JSON Schemas in `etl/schemas/` are generated from
them. The rows of the reading commands are declared by their queries instead.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from etl.model import Certificate, Evidence, Status  # msgspec needs the types at run time


class FieldValue(Struct, kw_only=True):
    """A tracked value that would change; both values are JSON text."""

    field: str
    old_value: str
    new_value: str


class PlannedImage(Struct, kw_only=True):
    """An image that a sync would add, leave undecided, or move out of scope."""

    image_id: str
    name: str | None


class PlannedChange(Struct, kw_only=True):
    """An image that would get a new version."""

    image_id: str
    name: str | None
    kind: Literal["changed", "restored", "in_scope"]
    fields: list[FieldValue]


class PlannedRemoval(Struct, kw_only=True):
    """An image that would be removed, or whose removal would be held, with its evidence."""

    image_id: str
    name: str | None
    evidence: Evidence
    evidence_detail: dict[str, Any]


class Plan(Struct, kw_only=True):
    """What a sync would write for one source."""

    added: list[PlannedImage]
    changed: list[PlannedChange]
    removed: list[PlannedRemoval]
    held: list[PlannedRemoval]
    missing: list[PlannedImage]
    found_by_lookup: list[PlannedImage]
    out_of_scope: list[PlannedImage]


class SourceFailure(Struct, kw_only=True):
    """Why a source could not be read; `request_id` is the API's id of the failed request."""

    kind: str
    message: str | None
    request_id: str | None


class SourceResult(Struct, kw_only=True):
    """What a run did to one source."""

    name: str
    status: Status
    certified: bool
    certificate: Certificate
    walks: int
    pages: int
    requests: int
    retries: int
    reported_total: int
    seen: int
    added: int
    changed: int
    unchanged: int
    removed: int
    restored: int
    in_scope: int
    out_of_scope: int
    held: int
    missing: int
    rejected: int
    entry: int | None
    error: SourceFailure | None
    plan: Plan | UnsetType = UNSET


class RunResult(Struct, kw_only=True):
    """The result of sync, plan, approve, dismiss, replay-rejects and sources retire.

    `checkpoint` is the signed note after the run; null without one, and in a dry run.
    """

    run_id: int | None
    status: Literal["succeeded", "partial", "held", "failed", "interrupted", "abandoned"]
    started_at: str
    finished_at: str
    dry_run: bool
    checkpoint: str | None
    sources: list[SourceResult]


class DashboardFile(Struct, kw_only=True):
    """The result of dashboard: the file, and the number of present images."""

    file: str
    images: int


class ExportedFile(Struct, kw_only=True):
    """The result of export."""

    file: str
    relation: str
    rows: int


class CheckpointCounts(Struct, kw_only=True):
    """Checkpoints that `verify` checked, and what it could not check for lack of a key."""

    stored: int
    external: int
    signed: int
    signatures_unchecked: int
    timestamps: int
    timestamps_unchecked: int
    cosignatures: int
    cosignatures_unchecked: int


class VerifyFinding(Struct, kw_only=True):
    """Something that does not match, with the entry, event and row that it was found at."""

    entry: int | None
    event: int | None
    run_id: int | None
    source: str | None
    row: str | None
    problem: str


class VerifyResult(Struct, kw_only=True):
    """Result of `verify`; `pruned` counts entries whose data was dropped."""

    consistent: bool
    origin: str | None
    entries: int
    root: str
    recomputed: int
    pruned: int
    checkpoints: CheckpointCounts
    finding_count: int
    findings: list[VerifyFinding]


class CheckpointResult(Struct, kw_only=True):
    """The latest checkpoint: a signed note, its timestamp (DER in base64) and cosignatures."""

    size: int
    root: str
    note: str
    created_at: str
    timestamp_token: str | None
    cosignatures: list[str]


class VerifierKey(Struct, kw_only=True):
    """The result of key init and key show: a private key's file, and its verifier key."""

    file: str
    verifier_key: str


class EvidenceFile(Struct, kw_only=True):
    """The result of evidence: the ZIP file, the number of files in it, and its size."""

    file: str
    files: int
    bytes: int


class EvidenceCheck(Struct, kw_only=True):
    """The result of evidence check; `problem` says what does not verify."""

    valid: bool
    proved: list[str]
    unproved: list[str]
    problem: str | None


class PrunedSource(Struct, kw_only=True):
    """What was dropped of a source: table → rows, up to a run (null: nothing was that old)."""

    source: str
    run_id: int | None
    observed_at: str | None
    rows: dict[str, int]


class PruneResult(Struct, kw_only=True):
    """Result of `prune`; `forgotten` counts removals whose actor was erased."""

    dry_run: bool
    pruned: list[PrunedSource]
    forgotten: int


class ListedSource(Struct, kw_only=True):
    """A source of the configuration, or a discovered one; secrets are not part of it.

    `region` and `shard_key` let a scheduler distribute the sources.
    """

    name: str
    endpoint: str
    region: str
    project_id: str
    types: list[str]
    workspaces: list[str]
    namespace: str
    name_filter: str
    name_fuzzy: bool
    service_type: str
    auth_method: str
    shard_key: int


class SchemaState(Struct, kw_only=True):
    """The result of db current, check, upgrade and downgrade.

    `problem` says what is wrong with the schema, if `check` found something.
    """

    revision: str | None
    program_revision: str
    current: bool
    problem: str | None


class CopiedDatabase(Struct, kw_only=True):
    """The result of db copy: the number of rows by table. The copy was verified."""

    rows: dict[str, int]


class ConfigurationFile(Struct, kw_only=True):
    """The result of config init."""

    file: str


class QueueTables(Struct, kw_only=True):
    """The result of scale init: whether it created the tables, or they existed."""

    created: bool


class EnqueuedJobs(Struct, kw_only=True):
    """The result of scale enqueue: new jobs, and sources whose job was waiting already."""

    enqueued: int
    waiting: int


class QueueState(Struct, kw_only=True):
    """The jobs of one queue by state, an item of scale status."""

    queue: str
    todo: int
    doing: int
    succeeded: int
    failed: int
