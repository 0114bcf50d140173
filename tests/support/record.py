"""A record of made-up runs, written by plain inserts: what readers are tested on."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Engine, insert, select, update

from etl.database import schema
from etl.database.columns import json_text
from etl.model import TRACKED

FIRST = datetime(2026, 11, 2, 8, tzinfo=UTC)  # a Monday
_COUNTS = [
    column.name
    for column in schema.source_runs.c
    if isinstance(column.type, BigInteger) and column.name not in {"run_id", "entry"}
]
_INSTANTS = {"created_at", "updated_at"}


class Record:
    """Runs one after the other, a day apart; each change says which run it belongs to."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.run_id = 0
        self._present: defaultdict[str, int] = defaultdict(int)  # source → images

    def at(self, run_id: int | None = None) -> datetime:
        """The instant of a run."""
        return FIRST + timedelta(days=(run_id or self.run_id) - 1)

    def run(self, source: str = "one", **facts: Any) -> int:
        """A run of a source begins; what follows belongs to it. `facts`: its counts and so on."""
        self.run_id += 1
        status = facts.pop("status", "succeeded")
        row = {
            "run_id": self.run_id,
            "source": source,
            "status": status,
            "observed_at": self.at(),
            "endpoint": "",
            "project_id": "",
            "certificate": "exact",
            **dict.fromkeys(_COUNTS, 0),
            "present": self._present[source],
            "walk_detail": {"doubles": 0},
            **facts,
        }
        with self.engine.begin() as connection:
            connection.execute(
                insert(schema.sync_runs),
                {
                    "run_id": self.run_id,
                    "kind": "sync",
                    "started_at": self.at(),
                    "finished_at": self.at() + timedelta(seconds=2),
                    "status": status,
                    "exit_code": 0,
                    "version": "0",
                    "host": "here",
                    "pid": 1,
                },
            )
            connection.execute(insert(schema.source_runs), row)
        return self.run_id

    def add(self, image_id: str, *, source: str = "one", **values: Any) -> None:
        """The run sees an image for the first time."""
        row = {
            "record_digest": b"",
            "fingerprint": b"",
            "state": "present",
            "source": source,
            "image_id": image_id,
            "version": 1,
            "valid_from": self.at(),
            "opened_run_id": self.run_id,
            "opened_as": "added",
            "first_seen_at": self.at(),
            "components": [],
            "extra": {},
            **values,
        }
        with self.engine.begin() as connection:
            connection.execute(insert(schema.current_images), row)
            self._count(connection, source, "added", present=1)

    def change(self, image_id: str, *, source: str = "one", **values: Any) -> None:
        """The run sees an image with other values."""
        with self.engine.begin() as connection:
            row = self._row(connection, image_id, source)
            self._supersede(connection, row, valid_to=self.at(), run=self.run_id, way="changed")
            self._open(connection, row, values, way="changed")
            self._count(connection, source, "changed")

    def remove(self, image_id: str, *, source: str = "one", **detail: Any) -> None:
        """The run finds an image removed."""
        self._close(image_id, source, way="removed")
        with self.engine.begin() as connection:
            row = self._row(connection, image_id, source)
            connection.execute(
                insert(schema.image_removals),
                {
                    "source": source,
                    "image_id": image_id,
                    "name": row["name"],
                    "swr_path": row["swr_path"],
                    "version": row["version"],
                    "run_id": self.run_id,
                    "removed_at": self.at(),
                    "last_seen_at": self.at(self.run_id - 1 or 1),
                    "missing_since": self.at(),
                    "evidence": "lookup_not_found",
                    "evidence_detail": {"status": 404, **detail},
                },
            )
            self._count(connection, source, "removed", present=-1)

    def leave(self, image_id: str, *, source: str = "one") -> None:
        """The source's coverage no longer takes an image in."""
        self._close(image_id, source, way="out_of_scope")
        with self.engine.begin() as connection:
            self._count(connection, source, "out_of_scope", present=-1)

    def restore(self, image_id: str, *, source: str = "one", **values: Any) -> None:
        """The run sees a removed image again."""
        removals = schema.image_removals
        with self.engine.begin() as connection:
            row = self._row(connection, image_id, source)
            self._supersede(connection, row)
            self._open(connection, row, values, way="restored")
            connection.execute(
                update(removals)
                .where(removals.c.source == source, removals.c.image_id == image_id)
                .where(removals.c.restored_at.is_(None))
                .values(restored_at=self.at(), restored_run_id=self.run_id)
            )
            self._count(connection, source, "restored", present=1)

    def hold(self, image_id: str, *, source: str = "one", name: str | None = None) -> None:
        """The guard holds a removal."""
        row = {
            "source": source,
            "image_id": image_id,
            "run_id": self.run_id,
            "held_at": self.at(),
            "name": name,
            "rule": "max_percent",
            "evidence": "lookup_not_found",
            "evidence_detail": {"status": 404},
        }
        with self.engine.begin() as connection:
            connection.execute(insert(schema.held_removals), row)

    def reject(self, reason: str, record: str = "{}", **values: Any) -> None:
        """The run can't understand a record."""
        row = {
            "run_id": self.run_id,
            "source": "one",
            "page": 0,
            "position": 3,
            "reason": reason,
            "record": record,
            "record_bytes": len(record),
            "record_digest": f"{reason} {record}",
            "rejected_at": self.at(),
            **values,
        }
        with self.engine.begin() as connection:
            connection.execute(insert(schema.rejects), row)

    def _row(self, connection: Connection, image_id: str, source: str) -> dict[str, Any]:
        table = schema.current_images
        chosen = select(table).where(table.c.source == source, table.c.image_id == image_id)
        return dict(connection.execute(chosen).one()._mapping)

    def _close(self, image_id: str, source: str, *, way: str) -> None:
        table = schema.current_images
        with self.engine.begin() as connection:
            connection.execute(
                update(table)
                .where(table.c.source == source, table.c.image_id == image_id)
                .values(state=way, valid_to=self.at(), closed_run_id=self.run_id, closed_as=way)
            )

    def _supersede(
        self,
        connection: Connection,
        row: dict[str, Any],
        *,
        valid_to: datetime | None = None,
        run: int | None = None,
        way: str | None = None,
    ) -> None:
        old = {name: row[name] for name in map(str, schema.past_versions.c.keys())}
        if way:
            old |= {"valid_to": valid_to, "closed_run_id": run, "closed_as": way}
        connection.execute(insert(schema.past_versions), old)

    def _open(
        self, connection: Connection, row: dict[str, Any], values: dict[str, Any], *, way: str
    ) -> None:
        version = row["version"] + 1
        table = schema.current_images
        opened = {
            "state": "present",
            "version": version,
            "valid_from": self.at(),
            "valid_to": None,
            "opened_run_id": self.run_id,
            "opened_as": way,
            "closed_run_id": None,
            "closed_as": None,
        }
        chosen = table.c.image_key == row["image_key"]
        connection.execute(update(table).where(chosen).values(**opened, **values))
        for field in sorted(values.keys() & set(TRACKED) - _INSTANTS):
            change = {
                "image_key": row["image_key"],
                "version": version,
                "field": field,
                "old_value": json_text(row[field]),
                "new_value": json_text(values[field]),
                "run_id": self.run_id,
            }
            connection.execute(insert(schema.field_changes), change)

    def _count(self, connection: Connection, source: str, kind: str, *, present: int = 0) -> None:
        runs = schema.source_runs
        self._present[source] += present
        connection.execute(
            update(runs)
            .where(runs.c.run_id == self.run_id, runs.c.source == source)
            .values({kind: runs.c[kind] + 1, "present": self._present[source]})
        )


