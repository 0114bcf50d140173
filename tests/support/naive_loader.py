"""The record that a script of runs must produce, computed in plain Python.

No SQL, no loader, nothing of the program: a dictionary of images, and lists of what happened. It is
slow, plain and the other half of every comparison in tests/integration/test_agreement.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.generated import Shown, Step, Truth

Row = dict[str, Any]
EVIDENCE = {"status": 404, "error_code": "ModelArts.6404", "request_id": "r-1"}
COUNTS = (
    *("seen", "added", "changed", "unchanged", "removed", "restored", "in_scope"),
    *("out_of_scope", "held", "missing", "rejected", "present"),
)


def spelled(at: datetime | int | None) -> str | None:
    """An instant as JSON has it: ISO 8601 in UTC, with milliseconds."""
    if isinstance(at, int):
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)
    return at and at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


@dataclass
class Version:
    """One version of an image, with its period of validity."""

    number: int
    truth: Truth
    run_id: int
    valid_from: datetime
    opened_as: str
    valid_to: datetime | None = None
    closed_as: str | None = None
    closed_run_id: int | None = None


@dataclass
class Known:
    """One image that was ever seen."""

    source: str
    image_id: str
    state: str
    seen_at: datetime | None  # by the latest certified walk that saw it
    missing_since: datetime | None = None
    versions: list[Version] = field(default_factory=list)

    @property
    def latest(self) -> Version:
        return self.versions[-1]

    @property
    def key(self) -> tuple[str, str]:
        return self.source, self.image_id

    @property
    def last_seen_at(self) -> datetime:
        seen, changed = self.seen_at, self.latest.valid_from
        return max(seen, changed) if seen else changed

    def has_gone_in(self, run_id: int) -> bool:
        """Whether a run removed it."""
        return self.state == "removed" and self.latest.closed_run_id == run_id

    def at(self, instant: datetime) -> Version | None:
        """The version that was valid then."""
        for each in self.versions:
            if each.valid_from <= instant and (each.valid_to is None or each.valid_to > instant):
                return each
        return None


@dataclass
class Plain:
    """The whole record."""

    images: dict[tuple[str, str], Known] = field(default_factory=dict)
    changes: list[Row] = field(default_factory=list)
    removals: list[Row] = field(default_factory=list)
    held: list[Row] = field(default_factory=list)
    rejects: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    source_runs: list[Row] = field(default_factory=list)
    fields: dict[tuple[str, str], int] = field(default_factory=dict)

    def play(self, script: list[Step], instants: list[datetime]) -> Plain:
        for run_id, (step, at) in enumerate(zip(script, instants, strict=True), 1):
            rows = [
                Turn(self, run_id, at, source).take(shown, kind=step.kind)
                for source, shown in step.shown.items()
            ]
            self.source_runs += rows
            status, code = _conclusion([row["status"] for row in rows])
            run = {"run_id": run_id, "kind": step.kind, "status": status, "exit_code": code}
            self.runs.append({**run, "at": at, "sources": len(rows)})
        return self

    def of(self, source: str, *states: str) -> Iterator[Known]:
        """A source's images in one of the states."""
        for image in self.images.values():
            if image.source == source and image.state in states:
                yield image

    def observed(self, source: str, run_id: int) -> datetime | None:
        """The instant of the source's last run up to one."""
        seen = [
            row["at"]
            for row in self.source_runs
            if row["source"] == source and row["run_id"] <= run_id
        ]
        return max(seen, default=None)


