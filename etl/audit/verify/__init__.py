"""Verification of the record: the log, its checkpoints and all invariants, from the tables alone.

    entries.py      every entry, its events and the tree are recomputed
    checkpoints.py  every checkpoint is a prefix of the log; signatures, timestamps, cosignatures
    invariants.sql  conditions between rows

This module also recomputes derived columns, and compares views, triggers and rules with the
program's (`database/integrity`).

Outside the proof: how the latest runs ended (the next entry contains it), `created_at` of
checkpoints and whether one was deleted (a run that is killed after its commit leaves none, too),
`record_digest`, `discovered_sources`, and personal data that was erased. A record that was cut off
or rebuilt as a whole is consistent in itself: a checkpoint kept elsewhere shows that.
"""

# ruff: noqa: S608  # the SQL is put together from our own names, never from input

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from heapq import nsmallest
from importlib.resources import files
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DataError, DBAPIError, NotSupportedError

from etl.audit.verify.checkpoints import CheckpointReport, Keys, check_checkpoints
from etl.audit.verify.entries import EntryReport, Finding, Selection, check_entries
from etl.database.engine import snapshot
from etl.database.integrity import schema_faults
from etl.errors import RecordInconsistent
from etl.load.attribution import read_actor
from etl.load.sql import image_columns, image_of
from etl.proof.check import Invalid
from etl.transform import ComponentRules, fingerprint

MAX_FINDINGS: Final = 100
_MAX_ROWS: Final = 20  # of one invariant: more of the same say nothing new
_BLOCK: Final = 2_000
_UNREADABLE: Final = (
    *(ValueError, TypeError, AttributeError, OverflowError, LookupError, AssertionError),
    *(msgspec.MsgspecError, Invalid),
)
"""What values raise that the program never writes: a date without a year, a text for a number."""

__all__ = ["Finding", "Keys", "Selection", "Verified", "require_consistent", "verify"]


@dataclass(slots=True)
class Verified:
    """Result of a verification: what was checked, and the first things that do not match."""

    entries: EntryReport = field(default_factory=EntryReport)
    checkpoints: CheckpointReport = field(default_factory=CheckpointReport)
    findings: list[Finding] = field(default_factory=list)
    finding_count: int = 0

    @property
    def is_consistent(self) -> bool:
        """Whether everything matches."""
        return self.finding_count == 0


def verify(
    connection: Connection,
    *,
    selection: Selection = Selection(),  # noqa: B008  # immutable
    keys: Keys = Keys(),  # noqa: B008  # immutable
    notes: Sequence[str] = (),
    component_rules: ComponentRules | None = None,
) -> Verified:
    """Verify the record in one snapshot, or in the transaction that is open.

    `selection`: whose entries are recomputed (the tree and the checkpoints always are). `notes`:
    checkpoints kept elsewhere. `component_rules`: those that `components` are recomputed with.
    """
    result = Verified()
    steps: dict[str, Callable[[], Iterator[Finding]]] = {
        "log_entries": lambda: check_entries(connection, selection, result.entries),
        "checkpoints": lambda: check_checkpoints(
            connection, result.entries, keys, notes, result.checkpoints
        ),
        "schema": lambda: _check_schema(connection),
        "rows": lambda: _check_rows(connection, component_rules),
    }
    with nullcontext() if connection.in_transaction() else snapshot(connection):
        found = [each for table, step in steps.items() for each in _findings(table, step)]
    result.finding_count = len(found)
    result.findings = nsmallest(MAX_FINDINGS, found, key=Finding.sort_key)
    return result


def require_consistent(engine: Engine) -> None:
    """Require that the record is consistent. Raises `RecordInconsistent`."""
    with engine.connect() as connection:
        result = verify(connection)
    if not result.is_consistent:
        raise RecordInconsistent(
            f"the record is inconsistent: {result.findings[0]}",
            hint="`image-sync verify` shows everything that does not match",
        )


def _check_schema(connection: Connection) -> Iterator[Finding]:
    """Views that are not the program's; triggers and rules that change what is written."""
    for fault in schema_faults(connection):
        yield Finding(row=f"{fault.kind} {fault.name}", problem=fault.message)


