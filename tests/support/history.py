"""Histories written by the real loader, without a network: each run is given its records."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Raw, json
from sqlalchemy import Engine, func, select, text

from etl.database.schema import sync_runs
from etl.errors import SourceUnavailable
from etl.load.baseline import read_baseline
from etl.load.changes import ChangeDetector
from etl.load.commit import commit, record_failure
from etl.load.locks import source_lock
from etl.load.runs import RunStart, begin_run, end_run
from etl.load.transaction import SourceWrite
from etl.model import AbsentImage, Decision, Listing, Outcome, Page, Removal, WalkFacts
from etl.run import status_and_exit_code
from etl.transform import builtin_rules

LISTING = Listing("BUILD_IN", "0")
BEGINNING = datetime(2026, 9, 1, 6, 0, tzinfo=UTC)
Decide = Callable[[list[AbsentImage], list[AbsentImage]], Decision]


def record(image_id: str, **fields: Any) -> dict[str, Any]:
    """A record as the API sends it."""
    return {"id": image_id, "name": f"image-{image_id}", "type": "BUILD_IN", **fields}


def three_runs(engine: Engine) -> None:
    """One source; the second run removes an image."""
    history = History(engine)
    history.run([record("a"), record("b")])
    history.run([record("a", size=1)])
    history.run([record("a", size=2)])


def removing(absent: list[AbsentImage], deleted: list[AbsentImage]) -> Decision:
    """Absent images are removed, with evidence."""
    detail = {"status": 404, "error_code": "ModelArts.6404", "request_id": "r-1"}
    return Decision(
        removals=(
            *(Removal(each, "listed_deleted", {}) for each in deleted),
            *(Removal(each, "lookup_not_found", detail) for each in absent),
        )
    )


def holding(absent: list[AbsentImage], _deleted: list[AbsentImage]) -> Decision:
    """Removals of absent images are held."""
    held = tuple(Removal(each, "lookup_not_found", {"status": 404}) for each in absent)
    return Decision(held=held, held_rule="max_percent" if held else "")


def missing(absent: list[AbsentImage], _deleted: list[AbsentImage]) -> Decision:
    """Absent images are missing."""
    return Decision(missing=tuple(absent))


def out_of_scope(absent: list[AbsentImage], _deleted: list[AbsentImage]) -> Decision:
    """Absent images are out of scope."""
    return Decision(out_of_scope=tuple(absent))


@dataclass(frozen=True)
class Reading:
    """What a source showed to a run, and what becomes of the images that it did not show."""

    records: Iterable[Mapping[str, Any] | bytes] = ()
    decide: Decide = removing
    certificate: str = "exact"
    is_failing: bool = False


def _raw(each: Mapping[str, Any] | bytes) -> Raw:
    return Raw(each if isinstance(each, bytes) else json.encode(each))


class History:
    """Runs, one after the other, an hour apart."""

    def __init__(self, engine: Engine, *, at: datetime = BEGINNING) -> None:
        self.engine = engine
        self.at = at
        self.rules = builtin_rules()

    @classmethod
    def resumed(cls, engine: Engine) -> History:
        """After the last run of a record that `History` wrote."""
        with engine.connect() as connection:
            return cls(engine, at=connection.scalar(select(func.max(sync_runs.c.started_at))))

    def run(
        self, records: Iterable[Mapping[str, Any] | bytes], *, source: str = "sample", **how: Any
    ) -> Outcome:
        """One run that was shown `records`; `how`: as `Reading` has it."""
        return self.run_all({source: Reading(records, **how)})[source]

    def run_all(
        self, readings: Mapping[str, Reading], *, meanwhile: Callable[[], object] | None = None
    ) -> dict[str, Outcome]:
        """One run that read several sources; `meanwhile`: what others did after it had begun."""
        run_id = self._begin("sync")
        if meanwhile:
            meanwhile()
            self.at += timedelta(minutes=1)
        outcomes = {
            source: self._read(run_id, source, reading) for source, reading in readings.items()
        }
        self._end(run_id, list(outcomes.values()))
        return outcomes

    def settle(self, source: str, *, kind: str) -> Outcome:
        """A run of `approve` or `dismiss`, over all that the guard holds of a source."""
        run_id = self._begin(kind)
        with source_lock(self.engine, source) as connection:
            with connection.begin():
                held = list(connection.scalars(text(_HELD), {"source": source}))
            baseline = read_baseline(connection, source)
            images = baseline.absent_images_by_id(held)
            is_approved = kind == "approve"
            outcome = commit(
                connection,
                SourceWrite(run_id=run_id, baseline=baseline, observed_at=self.observed_at),
                ChangeDetector(baseline),
                removing(images, []) if is_approved else Decision(),
                dismissed=() if is_approved else held,
            )
        self._end(run_id, [outcome])
        return outcome

    @property
    def observed_at(self) -> datetime:
        """`observed_at` of the latest run."""
        return self.at + timedelta(seconds=2)

    def _begin(self, kind: str) -> int:
        self.at += timedelta(hours=1)
        start = RunStart(kind=kind, started_at=self.at, version="1.0.0", host="test", pid=1)
        return begin_run(self.engine, start)

    def _end(self, run_id: int, outcomes: list[Outcome]) -> None:
        status, exit_code = status_and_exit_code(outcomes)
        now = self.at + timedelta(seconds=3)
        end_run(self.engine, run_id, status=status, exit_code=exit_code, now=now)

    def _read(self, run_id: int, source: str, reading: Reading) -> Outcome:
        certificate = "none" if reading.is_failing else reading.certificate
        facts = WalkFacts(certificate=certificate, walks=1, pages=1)  # type: ignore[arg-type]
        with source_lock(self.engine, source) as connection:
            baseline = read_baseline(connection, source)
            write = SourceWrite(
                run_id=run_id,
                baseline=baseline,
                observed_at=self.observed_at,
                facts=facts,
                rules=self.rules,
            )
            if reading.is_failing:
                error = SourceUnavailable("GET /v1/images: timed out", request_id="r-2")
                return record_failure(connection, write, error)
            changes = ChangeDetector(baseline)
            raw = [_raw(each) for each in reading.records]
            changes.add(Page(LISTING, 0, 0, 0, raw, len(raw)))
            is_certified = certificate != "none"
            absent = changes.absent() if is_certified else []
            deleted = changes.listed_deleted() if is_certified else []
            return commit(connection, write, changes, reading.decide(absent, deleted))


_HELD = "select image_id from held_removals where source = :source and released_at is null"


HOSTILE = (
    "<script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 1'>",
    "\u202egnp.exe \u2066\u200f",
    "=cmd|' /C calc'!A0",
    "\x1b[31mred\x07\x9b",
    "]]></style></script>{{ 7 * 7 }}",
    "很长的名字" * 900,
    "\ufeff\u200b",
    '"\' onmouseover="window.pwned = 1',
)


def varied(engine: Engine, *, runs: int = 12, images: int = 12, seed: int = 1) -> History:
    """A history with every kind of change, removal, reject and outcome."""
    choose = random.Random(seed)  # the same history every time
    history = History(engine)
    live = {f"{number:032x}": _values(choose) for number in range(images)}
    gone: dict[str, dict[str, Any]] = {}
    ways = [removing, removing, missing, holding, out_of_scope]
    for number in range(runs):
        if number:
            _mutate(choose, live, gone, number)
        shown: list[Any] = [record(each, **values) for each, values in live.items()]
        if number % 4 == 2:
            shown += [b'{"id": "bad-%d", "size": "big"}' % number, b'{"id": 7}']
        history.run(
            shown,
            decide=ways[number % len(ways)],
            certificate="none" if number % 7 == 6 else "exact",
        )
        if number % 5 == 3:
            history.run([], is_failing=True)
    return history


def _mutate(
    choose: random.Random,
    live: dict[str, dict[str, Any]],
    gone: dict[str, dict[str, Any]],
    number: int,
) -> None:
    for image_id in choose.sample(sorted(live), min(3, len(live))):
        live[image_id] = {**live[image_id], **_values(choose)}
    for image_id in choose.sample(sorted(live), min(2, len(live))):
        gone[image_id] = live.pop(image_id)
    for image_id in choose.sample(sorted(gone), min(1, len(gone))):
        live[image_id] = gone.pop(image_id)
    live[f"{number:08x}{choose.getrandbits(96):024x}"] = _values(choose)
    if number == 3:
        live["d" * 32] = {**_values(choose), "status": "DELETED"}


def _values(choose: random.Random) -> dict[str, Any]:
    system = choose.choice(["ubuntu_18.04", "ubuntu_20.04", "ubuntu_22.04", "euleros_2.10.11"])
    version = choose.choice(["1.8.1", "2.1.0"])
    return {
        "name": f"pytorch_{version}-cuda_11.7-py_3.7-{system}-x86_64",
        "tag": version,
        "status": choose.choice(["ACTIVE", "ACTIVE", "ERROR"]),
        "arch": choose.choice(["x86_64", "aarch64", None]),
        "size": choose.randrange(2**34),
        "swr_path": f"swr.example.com/atelier/pytorch:{version}-{choose.randrange(9)}",
        "dev_services": choose.sample(["NOTEBOOK", "SSH"], choose.randrange(3)),
        "tags": [{"key": "team", "value": choose.choice(["a", ""])}],
        "create_at": 1_638_238_504_492 + choose.randrange(10**9),
    }