def small_record(engine: Engine) -> Record:
    """Six runs of one source, and one of another: of everything that can happen, one."""
    record = Record(engine)
    record.run("one")
    record.add(
        "aa01",
        name="pytorch",
        size=1,
        tag="1.8",
        arch="x86_64",
        type="BUILD_IN",
        swr_path="swr/org/pytorch:1.8",
        dev_services=["NOTEBOOK", "SSH"],
        components=[["python", "3.7"], ["pytorch", "1.8"]],
    )
    record.add("aa02", name="mindspore", size=5, arch="aarch64", type="DEDICATED", description="")
    record.add(
        "bb01",
        name="stays",
        type="DEDICATED",
        workspace_id="0",
        swr_organization="org",
        size=7,
        created_at=FIRST - timedelta(days=400),
    )
    record.run("one")
    record.change("aa01", size=2, dev_services=["NOTEBOOK"])
    record.run("one")
    record.remove("aa02", request_id="r-1")
    record.hold("bb01", name="stays")
    record.reject("id: expected text, not 3", '{"id":3}', image_id=None)
    record.reject("size: expected a whole number", '{"id":"x"}', resolved_at=record.at())
    record.run("one")
    record.change("aa01", size=3)
    record.run("one", certificate="none", status="partial")
    record.restore("aa02", size=6)
    record.run("one")
    record.leave("bb01")
    record.run("two")
    record.add("aa01", source="two", name="pytorch", tag="1.8")
    return record
