"""Prometheus metrics of runs and sources, for node_exporter's textfile collector or a Pushgateway.

`image_sync_last_run_…` describes the run that wrote the metrics, `image_sync_source_…` what the
database contains about each source. If the database cannot be read, the latter keep their values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, get_args

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from etl import __version__
from etl.audit.query import read_rows
from etl.clock import CLOCK_TOLERANCE
from etl.model import State, Status

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl.config import Settings
    from etl.notify.notifier import Result

PREFIX: Final = "image_sync_"
STATUSES: Final = get_args(Status)
STATES: Final = get_args(State)
KINDS: Final = ("added", "changed", "removed", "restored", "in_scope", "out_of_scope")
_SOURCE_LINES: Final = re.compile(rf"^(?:# \w+ )?{PREFIX}source_.*\n", re.M)

# Every family with its help text, in the order of the file. All are gauges that each run sets.
FAMILIES: Final = {
    "last_run_info": "The run that wrote these metrics: its command and the program's version.",
    "last_run_id": "Its number in sync_runs; 0: it has none.",
    "last_run_timestamp_seconds": "When it ended, in Unix time.",
    "last_run_duration_seconds": "How long it took.",
    "last_run_exit_code": "Its exit code.",
    "last_run_locks_held": "Sources that it skipped because another run held their lock.",
    "last_run_source_duration_seconds": "How long it took for a source.",
    "last_run_source_lock_wait_seconds": "How long it waited for another run's lock on a source.",
    "source_last_run_timestamp_seconds": "Last sync; 0: never, or in the future.",
    "source_last_success_timestamp_seconds": "Last successful sync; 0: never, or in the future.",
    "source_last_certified_timestamp_seconds": "Last certified walk; 0: never, or in the future.",
    "source_last_run_status": "1 for the status of the last sync, otherwise 0.",
    "source_last_run_certified": "1 if the walk of the last sync was certified.",
    "source_last_run_changes": "Images that the last sync changed, by kind.",
    "source_last_run_seen": "Distinct images that the last sync saw.",
    "source_last_run_pages": "Pages that the last sync read.",
    "source_last_run_requests": "Requests that the last sync sent.",
    "source_last_run_retries": "Requests that the last sync repeated.",
    "source_last_run_rejected": "Records that the last sync rejected.",
    "source_images": "Images on record, by state.",
    "source_missing": "Present images that were not seen and whose removal is not proved.",
    "source_held": "Removals held by the guard.",
    "source_rejects": "Rejected records that are not resolved.",
}
# Gauges of a source whose value is a column of the queries `status` and `last_sync`.
_COLUMNS: Final = {
    "source_last_run_timestamp_seconds": "observed_at",
    "source_last_success_timestamp_seconds": "succeeded_at",
    "source_last_certified_timestamp_seconds": "certified_at",
    "source_last_run_seen": "seen",
    "source_last_run_pages": "pages",
    "source_last_run_requests": "requests",
    "source_last_run_retries": "retries",
    "source_last_run_rejected": "rejected",
    "source_missing": "missing",
    "source_held": "held",
    "source_rejects": "open_rejects",
}

Sample = tuple[str, dict[str, str], float]
"""A family's name, the labels and the value."""


@dataclass(frozen=True, slots=True)
class SourceRows:
    """A source's rows of the queries `status` and `last_sync`; empty if it has none.

    Both use the same column names, for images by state and for changes of the last sync by kind.
    """

    name: str
    states: Mapping[str, Any] = field(default_factory=dict)
    last_sync: Mapping[str, Any] = field(default_factory=dict)


def read_sources(connection: Connection, settings: Settings) -> list[SourceRows]:
    """The sources that are configured, or discovered and still there."""
    states = _by_source(connection, "status")
    syncs = _by_source(connection, "last_sync")
    discovered = (
        name
        for name, row in states.items()
        if row["discovered_by"] in settings.discover_labels and not row["vanished_at"]
    )
    names = dict.fromkeys([*settings.source_names, *discovered])
    return [SourceRows(name, states.get(name, {}), syncs.get(name, {})) for name in names]


def registry_of(
    result: Result, sources: Sequence[SourceRows] | None, *, labels: Mapping[str, str]
) -> CollectorRegistry:
    """All metrics of a run, each with `labels`; without those of sources if they are None."""
    registry = CollectorRegistry()
    gauges: dict[str, Gauge] = {}
    samples = [*_run_samples(result)]
    for source in sources or ():
        samples += _source_samples(source, result.outcome.finished_at)
    for name, own, value in samples:
        every = {**labels, **own}
        if name not in gauges:
            gauges[name] = Gauge(PREFIX + name, FAMILIES[name], every, registry=registry)
        (gauges[name].labels(**every) if every else gauges[name]).set(value)
    return registry


def text_of(registry: CollectorRegistry, previous: str) -> bytes:
    """The metrics in Prometheus' text format, and those of sources from `previous`."""
    return generate_latest(registry) + "".join(_SOURCE_LINES.findall(previous)).encode()


def _run_samples(result: Result) -> Iterator[Sample]:
    outcome = result.outcome
    seconds = (outcome.finished_at - outcome.started_at).total_seconds()
    yield "last_run_info", {"command": result.command, "version": __version__}, 1
    yield "last_run_id", {}, outcome.run_id or 0
    yield "last_run_timestamp_seconds", {}, outcome.finished_at.timestamp()
    yield "last_run_duration_seconds", {}, seconds
    yield "last_run_exit_code", {}, outcome.exit_code
    yield "last_run_locks_held", {}, sum(each.error_kind == "locked" for each in outcome.sources)
    for each in outcome.sources:
        labels = {"source": each.name}
        yield "last_run_source_duration_seconds", labels, each.duration_seconds
        yield "last_run_source_lock_wait_seconds", labels, each.lock_wait_seconds


def _source_samples(source: SourceRows, now: datetime) -> Iterator[Sample]:
    labels = {"source": source.name}
    sync = source.last_sync
    columns = {**source.states, **sync}
    for family, column in _COLUMNS.items():
        yield family, labels, _number(columns.get(column), now)
    for status in STATUSES:
        is_current = sync.get("status") == status
        yield "source_last_run_status", {**labels, "status": status}, is_current
    yield "source_last_run_certified", labels, sync.get("certificate", "none") != "none"
    for kind in KINDS:
        yield "source_last_run_changes", {**labels, "kind": kind}, sync.get(kind, 0)
    for state in STATES:
        yield "source_images", {**labels, "state": state}, source.states.get(state, 0)


def _by_source(connection: Connection, query: str) -> dict[str, dict[str, Any]]:
    return {row["source"]: row for row in read_rows(connection, query, limit=0).objects()}


def _number(value: datetime | float | None, now: datetime) -> float:
    """A count, or a time in Unix time; 0 for no value.

    A time in the future is 0 too: a clock was wrong, and an alert has to fire.
    """
    if isinstance(value, datetime):
        return value.timestamp() if value <= now + CLOCK_TOLERANCE else 0
    return value or 0