@dataclass
class Turn:
    """What one run does to one source."""

    record: Plain
    run_id: int
    at: datetime
    source: str
    counts: Row = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))

    def take(self, shown: Shown, *, kind: str) -> Row:
        """The run's row for this source."""
        is_certified = kind == "sync" and not shown.is_failing and shown.certificate != "none"
        if kind != "sync":
            self._settle(kind)
        elif not shown.is_failing:
            absent = self._absent(shown) if is_certified else []
            self._see(shown, is_certified=is_certified)
            if is_certified:
                self._miss(absent, shown.way)
            else:
                self._withdraw(shown)
            self._reject(shown, is_certified=is_certified)
        self.counts["present"] = len(list(self.record.of(self.source, "present")))
        status = "succeeded"
        if shown.is_failing:
            status = "failed"
        elif self.counts["held"]:
            status = "held"
        elif kind == "sync" and (not is_certified or self.counts["rejected"]):
            status = "partial"
        certificate = shown.certificate if is_certified else "none"
        row = {"run_id": self.run_id, "source": self.source, "status": status, "at": self.at}
        return {**row, "certificate": certificate, **self.counts}

    def _absent(self, shown: Shown) -> list[Known]:
        seen = {*shown.images, *(image_id for image_id, _ in shown.unreadable.values())}
        present = self.record.of(self.source, "present")
        return [image for image in present if image.image_id not in seen]

    def _see(self, shown: Shown, *, is_certified: bool) -> None:
        for image_id, truth in shown.images.items():
            self.counts["seen"] += 1
            image = self.record.images.get((self.source, image_id))
            for name in truth.extra:
                self.record.fields.setdefault((self.source, name), self.run_id)
            if truth.values["status"] == "DELETED":
                self._see_deleted(image, image_id, truth, is_certified=is_certified)
                continue
            if image is None:
                self._add(image_id, truth)
            elif image.state != "present":
                self._come_back(image, truth)
            else:
                self._compare(image, truth)
            self._saw(self.record.images[self.source, image_id], is_certified=is_certified)

    def _saw(self, image: Known, *, is_certified: bool) -> None:
        image.missing_since = None
        if is_certified:
            image.seen_at = self.at

    def _see_deleted(
        self, image: Known | None, image_id: str, truth: Truth, *, is_certified: bool
    ) -> None:
        if image is None and is_certified:
            listed = {"listing": "BUILD_IN/0", "status": "DELETED", "time": spelled(self.at)}
            image = self._add(image_id, truth)
            self._close(image, "removed", evidence="listed_deleted", detail=listed)
        elif image and image.state == "present" and is_certified:
            self._close(image, "removed", evidence="listed_deleted", detail={})

    def _add(self, image_id: str, truth: Truth) -> Known:
        image = Known(self.source, image_id, "present", None)
        self.record.images[image.key] = image
        self._open(image, truth, "added")
        return image

    def _come_back(self, image: Known, truth: Truth) -> None:
        how = "restored" if image.state == "removed" else "in_scope"
        for removal in self.record.removals if how == "restored" else []:
            if removal["key"] == image.key and removal["restored_at"] is None:
                removal.update(restored_at=self.at, restored_run_id=self.run_id)
        before = image.latest.truth
        image.state = "present"
        self._open(image, truth, how)
        self._tell_fields(image, before, truth)

    def _compare(self, image: Known, truth: Truth) -> None:
        before = image.latest
        if before.truth.values == truth.values:
            self.counts["unchanged"] += 1
            return
        before.valid_to, before.closed_as, before.closed_run_id = self.at, "changed", self.run_id
        self._open(image, truth, "changed")
        self._tell_fields(image, before.truth, truth)

    def _open(self, image: Known, truth: Truth, how: str) -> None:
        number = len(image.versions) + 1
        image.versions.append(Version(number, truth, self.run_id, self.at, how))
        self.counts[how] += 1
        if how != "changed":
            self._tell(image, how)

    def _close(
        self, image: Known, how: str, *, evidence: str = "", detail: Row | None = None
    ) -> None:
        version = image.latest
        if how == "removed":
            is_listed = evidence == "listed_deleted"
            since = image.missing_since
            self.record.removals.append(
                {
                    "key": image.key,
                    "source": image.source,
                    "image_id": image.image_id,
                    "name": version.truth.values["name"],
                    "run_id": self.run_id,
                    "swr_path": version.truth.values["swr_path"],
                    "removed_at": self.at,
                    "version": version.number,
                    "last_seen_at": image.last_seen_at,
                    "missing_since": since if is_listed else since or self.at,
                    "evidence": evidence,
                    "evidence_detail": detail,
                    "restored_at": None,
                    "restored_run_id": None,
                }
            )
        version.valid_to, version.closed_as = self.at, how
        version.closed_run_id, image.state, image.missing_since = self.run_id, how, None
        self.counts[how] += 1
        self._tell(image, how)

    def _miss(self, absent: list[Known], way: str) -> None:
        for image in absent:
            if way == "removed":
                self._close(image, "removed", evidence="lookup_not_found", detail=EVIDENCE)
            elif way == "out_of_scope":
                self._close(image, "out_of_scope")
            else:
                image.missing_since = image.missing_since or self.at
                self.counts[way] += 1
        is_held = {image.key for image in absent} if way == "held" else set()
        for row in self._open_held():
            if row["key"] not in is_held:
                has_gone = self.record.images[row["key"]].has_gone_in(self.run_id)
                self._release(row, "removed" if has_gone else "withdrawn")
        waiting = {row["key"] for row in self._open_held()}
        for key in sorted(is_held - waiting):
            image = self.record.images[key]
            self.record.held.append(
                {
                    "key": key,
                    "source": image.source,
                    "image_id": image.image_id,
                    "name": image.latest.truth.values["name"],
                    "run_id": self.run_id,
                    "held_at": self.at,
                    "rule": "max_percent",
                    "evidence": "lookup_not_found",
                    "evidence_detail": {"status": 404},
                    "released_as": None,
                    "released_at": None,
                    "released_run_id": None,
                }
            )

    def _withdraw(self, shown: Shown) -> None:
        """Images seen again in a walk that is not certified."""
        seen = {*shown.images, *(image_id for image_id, _ in shown.unreadable.values())}
        for row in self._open_held():
            if row["image_id"] in seen:
                self._release(row, "withdrawn")

    def _open_held(self) -> list[Row]:
        return [
            row
            for row in self.record.held
            if row["source"] == self.source and row["released_as"] is None
        ]

    def _release(self, row: Row, how: str) -> None:
        row.update(released_as=how, released_at=self.at, released_run_id=self.run_id)

    def _settle(self, kind: str) -> None:
        for row in self._open_held():
            if kind == "approve":
                image = self.record.images[row["key"]]
                self._close(image, "removed", evidence="lookup_not_found", detail=EVIDENCE)
            self._release(row, "removed" if kind == "approve" else "dismissed")

    def _reject(self, shown: Shown, *, is_certified: bool) -> None:
        for record, (image_id, reason) in shown.unreadable.items():
            self.counts["rejected"] += 1
            self.counts["seen"] += image_id is not None
            image = self.record.images.get((self.source, image_id or ""))
            if image and image.state == "present":
                self._saw(image, is_certified=is_certified)
            if not any(row["record"] == record for row in self._unresolved()):
                self.record.rejects.append(
                    {
                        "source": self.source,
                        "image_id": image_id,
                        "run_id": self.run_id,
                        "reason": reason,
                        "record": record,
                        "rejected_at": self.at,
                        "resolved_at": None,
                        "resolved_run_id": None,
                    }
                )
        for row in self._unresolved():
            is_told = row["image_id"] in shown.images or is_certified
            if is_told and row["record"] not in shown.unreadable:
                row.update(resolved_at=self.at, resolved_run_id=self.run_id)

    def _unresolved(self) -> list[Row]:
        return [
            row
            for row in self.record.rejects
            if row["source"] == self.source and row["resolved_at"] is None
        ]

    def _tell(self, image: Known, kind: str, **field_: Any) -> None:
        nothing = {"field": None, "old_value": None, "new_value": None}
        self.record.changes.append(
            {
                "run_id": self.run_id,
                "at": self.at,
                "source": image.source,
                "image_id": image.image_id,
                "name": image.latest.truth.values["name"],
                "kind": kind,
                "version": image.latest.number,
                **nothing,
                **field_,
            }
        )

    def _tell_fields(self, image: Known, before: Truth, after: Truth) -> None:
        for name, old in before.values.items():
            new = after.values[name]
            if old != new:
                told = {"old_value": json_of(name, old), "new_value": json_of(name, new)}
                self._tell(image, "changed", field=name, **told)


def json_of(column: str, value: Any) -> str:
    told = spelled(value) if column in {"created_at", "updated_at"} else value
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def _conclusion(statuses: list[str]) -> tuple[str, int]:
    if set(statuses) == {"failed"}:
        return "failed", 11
    if "held" in statuses:
        return "held", 30
    return ("succeeded", 0) if set(statuses) == {"succeeded"} else ("partial", 3)
