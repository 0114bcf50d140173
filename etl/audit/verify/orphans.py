"""Which rows belong to nothing? To no run or no image; and what the small tables say amiss."""

# ruff: noqa: S608  # the SQL is put together from our own names, never from input

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from etl.audit.verify.findings import Finding, of_row
from etl.load.codec import bound
from etl.load.rejects import RECORD_BYTES, reject_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from etl.audit.verify.runs import Ledger

# table → (how to name a row, its run, its source)
_OF_RUNS: Final = {
    "image_removals": ("image_id", "run_id"),
    "held_removals": ("image_id", "run_id"),
    "held_removals ": ("image_id", "released_run_id"),
    "rejects": ("cast(reject_id as text)", "run_id"),
    "rejects ": ("cast(reject_id as text)", "resolved_run_id"),
    "source_fields": ("field", "run_id"),
}
_OF_IMAGES: Final = {
    "past_versions": "c.image_key = t.image_key",
    "field_changes": "c.image_key = t.image_key",
    "image_removals": "c.source = t.source and c.image_id = t.image_id",
    "held_removals": "c.source = t.source and c.image_id = t.image_id",
}
_CODES: Final[dict[str, Callable[[int | None], bool]]] = {
    "succeeded": lambda code: code == 0,
    "partial": lambda code: code in {3, 22},
    "held": lambda code: code == 30,
    "failed": lambda code: code not in {None, 0, 3, 30},
    "interrupted": lambda code: code is not None and code > 128,
    "running": lambda code: code is None,
    "abandoned": lambda code: code is None,
}
"""Status of a run → whether it can have ended with an exit code."""


def check_strays(connection: Connection) -> Iterator[Finding]:
    """Rows of no run, rows of no image."""
    for table, (row, run) in _OF_RUNS.items():
        statement = f"""
            select t.{run}, t.source, {row.replace("(", "(t.") if "(" in row else f"t.{row}"}
            from {table} as t
            left join source_runs as s on s.run_id = t.{run} and s.source = t.source
            where t.{run} is not null and s.run_id is null
        """
        for run_id, source, name in connection.execute(text(statement)):
            yield of_row(run_id, source, f"{table.strip()} {name}", "no such run of the source")
    for table, condition in _OF_IMAGES.items():
        run = "opened_run_id" if table == "past_versions" else "run_id"
        statement = f"""
            select t.{run} from {table} as t left join current_images as c on {condition}
            where c.image_key is null
        """
        for (run_id,) in connection.execute(text(statement)):
            yield of_row(run_id, "", table, "a row of an image that is not there")


def check_sync_runs(connection: Connection, ledger: Ledger, first: int) -> Iterator[Finding]:
    """How a run ended against how it ended for its sources."""
    statement = text("""
        select r.run_id, r.kind, r.status, r.exit_code, r.started_at, r.finished_at,
            count(s.source) as sources,
            count(case when s.status = 'succeeded' then 1 end) as succeeded,
            count(case when s.status = 'held' then 1 end) as held
        from sync_runs as r
        left join source_runs as s on s.run_id = r.run_id
        where r.run_id >= :first and r.started_at > :pruned_until
        group by r.run_id, r.kind, r.status, r.exit_code, r.started_at, r.finished_at
    """)
    named = {"first": first, "pruned_until": bound(connection, ledger.pruned_until)}
    for run in connection.execute(statement, named):
        for told in _sync_run(run):
            yield of_row(run.run_id, "", "sync_runs", told)
    orphans = (
        "select run_id, source from source_runs where run_id not in (select run_id from sync_runs)"
    )
    for run_id, source in connection.execute(text(orphans)):
        yield of_row(run_id, source, "source_runs", "no such run in sync_runs")


def _sync_run(run: Any) -> Iterator[str]:
    if run.status in {"succeeded", "partial", "held"} and run.kind == "sync" and not run.sources:
        yield f"{run.status}, and no source has a row of it"
    if run.status == "succeeded" and run.succeeded != run.sources:
        yield "succeeded, and not all of its sources have"
    if run.status == "held" and not run.held:
        yield "held, and none of its sources is"
    if run.status not in _CODES or not _CODES[run.status](run.exit_code):
        yield f"{run.status} with exit code {run.exit_code}"
    if run.finished_at is not None and run.finished_at < run.started_at:
        yield "finished before it started"


def check_rejects(connection: Connection, ledger: Ledger) -> Iterator[Finding]:
    """A record against its digest; when it was resolved."""
    statement = """
        select reject_id, run_id, source, rejected_at, resolved_at, resolved_run_id, record,
            record_bytes, record_digest
        from rejects
        order by reject_id
    """
    for row in connection.execute(text(statement)):
        if not ledger.has(row.source):
            continue
        name = f"reject {row.reject_id}"
        if row.resolved_at is not None and (
            row.resolved_at < row.rejected_at or not ledger.is_observed(row.source, row.resolved_at)
        ):
            yield of_row(row.run_id, row.source, name, "resolved_at is no instant of a later run")
        if row.resolved_run_id is None and row.resolved_at is not None:
            yield of_row(row.run_id, row.source, name, "resolved, and no run says it did")
        if _is_otherwise(row):
            yield of_row(row.run_id, row.source, name, "record is not what was received")


def _is_otherwise(row: Any) -> bool:
    """Whether a record that is kept as it was received is not the one of its digest."""
    record = row.record.encode(errors="replace")
    if row.record_bytes > RECORD_BYTES or "�" in row.record:
        return False
    return bool(reject_digest(record) != row.record_digest)
