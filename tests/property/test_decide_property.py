"""Absent images are decided by the documented rules, in any mixture.

The rules are written down here a second time, for one image at a time.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from etl.decide.removal import (
    Coverage,
    GuardPolicy,
    SourceState,
    classify_absences,
    decide_removals,
)
from etl.model import AbsentImage, Decision, Lookup, Removal

EARLIER = datetime(2026, 1, 2, tzinfo=UTC)
WALKED = ("BUILD_IN/0", "DEDICATED/0")
LISTINGS = (*WALKED, "BUILD_IN/gone", "OTHER/0")
PROVEN = {"not_found": "lookup_not_found", "deleted": "lookup_deleted"}
FINDINGS = ("not_found", "deleted", "found", "refused", "failed", "")

Absent = tuple[str, bool, Any]  # listing, whether it was missing before, what its lookup found
absent_images = st.lists(
    st.tuples(st.sampled_from(LISTINGS), st.booleans(), st.sampled_from(FINDINGS)), max_size=8
)
policies = st.builds(
    GuardPolicy,
    always_allow=st.integers(0, 4),
    max_count=st.integers(0, 6),
    max_percent=st.sampled_from([0, 10, 50, 100]),
    accepts_all=st.booleans(),
)


def candidate(key: int, listing: str, *, was_missing: bool = False) -> AbsentImage:
    since = EARLIER if was_missing else None
    return AbsentImage(key, f"id-{key}", None, listing, None, None, None, None, since)


def fate(listing: str, was_missing: bool, finding: str) -> str:
    """What becomes of one absent image, by the documented rules; evidence if it is gone."""
    if listing.startswith("OTHER"):
        return "out_of_scope"
    if listing not in WALKED:
        return "missing"  # unproven: its workspace is not there any more
    if finding in PROVEN:
        return PROVEN[finding]
    if finding == "found":
        return "found"
    if finding in {"refused", "failed"} or not was_missing:
        return "missing"
    return "absent_twice"


def rule_of(gone: int, present: int, policy: GuardPolicy, *, has_emptied: bool) -> str:
    """Which rule holds so many removals, by the comments on the configuration's keys."""
    rules = {
        "empty_listing": has_emptied,
        "max_count": gone > policy.always_allow and gone > policy.max_count,
        "max_percent": gone > policy.always_allow and gone / present > policy.max_percent / 100,
    }
    if gone == 0 or policy.accepts_all:
        return ""
    return next((rule for rule, holds in rules.items() if holds), "")


def decided(
    absent: list[Absent],
    listed_deleted: list[Removal],
    policy: GuardPolicy,
    *,
    present: int,
    empty: Collection[str],
) -> Decision:
    candidates = [
        candidate(key, listing, was_missing=was_missing)
        for key, (listing, was_missing, _) in enumerate(absent)
    ]
    findings = {key: Lookup(finding, {}) for key, (_, _, finding) in enumerate(absent) if finding}
    coverage = Coverage(types=("BUILD_IN", "DEDICATED"), workspaces=("*",))
    return decide_removals(
        classify_absences(candidates, coverage=coverage, listings=WALKED),
        findings,
        listed_deleted=listed_deleted,
        state=SourceState(walked_before=WALKED, empty_listings=empty, present_count=present),
        policy=policy,
        at=EARLIER,
    )


@settings(max_examples=300)
@given(
    absent_images,
    st.lists(st.sampled_from(WALKED), max_size=2),
    policies,
    st.integers(0, 20),
    st.sets(st.sampled_from(WALKED)),
)
def test_each_absent_image_is_decided_by_the_documented_rules(
    absent: list[Absent],
    deleted: list[str],
    policy: GuardPolicy,
    others: int,
    empty: set[str],
) -> None:
    listed = [
        Removal(candidate(100 + n, listing), "listed_deleted", {})
        for n, listing in enumerate(deleted)
    ]
    present = max(len(absent) + len(listed) + others, 1)
    decision = decided(absent, listed, policy, present=present, empty=empty)

    fates = {key: fate(*each) for key, each in enumerate(absent)}
    fates |= {each.image.image_key: "listed_deleted" for each in listed}
    gone = [*decision.removals, *decision.held]
    came = {each.image.image_key: str(each.evidence) for each in gone}
    came |= {each.image_key: "missing" for each in decision.missing}
    came |= {each.image_key: "found" for each in decision.found}
    came |= {each.image_key: "out_of_scope" for each in decision.out_of_scope}
    assert came == fates

    has_emptied = any(each.image.listing in empty for each in gone)
    rule = rule_of(len(gone), present, policy, has_emptied=has_emptied)
    assert decision.held_rule == rule
    assert not (decision.removals if rule else decision.held)
