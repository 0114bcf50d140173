"""Runs of the load layer without a network: catalogues go in, tables come out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
from sqlalchemy import Engine, text

from etl.database.engine import open_engine
from etl.database.schema import metadata
from etl.load.baseline import Baseline, read_baseline
from etl.load.changes import ChangeDetector
from etl.load.commit import commit, preview
from etl.load.locks import source_lock
from etl.load.runs import RunStart, begin_run, end_run
from etl.load.transaction import SourceWrite
from etl.model import AbsentImage, Certificate, Decision, Listing, Outcome, Page, WalkFacts
from etl.run import status_and_exit_code
from tests.support.history import Decide, removing

START = datetime(2026, 1, 1, tzinfo=UTC)
LISTING = Listing("BUILD_IN", "0")
Record = dict[str, Any] | bytes


def record(number: int, **fields: Any) -> dict[str, Any]:
    """A record of the API, with the usual fields."""
    usual = {"id": f"id-{number}", "name": f"name {number}", "type": "BUILD_IN", "status": "ACTIVE"}
    return {**usual, "dev_services": ["SSH", "NOTEBOOK"], "create_at": 1638238504492, **fields}


def raw(one: Record) -> msgspec.Raw:
    """A record as the wire has it."""
    return msgspec.Raw(one if isinstance(one, bytes) else json.dumps(one).encode())


def holding_all(absent: list[AbsentImage], deleted: list[AbsentImage]) -> Decision:
    """Removals are held, also those of images that are listed with status DELETED."""
    return Decision(held=removing(absent, deleted).removals, held_rule="max_count")


def found_by_lookup(absent: list[AbsentImage], _deleted: list[AbsentImage]) -> Decision:
    """Absent images are found by a lookup."""
    return Decision(found=tuple(absent))


class Loading:
    """One database, run after run; an hour passes between two."""

    def __init__(self, url: str, *, source: str = "s") -> None:
        self.engine: Engine = open_engine(url)
        self.source = source
        self.hours = 0

    def begin(self, kind: str = "sync") -> int:
        """A run, an hour after the last."""
        self.hours += 1
        start = RunStart(kind=kind, started_at=self.now, version="1", host="here", pid=4711)
        return begin_run(self.engine, start)

    def end(self, run_id: int, *outcomes: Outcome) -> None:
        """The run is over."""
        status, exit_code = status_and_exit_code(outcomes)
        end_run(self.engine, run_id, status=status, exit_code=exit_code, now=self.now)

    @property
    def now(self) -> datetime:
        return START + timedelta(hours=self.hours)

    def run(
        self,
        *listings: Sequence[Record],
        decide: Decide = removing,
        certificate: str = "exact",
        page_rows: int = 7,
        dismissed: Iterable[str] = (),
    ) -> Outcome:
        """One run over listings; each a sequence of records."""
        run_id, ended = self.begin(), []
        try:
            outcome = self._apply(
                run_id,
                listings,
                decide=decide,
                certificate=certificate,
                page_rows=page_rows,
                dismissed=tuple(dismissed),
            )
            ended.append(outcome)
        finally:
            self.end(run_id, *ended)
        return outcome

    def _apply(
        self,
        run_id: int,
        listings: Sequence[Sequence[Record]],
        *,
        decide: Decide,
        certificate: str,
        page_rows: int,
        dismissed: tuple[str, ...],
    ) -> Outcome:
        with source_lock(self.engine, self.source) as connection:
            baseline = read_baseline(connection, self.source)
            changes = read(baseline, listings, page_rows=page_rows)
            is_certified = certificate != "none"
            absent = changes.absent() if is_certified else []
            decision = decide(absent, changes.listed_deleted() if is_certified else [])
            facts = WalkFacts(
                certificate=cast("Certificate", certificate),
                walks=1,
                detail={"pages": 1},
                endpoint="https://api.example",
                project_id="p",
            )
            write = SourceWrite(run_id=run_id, baseline=baseline, observed_at=self.now, facts=facts)
            planned = preview(write, changes, decision)
            outcome = commit(connection, write, changes, decision, dismissed=dismissed)
        assert planned == replace(outcome, entry=None)
        return outcome

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """What a query gives."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def dump(self, *, without: Iterable[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
        """Every table's rows, spelled alike on both databases, in order."""
        with self.engine.connect() as connection:
            return {
                table.name: sorted(map(tuple, connection.execute(table.select())), key=repr)
                for table in metadata.sorted_tables
                if table.name not in without
            }

    def present(self, at: datetime | None = None) -> dict[str, str]:
        """id → name, by folding the versions to an instant."""
        when = at or self.now
        value = (
            when if self.engine.dialect.name == "postgresql" else when.isoformat()[:19] + ".000Z"
        )
        return dict(
            self.rows(
                "select image_id, name from image_versions"
                " where valid_from <= :at and (valid_to is null or valid_to > :at)",
                at=value,
            )
        )


def read(
    baseline: Baseline, listings: Iterable[Sequence[Record]], *, page_rows: int
) -> ChangeDetector:
    """One reading of each listing, page by page."""
    changes = ChangeDetector(baseline)
    for order, records in enumerate(listings):
        for page in pages(records, page_rows=page_rows, order=order):
            changes.add(page)
    return changes


def pages(
    records: Sequence[Record], *, page_rows: int, order: int = 0, reading: int = 0
) -> Iterator[Page]:
    """The pages of one reading of a listing."""
    for number, start in enumerate(range(0, len(records), page_rows)):
        yield Page(
            listing=Listing("BUILD_IN", str(order)),
            order=order,
            reading=reading,
            number=number,
            records=[raw(each) for each in records[start : start + page_rows]],
            total=len(records),
        )
