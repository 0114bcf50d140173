"""The one commit of a source: everything that a run found, or nothing.

    fence ─ versions ─ removals ─ held ─ rejects ─ source_runs ─ log entry

All network I/O is done before. `preview` computes the same outcome without writing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import Connection, insert

from etl.database.schema import source_runs
from etl.errors import SourceError
from etl.load.log import append_run
from etl.load.rejects import count_rejects, write_rejects, write_source_fields
from etl.load.removals import (
    listed_deleted,
    remove_at_once,
    write_decision,
    write_held,
    write_relisted,
    write_reseen,
)
from etl.load.spool import Change
from etl.load.sql import analyse, is_sqlite
from etl.load.transaction import SourceTransaction, SourceWrite, source_transaction
from etl.load.versions import refresh_components, write_changes
from etl.model import AbsentImage, Decision, Outcome, Removal, Status, WalkFacts

if TYPE_CHECKING:
    from etl.load.changes import ChangeDetector

ANALYSE_FROM: Final = 1000  # new images; fewer do not change how the database plans a query
_CACHE_KIB: Final = 16_384  # SQLite's page cache: ids are in random order


@dataclass(slots=True)
class RunCounts:
    """Numbers of changes, counted while they are written."""

    kinds: Counter[str] = field(default_factory=Counter)
    changed_fields: Counter[str] = field(default_factory=Counter)
    removed_at_once: int = 0
    rejected: int = 0
    newly_rejected: int = 0

    def counted(self, changes: Iterable[Change]) -> Iterator[Change]:
        """Pass the changes on, counted."""
        for change in changes:
            self.kinds[change.kind] += 1
            self.removed_at_once += change.is_removed_at_once
            for each in change.fields:
                self.changed_fields[each.field] += 1
            yield change


def commit(
    connection: Connection,
    write: SourceWrite,
    changes: ChangeDetector,
    decision: Decision,
    *,
    dismissed: Collection[str] = (),
) -> Outcome:
    """Write everything that a run found about a source, in one transaction.

    `dismissed` are ids of held removals to discard.
    Raises `LockHeld` if another run wrote the source since it was read.
    """
    if is_sqlite(connection):
        with connection.begin():
            connection.exec_driver_sql(f"pragma cache_size = -{_CACHE_KIB}")
    with source_transaction(connection, write) as transaction:
        refresh_components(transaction)
        counts = RunCounts()
        applied = changes.changes(is_certified=write.facts.is_certified)
        write_changes(transaction, counts.counted(applied))
        write_relisted(transaction, changes, write.facts.listings)
        write_reseen(transaction, changes.reseen())
        if counts.removed_at_once:
            remove_at_once(transaction)
        write_decision(transaction, decision)
        write_held(transaction, decision, changes, dismissed=dismissed)
        counts.rejected, counts.newly_rejected = write_rejects(transaction, changes)
        write_source_fields(transaction, sorted(changes.unknown_fields))
        outcome = _outcome(write, changes, decision, counts)
        outcome = _write_source_run(transaction, outcome)
    if outcome.added > max(ANALYSE_FROM, write.baseline.previous.present):
        analyse(connection)
    return outcome


@dataclass(frozen=True, slots=True)
class Preview:
    """The outcome of a plan for one source, with the changes that a sync would apply."""

    outcome: Outcome
    decision: Decision
    detector: ChangeDetector

    def changes(self) -> Iterator[Change]:
        """Iterate over the new and changed images."""
        for change in self.detector.changes(is_certified=self.outcome.facts.is_certified):
            if change.kind != "rehashed":
                yield change

    def removals(self) -> Iterator[Removal]:
        """Iterate over the removals, including images first seen with status DELETED."""
        yield from self.decision.removals
        for change in self.changes():
            image = change.image
            if change.is_removed_at_once:
                absent = AbsentImage(
                    image_key=change.image_key,
                    image_id=image.image_id,
                    name=image.name,
                    listing=change.listing,
                    type=image.type,
                    workspace_id=image.workspace_id,
                    namespace=image.namespace,
                    service_type=image.service_type,
                    missing_since=None,
                )
                yield listed_deleted(absent, change.listing, self.outcome.observed_at)


def preview(write: SourceWrite, changes: ChangeDetector, decision: Decision) -> Outcome:
    """Return the outcome that `commit` would have now, without writing anything."""
    counts = RunCounts()
    for _ in counts.counted(changes.changes(is_certified=write.facts.is_certified)):
        pass
    counts.rejected, counts.newly_rejected = count_rejects(changes)
    return _outcome(write, changes, decision, counts)


def record_failure(connection: Connection, write: SourceWrite, error: SourceError) -> Outcome:
    """Write the row of a source that could not be read; nothing else changes."""
    with source_transaction(connection, write) as transaction:
        return _write_source_run(transaction, failed_outcome(write, error))


def failed_outcome(write: SourceWrite, error: SourceError) -> Outcome:
    """Return the outcome of a source that could not be read: its images are unchanged."""
    return Outcome(
        name=write.source,
        status="failed",
        observed_at=write.observed_at,
        facts=write.facts,
        present=write.baseline.previous.present,
        error_kind=error.kind,
        error_message=str(error),
        error_request_id=error.request_id or None,
        error_exit_code=error.exit_code,
    )


def _outcome(
    write: SourceWrite,
    changes: ChangeDetector,
    decision: Decision,
    counts: RunCounts,
) -> Outcome:
    kinds = counts.kinds
    removed = len(decision.removals) + counts.removed_at_once
    arrived = kinds["added"] + kinds["restored"] + kinds["in_scope"]
    out_of_scope = len(decision.out_of_scope)
    present = write.baseline.previous.present
    return Outcome(
        name=write.source,
        status=_status(decision, write.facts, counts),
        observed_at=write.observed_at,
        facts=write.facts,
        seen=changes.seen_count,
        added=kinds["added"],
        changed=kinds["changed"],
        unchanged=changes.parsed_count - kinds["changed"] - len(changes.deleted_keys),
        removed=removed,
        restored=kinds["restored"],
        in_scope=kinds["in_scope"],
        out_of_scope=out_of_scope,
        held=len(decision.held),
        missing=len(decision.missing),
        rejected=counts.rejected,
        newly_rejected=counts.newly_rejected,
        present=present + arrived - removed - out_of_scope,
        held_rule=decision.held_rule,
        changed_fields=dict(sorted(counts.changed_fields.items())),
    )


def _status(decision: Decision, facts: WalkFacts, counts: RunCounts) -> Status:
    if decision.held:
        return "held"
    is_uncertified = facts.walks > 0 and not facts.is_certified
    return "partial" if is_uncertified or counts.newly_rejected else "succeeded"


def _write_source_run(transaction: SourceTransaction, outcome: Outcome) -> Outcome:
    """Write the outcome's row and its log entry, last of all."""
    rules = transaction.rules.digest
    if outcome.status == "failed":  # nothing was read by them
        rules = transaction.previous.component_rules or rules
    known = {
        each.name: getattr(part, each.name)
        for part in (outcome.facts, outcome)
        for each in fields(part)
    }
    row = {column.name: known[column.name] for column in source_runs.c if column.name in known}
    row |= {
        "run_id": transaction.run_id,
        "source": transaction.source,
        "walk_detail": msgspec.to_builtins(outcome.facts.detail),
        "component_rules": rules,
    }
    transaction.execute(insert(source_runs).values(**row))
    entry = append_run(
        transaction.connection,
        source=transaction.source,
        run_id=transaction.run_id,
        added=transaction.added_hashes,
    )
    return replace(outcome, entry=entry)
