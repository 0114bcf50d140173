"""Are there too many removals at once to be believed?

A lost permission or a broken filter looks like a catalogue that was emptied: so a large set waits
for a person.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardPolicy:
    """When a source's removals are held; `accepts_all` lets this run's through."""

    always_allow: int
    max_count: int
    max_percent: float
    accepts_all: bool = False


def holding_rule(
    removals: int, *, present_count: int, has_emptied: bool, policy: GuardPolicy
) -> str:
    """The rule that holds the set, or "": `empty_listing`, `max_count` or `max_percent`.

    `has_emptied`: some of the images are of a listing that came back empty.
    """
    if not removals or policy.accepts_all:
        return ""
    if has_emptied:
        return "empty_listing"
    if removals <= policy.always_allow:
        return ""
    if removals > policy.max_count:
        return "max_count"
    if removals * 100 > policy.max_percent * present_count:
        return "max_percent"
    return ""
