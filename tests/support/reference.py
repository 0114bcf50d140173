"""What a record must hold, by the documented rules alone: a dictionary, and a rule for each.

Written from the documentation and not from the program: no digest, no staging, no SQL, no order of
statements. `Reference.sync` is told what the API showed to a run and says what the record then is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Finding = Literal["not_found", "deleted", "found", "refused", "failed"]
GONE = {"not_found": "lookup_not_found", "deleted": "lookup_deleted"}


def type_of(listing: str) -> str:
    """The type in the name of a listing."""
    return listing.partition("/")[0]


@dataclass(frozen=True)
class Row:
    """One listed record: its image and values. Without values it cannot be parsed, and `record`
    tells it from others."""

    image_id: str | None
    listing: str
    values: Mapping[str, Any] | None
    is_deleted: bool = False
    record: str = ""


@dataclass(frozen=True)
class Shown:
    """What the API showed to one run; `asked`: whom it was asked for, `lookup`: what it says."""

    rows: tuple[Row, ...]
    is_certified: bool
    empty_listings: frozenset[str]
    asked: frozenset[str]
    lookup: Callable[[str], Finding]


@dataclass(frozen=True)
class Coverage:
    """What the source takes in."""

    types: tuple[str, ...]
    service_type: str = ""

    def takes_in(self, entry: Entry) -> bool:
        wanted = self.service_type in {"", entry.values.get("service_type")}
        return type_of(entry.listing) in self.types and wanted


@dataclass(frozen=True)
class Policy:
    """`[removals]`."""

    evidence: str = "lookup"
    max_lookups: int = 500
    always_allow: int = 5
    max_count: int = 500
    max_percent: float = 10


@dataclass
class Entry:
    """One image: state, last known values, version; `seen_at`: None where nothing is promised."""

    state: str
    values: Mapping[str, Any]
    version: int
    listing: str
    seen_at: datetime | None
    missing_since: datetime | None = None


@dataclass
class Reference:
    """The record of one source.

    `held`: image id → the run that held it first, its evidence. `rejects`: unresolved record → its
    image's id. `nameless`: types whose latest certified listing had records without an id.
    """

    policy: Policy
    entries: dict[str, Entry] = field(default_factory=dict)
    held: dict[str, tuple[int, str]] = field(default_factory=dict)
    rejects: dict[str, str | None] = field(default_factory=dict)
    nameless: set[str] = field(default_factory=set)
    catalogues: list[tuple[datetime, dict[str, Mapping[str, Any]]]] = field(default_factory=list)

    def present(self) -> dict[str, Mapping[str, Any]]:
        """Image id → values: the catalogue now."""
        return {key: each.values for key, each in self.entries.items() if each.state == "present"}

    def missing(self) -> set[str]:
        """Present, absent from a certified walk, and not decided."""
        return {key for key, each in self.entries.items() if each.missing_since}

    def sync(
        self, shown: Shown, coverage: Coverage, *, run_id: int, at: datetime, accepts: bool = False
    ) -> dict[str, Any]:
        """Applies one run that read its source; gives what the run must say of itself."""
        present = set(self.present())
        counts = dict.fromkeys(("added", "changed", "restored", "in_scope", "unchanged"), 0)
        tombs = []
        for row in shown.rows:
            kind = self._listed(row, shown, at)
            if kind == "tomb":
                tombs.append(str(row.image_id))
            elif kind:
                counts[kind] += 1
        new_tombs = self._new_tombs(shown, at)
        seen = {row.image_id for row in shown.rows}
        absent = [key for key in self.entries if key in present and key not in seen]
        outside = [key for key in absent if not coverage.takes_in(self.entries[key])]
        for key in outside:
            self._leave(key, "out_of_scope")
        removals, missing = dict.fromkeys(tombs if shown.is_certified else (), "listed_deleted"), 0
        if shown.is_certified:
            proven, missing = self._absences(
                [key for key in absent if key not in outside], shown, at
            )
            removals |= proven
        is_held = not accepts and self._is_held(removals, shown, present=len(present))
        self._settle(shown, removals, is_held=is_held, seen=seen, tombs=tombs, run_id=run_id, at=at)
        rejected, new_rejects = self._reject(shown)
        self.catalogues.append((at, self.present()))
        partial = "partial" if new_rejects or not shown.is_certified else "succeeded"
        return {
            **counts,
            "added": counts["added"] + new_tombs,
            "removed": new_tombs + (0 if is_held else len(removals)),
            "held": len(removals) if is_held else 0,
            "missing": missing,
            "out_of_scope": len(outside),
            "rejected": rejected,
            "seen": len({key for key in seen if key is not None}),
            "present": len(self.present()),
            "status": "held" if is_held else partial,
        }

    def approve(self, run_id: int, lookup: Callable[[str], Finding], *, at: datetime) -> int:
        """Removes what the run held and is still gone; gives how many."""
        ids = [key for key, (since, _) in self.held.items() if since <= run_id]
        found = {key: lookup(key) for key in ids}
        removed = 0
        for key in ids:
            if found[key] in GONE or (
                found[key] == "refused" and self.held[key][1] == "absent_twice"
            ):
                self._leave(key, "removed")
                removed += 1
            elif found[key] == "found":
                self.entries[key].missing_since = None
                del self.held[key]
        self.catalogues.append((at, self.present()))
        return removed

    def dismiss(self, run_id: int, *, at: datetime) -> None:
        """Drops what the run held."""
        self.held = {key: (since, how) for key, (since, how) in self.held.items() if since > run_id}
        self.catalogues.append((at, self.present()))

    def _reject(self, shown: Shown) -> tuple[int, int]:
        """Keeps what cannot be parsed; gives how many, and how many of them are new."""
        current = {row.record: row.image_id for row in shown.rows if row.values is None}
        new = current.keys() - self.rejects.keys()
        parsed = {row.image_id for row in shown.rows if row.values is not None}
        kept = {
            record: image_id
            for record, image_id in self.rejects.items()
            if not shown.is_certified and image_id not in parsed
        }
        self.rejects = kept | current
        return len(current), len(new)

    def _listed(self, row: Row, shown: Shown, at: datetime) -> str:
        """Takes in one listed record; gives what it came to."""
        entry = self.entries.get(row.image_id or "")
        seen_at = at if shown.is_certified else (entry.seen_at if entry else None)
        if row.is_deleted:
            if entry and entry.state == "present":
                entry.seen_at = None
                return "tomb"
            return ""
        if row.values is None:
            if entry and entry.state == "present":
                entry.seen_at, entry.missing_since = seen_at, None
            return ""
        if entry is None:
            fresh = Entry("present", row.values, 1, row.listing, at)
            self.entries[str(row.image_id)] = fresh
            return "added"
        kinds = {"removed": "restored", "out_of_scope": "in_scope", "present": "changed"}
        kind = kinds[entry.state]
        entry.missing_since = None
        if entry.state == "present" and entry.values == row.values:
            entry.seen_at = seen_at
            return "unchanged"
        entry.state, entry.values, entry.seen_at = "present", row.values, at
        entry.version, entry.listing = entry.version + 1, row.listing
        return kind

    def _new_tombs(self, shown: Shown, at: datetime) -> int:
        """A certified walk lists as DELETED what was never here: on record, and removed."""
        fresh = [row for row in shown.rows if row.is_deleted and row.image_id not in self.entries]
        if not shown.is_certified:
            return 0
        for row in fresh:
            entry = Entry("removed", row.values or {}, 1, row.listing, None)
            self.entries[str(row.image_id)] = entry
        return len(fresh)

    def _absences(
        self, absent: list[str], shown: Shown, at: datetime
    ) -> tuple[dict[str, str], int]:
        """Image id → evidence of what is proven, and how many are missing.

        Whom to ask first is free, so it is taken from what was asked; how many is not.
        """
        found = {key: shown.lookup(key) for key in absent if key in shown.asked}
        if found and set(found.values()) == {"refused"}:
            found = {}  # not permitted at all: two walks decide
        else:
            most = self.policy.max_lookups if self.policy.evidence == "lookup" else 0
            assert shown.asked <= set(absent)
            assert len(shown.asked) == min(most, len(absent))
        proven, missing = {}, 0
        nameless = {type_of(row.listing) for row in shown.rows if row.image_id is None}
        doubtful, self.nameless = nameless | self.nameless, nameless
        for key in absent:
            entry = self.entries[key]
            if found.get(key) == "found":
                entry.missing_since = None
            elif found.get(key) in GONE:
                proven[key] = GONE[found[key]]
            elif (
                key not in found and entry.missing_since and type_of(entry.listing) not in doubtful
            ):
                proven[key] = "absent_twice"
            else:
                missing += 1
                entry.missing_since = entry.missing_since or at
        return proven, missing

    def _is_held(self, removals: Mapping[str, str], shown: Shown, *, present: int) -> bool:
        if any(self.entries[key].listing in shown.empty_listings for key in removals):
            return True
        count, policy = len(removals), self.policy
        too_many = count > policy.max_count or count * 100 > policy.max_percent * present
        return count > policy.always_allow and too_many

    def _settle(
        self,
        shown: Shown,
        removals: Mapping[str, str],
        *,
        is_held: bool,
        seen: set[str | None],
        tombs: Iterable[str],
        run_id: int,
        at: datetime,
    ) -> None:
        """Removes or holds, and lets go of what is held no more."""
        for key, evidence in removals.items():
            if not is_held:
                self._leave(key, "removed")
            elif evidence != "listed_deleted":
                self.entries[key].missing_since = self.entries[key].missing_since or at
        listed = seen - set(tombs)
        before = {key: how for key, how in self.held.items() if key not in listed}
        if shown.is_certified:
            wanted = removals if is_held else {}
            self.held = {key: before.get(key, (run_id, how)) for key, how in wanted.items()}
        else:
            self.held = before

    def _leave(self, key: str, state: str) -> None:
        entry = self.entries[key]
        entry.state, entry.missing_since, entry.seen_at = state, None, None
        self.held.pop(key, None)
