"""The tables of runs: what each did and met, where history was cut, which sources were found."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import BigInteger

from etl.database.columns import (
    column,
    count_columns,
    metadata,
    one_of,
    optional,
    run_column,
    source_column,
)
from etl.database.types import Instant, JsonObject, Key, Word

sync_runs: Final = Table(
    "sync_runs",
    metadata,
    column("run_id", Key, "number of the run"),
    column("kind", Text, "sync, approve, dismiss, replay or retire"),
    column("started_at", Instant, "when it began"),
    optional("finished_at", Instant, "when it ended; null: it runs, or was killed"),
    column("status", Text, "running, succeeded, partial, held, failed, interrupted, abandoned"),
    optional("exit_code", Integer, "the process's exit code"),
    column("version", Text, "version of image-sync"),
    column("host", Text, "the machine it ran on"),
    column("pid", Integer, "its process id"),
    optional("actor", Text, "who decided: of approve, dismiss and retire"),
    optional("reason", Text, "why, in the actor's words: of approve, dismiss and retire"),
    optional("ended_entry", BigInteger, "log entry that contains how the run ended"),
    PrimaryKeyConstraint("run_id"),
    one_of("kind", "sync", "approve", "dismiss", "replay", "retire"),
    one_of(
        "status",
        "running",
        "succeeded",
        "partial",
        "held",
        "failed",
        "interrupted",
        "abandoned",
    ),
    CheckConstraint(
        "status = 'running' or status = 'abandoned' or finished_at is not null", name="end"
    ),
    comment="One row for each run of sync, approve, dismiss or replay-rejects",
)

source_runs: Final = Table(
    "source_runs",
    metadata,
    column("run_id", Key, "the run", ForeignKey("sync_runs.run_id")),
    source_column(),
    column("status", Text, "succeeded, partial, held or failed"),
    column("observed_at", Instant, "the instant that this run's facts bear"),
    optional("endpoint", Text, "URL of the API that the run read"),
    optional("previous_endpoint", Text, "the endpoint of the run before, if that was another one"),
    optional("project_id", Text, "the project that the run read"),
    optional(
        "guard_override", Text, "accept_removals if the guard was set aside; null: it applied"
    ),
    column("certificate", Text, "exact, ordered, agreed or none"),
    *count_columns(),
    column("walk_detail", JsonObject, "how the walk went, for each listing"),
    optional("coverage", Text, "digest of the types, workspaces and filters"),
    optional("error_kind", Text, "refused, unavailable or broken"),
    optional("error_message", Text, "what failed, without secrets"),
    optional("error_request_id", Text, "the API's id of the request that failed"),
    optional("component_rules", Text, "the rules that image_components was read by then"),
    optional("entry", BigInteger, "number of the log entry that covers this row and its events"),
    PrimaryKeyConstraint("run_id", "source"),
    one_of("status", "succeeded", "partial", "held", "failed"),
    one_of("certificate", "exact", "ordered", "agreed", "none"),
    one_of("guard_override", "accept_removals"),
    UniqueConstraint("source", "observed_at"),
    UniqueConstraint("entry"),
    comment="What one run did to one source",
)

rejects: Final = Table(
    "rejects",
    metadata,
    column("reject_id", Key, "number of the reject"),
    run_column("run_id", "the run that met it first"),
    source_column(),
    optional("image_id", Text, "the record's id, where it has a usable one"),
    optional("listing", Text, "TYPE/WORKSPACE of the listing that held it"),
    column("page", Integer, "page of the listing, from 0"),
    column("position", Integer, "place on the page, from 0"),
    column("reason", Text, "the field and what is wrong with it"),
    column("record", Text, "the record as received, cut at a bound"),
    column("record_bytes", BigInteger, "the record's whole length in bytes"),
    column("record_digest", Text, "digest of the whole record"),
    column("rejected_at", Instant, "observed_at of the run that met it first"),
    optional("resolved_at", Instant, "when its image was understood, or the record was gone"),
    run_column("resolved_run_id", "the run that resolved it", null=True),
    PrimaryKeyConstraint("reject_id"),
    comment="Records that can't be understood, kept with the reason",
)

source_fields: Final = Table(
    "source_fields",
    metadata,
    source_column(),
    column("field", Text, "name of a field that the API reference does not know"),
    column("first_seen_at", Instant, "observed_at of the run that met it first"),
    run_column("run_id", "the run that met it first"),
    PrimaryKeyConstraint("source", "field"),
    comment="Unknown fields as they appear",
)

prune_checkpoints: Final = Table(
    "prune_checkpoints",
    metadata,
    source_column(),
    run_column("run_id", "the last run of the source whose history was dropped"),
    column("observed_at", Instant, "observed_at of that run: before it, history has gaps"),
    column("pruned_at", Instant, "when it was dropped"),
    optional("through_entry", BigInteger, "log entry of that run: the last one that was pruned"),
    optional("entry", BigInteger, "log entry that seals what was kept"),
    PrimaryKeyConstraint("source"),
    comment="Up to which run each source's history was dropped, and the seal on what was kept",
)


discovered_sources: Final = Table(
    "discovered_sources",
    metadata,
    source_column(),
    column("label", Word, "of the [[discover]] that found it"),
    column("project_id", Word, "the project's id"),
    column("project_name", Word, "what the project was called then"),
    column("region", Word, "the region that the project lies in"),
    column("first_seen_at", Instant, "when the project was first found"),
    optional(
        "vanished_at", Instant, "since when it is not found any more: not read, never emptied"
    ),
    PrimaryKeyConstraint("source"),
    comment="Sources made of the projects that credentials may use",
)