def _findings(table: str, step: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of a step; a value that the program never writes is one more."""
    try:
        yield from step()
    except _UNREADABLE as error:
        yield Finding(row=table, problem=f"cannot be read: {error}")
    except DBAPIError as error:
        if not _is_unreadable(error):
            raise
        yield Finding(row=table, problem=f"cannot be read: {error.orig}")


def _is_unreadable(error: DBAPIError) -> bool:
    """Whether a database's error is about a value, and not about the database."""
    is_about_text = "Could not decode to UTF-8" in str(error.orig)
    return is_about_text or isinstance(error, DataError | NotSupportedError)


def _check_rows(connection: Connection, rules: ComponentRules | None) -> Iterator[Finding]:
    """Rows against each other: `invariants.sql`, and columns that are computed from others.

    Components only where the source's latest run read by `rules`.
    """
    yield from _check_invariants(connection)
    yield from _check_images(connection, rules)
    yield from _check_actors(connection)


def _of(run_id: Any, source: Any, row: str, problem: str) -> Finding:
    number = run_id if isinstance(run_id, int) else None
    return Finding(source=source and str(source), run_id=number, row=row, problem=problem)


def _check_invariants(connection: Connection) -> Iterator[Finding]:
    for table, problem, statement in _invariants(connection.dialect.name):
        result = connection.execute(text(f"{statement} limit {_MAX_ROWS}"))
        names = [*result.keys()][2:]
        for run_id, source, *key in result:
            named = [f"{name} {value}" for name, value in zip(names, key, strict=True)]
            yield _of(run_id, source, ", ".join([table, *named]), problem)


@cache
def _invariants(dialect: str) -> list[tuple[str, str, str]]:
    """Table, problem and statement of each invariant."""
    from jinja2 import Template

    template = (files("etl.audit.verify") / "invariants.sql").read_text("utf-8")
    sql = Template(template).render()
    if dialect == "sqlite":  # before 3.39 it does not know the standard's spelling
        sql = sql.replace("is distinct from", "is not")
    return re.findall(r"(?m)^-- (\w+): (.+)\n((?:(?!--).*\n?)+)", sql)


def _check_images(connection: Connection, rules: ComponentRules | None) -> Iterator[Finding]:
    comparable = _sources_read_by(connection, rules) if rules else frozenset()
    statement = f"""
        select c.source, c.opened_run_id, c.image_id, c.fingerprint,
            cast(c.components as text), {image_columns(connection, "c")}
        from current_images as c order by c.image_key
    """
    rows = connection.execute(text(statement), execution_options={"yield_per": _BLOCK})
    for source, run_id, image_id, stored, components, *values in rows:
        row = f"current_images, image_id {image_id}"
        try:
            image = image_of(values)
            if bytes(stored) != fingerprint(image):
                yield _of(run_id, source, row, "fingerprint is not that of its values")
            if rules and source in comparable:
                found = msgspec.json.decode(msgspec.json.encode(rules.components(image)))
                if msgspec.json.decode(components) != found:
                    yield _of(run_id, source, row, "components are not those of its values")
        except _UNREADABLE as error:
            yield _of(run_id, source, row, f"cannot be read: {error}")


def _sources_read_by(connection: Connection, rules: ComponentRules) -> frozenset[str]:
    latest = connection.execute(text(_LATEST_RULES), {"rules": rules.digest})
    return frozenset(latest.scalars())


def _check_actors(connection: Connection) -> Iterator[Finding]:
    """Names of those who removed images, against the digests that the log contains."""
    for source, image_id, version, run_id, digest in connection.execute(text(_NAMED)).all():
        opening = read_actor(connection, (source, image_id, version))
        if opening is None or sha256(opening).hexdigest() != digest:
            row = f"image_removals, image_id {image_id}, version {version}"
            yield _of(run_id, source, row, "who removed it is not what was logged")


_LATEST_RULES: Final = """
    select r.source from source_runs as r
    where r.component_rules = :rules and r.entry = (
        select max(entry) from source_runs as l where l.source = r.source
    )
"""
_NAMED: Final = """
    select r.source, r.image_id, r.version, r.attributed_run_id, a.actor_digest
    from image_removals as r
    join removal_attributions as a on a.source = r.source and a.image_id = r.image_id
        and a.version = r.version and a.run_id = r.attributed_run_id
    where r.actor_salt is not null
"""
