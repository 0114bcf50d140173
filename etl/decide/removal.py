"""Removals: which present images that a certified walk did not see have left the catalogue.

What is proven is a removal; everything else stays present. The guard holds back sets of removals
that are implausibly large, because a lost permission or a broken filter looks like an emptied
catalogue.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from msgspec import json

from etl.clock import instant_text
from etl.model import AbsentImage, Decision, Lookup, Removal


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The types, workspaces and filters of a source; `workspaces` may be `("*",)` for all."""

    types: tuple[str, ...]
    workspaces: tuple[str, ...]
    namespace: str = ""
    name_filter: str = ""
    name_fuzzy: bool = True
    service_type: str = ""

    @property
    def digest(self) -> str:
        """Identifies the coverage; the order of lists in the configuration has no effect."""
        values = (
            sorted(self.types),
            sorted(self.workspaces),
            self.namespace,
            self.name_filter,
            self.name_fuzzy and bool(self.name_filter),
            self.service_type,
        )
        return blake2b(json.encode(values), digest_size=16).hexdigest()

    def includes(self, image: AbsentImage) -> bool:
        """Whether an absent image belongs here, by its listing and its last known values."""
        type_, _, workspace = (image.listing or "").partition("/")
        is_listed = (type_ or image.type) in self.types and (
            self.workspaces == ("*",) or (workspace or image.workspace_id) in self.workspaces
        )
        return is_listed and self._passes_filters(image)

    def _passes_filters(self, image: AbsentImage) -> bool:
        return (
            (not self.namespace or image.namespace == self.namespace)
            and (not self.service_type or image.service_type == self.service_type.upper())
            and (not self.name_filter or self._matches_name(image.name or ""))
        )

    def _matches_name(self, name: str) -> bool:
        wanted = self.name_filter.strip()
        return wanted.casefold() in name.casefold() if self.name_fuzzy else name == wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardPolicy:
    """Limits beyond which a source's removals are held; `accepts_all` overrides them."""

    always_allow: int
    max_count: int
    max_percent: float
    accepts_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Absences:
    """The present images that a run did not see.

    `outside` the coverage; `unread_listing`: their listing was not read, which proves nothing;
    `undecided`: to be proven by lookup or by two walks.
    """

    outside: tuple[AbsentImage, ...] = ()
    unread_listing: tuple[AbsentImage, ...] = ()
    undecided: tuple[AbsentImage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """Facts about the source that the decision depends on.

    `walked_before` are the listings of the previous certified walk, `empty_listings` those that
    returned nothing in this one, and `nameless_listings` those that contained rows without a usable
    id in either: each of these rows may be an absent image. All as `TYPE/WORKSPACE`.
    """

    walked_before: Collection[str] = ()
    empty_listings: Collection[str] = ()
    nameless_listings: Collection[str] = ()
    present_count: int


def classify_absences(
    absent: Collection[AbsentImage], *, coverage: Coverage | None, listings: Collection[str]
) -> Absences:
    """Classify absent images; `listings` are those that were read, as `TYPE/WORKSPACE`.

    `coverage` is None if it is unchanged since the last run: then it includes every image on
    record, while the effect of the API's own filters can only be guessed from an image's values.
    """
    inside = [each for each in absent if coverage is None or coverage.includes(each)]
    inside_keys = {each.image_key for each in inside}
    return Absences(
        outside=tuple(each for each in absent if each.image_key not in inside_keys),
        unread_listing=tuple(each for each in inside if each.listing not in listings),
        undecided=tuple(each for each in inside if each.listing in listings),
    )


def to_look_up(absences: Absences, *, limit: int) -> tuple[AbsentImage, ...]:
    """Select at most `limit` undecided absences to look up: those missing longest come first."""
    return tuple(sorted(absences.undecided, key=_missing_order)[:limit])


def _missing_order(image: AbsentImage) -> tuple[bool, str]:
    return image.missing_since is None, str(image.missing_since)


def decide_removals(
    absences: Absences,
    lookups: Mapping[int, Lookup],
    *,
    listed_deleted: Sequence[Removal],
    state: SourceState,
    policy: GuardPolicy,
    at: datetime,
) -> Decision:
    """Decide what happens to each absent image of a certified walk at the time `at`.

    `lookups` are those of open absences, by image key. The evidence of an image that was not looked
    up is its absence from two certified walks in a row.
    """
    removals, missing, found = [*listed_deleted], [*absences.unread_listing], []
    for image in absences.undecided:
        lookup = lookups.get(image.image_key)
        if lookup is None and _is_absent_twice(image, state):
            removals.append(Removal(image, "absent_twice", _two_walks(image, at)))
        elif lookup is not None and lookup.evidence:
            removals.append(Removal(image, lookup.evidence, lookup.detail))
        elif lookup is not None and lookup.result == "found":
            found.append(image)
        else:
            missing.append(image)
    rule = guard_rule(removals, state=state, policy=policy)
    is_held = bool(rule) and not policy.accepts_all
    return Decision(
        removals=() if is_held else tuple(removals),
        held=tuple(removals) if is_held else (),
        held_rule=rule if is_held else "",
        missing=tuple(missing),
        found=tuple(found),
        out_of_scope=absences.outside,
    )


def guard_rule(removals: Sequence[Removal], *, state: SourceState, policy: GuardPolicy) -> str:
    """Return the rule that a set of removals breaks, or "".

    `empty_listing`: a listing returned nothing although it had present images; `max_count` and
    `max_percent` are the limits of the configuration.
    """
    count = len(removals)
    if any(each.image.listing in state.empty_listings for each in removals):
        return "empty_listing"
    if count <= policy.always_allow:
        return ""
    if count > policy.max_count:
        return "max_count"
    if count * 100 > policy.max_percent * state.present_count:
        return "max_percent"
    return ""


def _is_absent_twice(image: AbsentImage, state: SourceState) -> bool:
    """Whether neither this nor the previous certified walk can have seen the image."""
    was_missing = image.missing_since is not None and image.listing in state.walked_before
    return was_missing and image.listing not in state.nameless_listings


def _two_walks(image: AbsentImage, at: datetime) -> dict[str, Any]:
    since = image.missing_since
    return {
        "walks": 2,
        "missing_since": instant_text(since) if since else "",
        "time": instant_text(at),
    }
