"""Decisions about absent images: the coverage, the evidence and the guard."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from etl.decide.removal import (
    Absences,
    Coverage,
    GuardPolicy,
    SourceState,
    classify_absences,
    decide_removals,
    guard_rule,
    to_look_up,
)
from etl.model import AbsentImage, Decision, Lookup, Removal

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LENIENT = GuardPolicy(always_allow=100, max_count=100, max_percent=100)
POLICY = GuardPolicy(always_allow=5, max_count=500, max_percent=10)
LISTING = "BUILD_IN/0"
ALL = Coverage(types=("BUILD_IN", "DEDICATED"), workspaces=("*",))
TORCH = AbsentImage(
    image_key=1,
    image_id="id-1",
    name="Torch 2",
    listing="BUILD_IN/0",
    type="BUILD_IN",
    workspace_id="0",
    namespace="org",
    service_type="TRAIN",
    missing_since=None,
)


def candidate(key: int, **values: Any) -> AbsentImage:
    usual = AbsentImage(key, f"id-{key}", None, "BUILD_IN/0", "BUILD_IN", "0", None, None, None)
    return replace(usual, **values)


def decide(absences: Absences, lookups: dict[int, Lookup], **how: Any) -> Decision:
    usual: dict[str, Any] = {
        "listed_deleted": [],
        "policy": LENIENT,
        "at": NOW,
    }
    known: dict[str, Any] = {"walked_before": {"BUILD_IN/0"}, "present_count": 100}
    known |= {name: how.pop(name) for name in [*how] if name in SourceState.__slots__}
    return decide_removals(absences, lookups, **{**usual, "state": SourceState(**known), **how})


def open_(*candidates: AbsentImage) -> Absences:
    return Absences(outside=(), unread_listing=(), undecided=candidates)


def test_absences_are_outside_unproven_or_open() -> None:
    outside, vanished, here = candidate(1, listing="DEDICATED/0"), candidate(2), candidate(3)
    vanished = replace(vanished, listing="BUILD_IN/gone")
    coverage = Coverage(types=("BUILD_IN",), workspaces=("*",))
    absences = classify_absences(
        [outside, vanished, here], coverage=coverage, listings={"BUILD_IN/0"}
    )
    assert absences == Absences(outside=(outside,), unread_listing=(vanished,), undecided=(here,))


def test_an_unchanged_coverage_includes_every_image_on_record() -> None:
    """The API's filters may take in what an image's values do not show."""
    odd = candidate(1, type="ODD", namespace="other")
    absences = classify_absences([odd], coverage=None, listings={"BUILD_IN/0"})
    assert absences == open_(odd)


def test_both_of_two_walks_must_have_read_the_listing() -> None:
    """A workspace that had vanished and is back was looked through once."""
    missing = candidate(1, missing_since=NOW - timedelta(hours=1))
    decision = decide(open_(missing), {}, walked_before={"DEDICATED/0"})
    assert (decision.removals, decision.missing) == ((), (missing,))


def test_neither_of_two_walks_may_have_listed_rows_without_id() -> None:
    """Such a row may be the image."""
    missing = candidate(1, missing_since=NOW - timedelta(hours=1))
    decision = decide(open_(missing), {}, nameless_listings={"BUILD_IN/0"})
    assert (decision.removals, decision.missing) == ((), (missing,))
    assert decide(open_(missing), {}, nameless_listings={"DEDICATED/0"}).removals
    found_out = {1: Lookup("not_found", {})}
    assert decide(open_(missing), found_out, nameless_listings={"BUILD_IN/0"}).removals


def test_each_absent_image_is_decided_by_its_lookup() -> None:
    since = NOW - timedelta(hours=1)
    proven, found, undecided = candidate(1), candidate(2, missing_since=since), candidate(3)
    waiting, twice = candidate(4), candidate(5, missing_since=since)
    failing = candidate(6, missing_since=since)
    deleted = candidate(7)
    lookups = {
        1: Lookup("not_found", {"a": 1}),
        2: Lookup("found", {}),
        3: Lookup("refused", {}),
        6: Lookup("failed", {}),
        7: Lookup("deleted", {}),
    }
    decision = decide(open_(proven, found, undecided, waiting, twice, failing, deleted), lookups)
    assert decision.removals == (
        Removal(proven, "lookup_not_found", {"a": 1}),
        Removal(
            twice,
            "absent_twice",
            {
                "walks": 2,
                "missing_since": "2026-01-01T23:00:00.000Z",
                "time": "2026-01-02T00:00:00.000Z",
            },
        ),
        Removal(deleted, "lookup_deleted", {}),
    )
    assert decision.missing == (undecided, waiting, failing)
    assert decision.found == (found,)


def test_images_outside_or_unproven_are_never_removed() -> None:
    since = NOW - timedelta(days=9)
    outside, unproven = candidate(1, missing_since=since), candidate(2, missing_since=since)
    decision = decide(Absences(outside=(outside,), unread_listing=(unproven,), undecided=()), {})
    assert decision == Decision(missing=(unproven,), out_of_scope=(outside,))


@pytest.mark.parametrize("is_listed", [False, True])
def test_the_guard_holds_all_removals_and_nothing_else(is_listed: bool) -> None:
    gone, waiting, outside = candidate(1), candidate(2), candidate(3)
    deleted = [Removal(candidate(4), "listed_deleted", {})] if is_listed else []
    decision = decide(
        Absences(outside=(outside,), unread_listing=(), undecided=(gone, waiting)),
        {1: Lookup("deleted", {})},
        listed_deleted=deleted,
        policy=GuardPolicy(always_allow=0, max_count=0, max_percent=100),
    )
    assert decision.removals == ()
    assert decision.held == (*deleted, Removal(gone, "lookup_deleted", {}))
    assert (decision.held_rule, decision.missing) == ("max_count", (waiting,))
    assert decision.out_of_scope == (outside,)


def test_an_empty_listing_holds_only_if_its_images_are_removed() -> None:
    lookups = {1: Lookup("deleted", {})}
    held = decide(open_(candidate(1)), lookups, empty_listings={"BUILD_IN/0"})
    assert held.held_rule == "empty_listing"
    assert decide(open_(candidate(1)), lookups, empty_listings={"DEDICATED/0"}).removals
    assert decide(open_(candidate(2)), lookups, empty_listings={"BUILD_IN/0"}).held_rule == ""


def test_images_missing_longest_are_looked_up_first() -> None:
    late, early = candidate(1, missing_since=NOW), candidate(2, missing_since=NOW - timedelta(1))
    new = candidate(3)
    absences = open_(new, late, early)
    assert to_look_up(absences, limit=2) == (early, late)
    assert to_look_up(absences, limit=9) == (early, late, new)
    assert to_look_up(absences, limit=0) == ()


def rule(count: int, present: int, policy: GuardPolicy = POLICY, *, empty: str = "") -> str:
    removals = [Removal(candidate(1), "listed_deleted", {})] * count
    state = SourceState(present_count=present, empty_listings={empty})
    return guard_rule(removals, state=state, policy=policy)


@pytest.mark.parametrize(
    ("removals", "present", "expected"),
    [
        (0, 0, ""),
        (1, 1, ""),
        (5, 5, ""),
        (6, 60, ""),
        (6, 59, "max_percent"),
        (6, 6, "max_percent"),
        (500, 5000, ""),
        (500, 4999, "max_percent"),
        (501, 1_000_000, "max_count"),
        (501, 501, "max_count"),
    ],
)
def test_the_guard_at_its_limits(removals: int, present: int, expected: str) -> None:
    assert rule(removals, present) == expected


def test_the_empty_listing_rule_comes_first() -> None:
    for removals in (1, 5, 501):
        assert rule(removals, 10_000, empty=LISTING) == "empty_listing"
    assert rule(0, 10, empty=LISTING) == ""
    assert rule(1, 10, empty="DEDICATED/0") == ""


def test_fractions_of_a_percent_count() -> None:
    policy = GuardPolicy(always_allow=0, max_count=500, max_percent=0.5)
    assert rule(5, 1000, policy) == ""
    assert rule(6, 1000, policy) == "max_percent"


def test_the_order_of_lists_does_not_change_the_digest() -> None:
    turned = replace(ALL, types=("DEDICATED", "BUILD_IN"))
    assert turned.digest == ALL.digest
    some = replace(ALL, workspaces=("0", "a"))
    assert replace(some, workspaces=("a", "0")).digest == some.digest


@pytest.mark.parametrize(
    "change",
    [
        {"types": ("BUILD_IN",)},
        {"workspaces": ("0",)},
        {"namespace": "x"},
        {"name_filter": "x"},
        {"name_filter": "x", "name_fuzzy": False},
        {"service_type": "TRAIN"},
    ],
)
def test_different_coverages_have_different_digests(change: dict[str, Any]) -> None:
    assert replace(ALL, **change).digest != ALL.digest


def test_name_fuzzy_without_name_filter_does_not_change_the_digest() -> None:
    assert replace(ALL, name_fuzzy=False).digest == ALL.digest
    named = replace(ALL, name_filter="x")
    assert replace(named, name_fuzzy=False).digest != named.digest


@pytest.mark.parametrize(
    ("coverage", "includes"),
    [
        ({}, True),
        ({"types": ("DEDICATED",)}, False),
        ({"workspaces": ("0", "b")}, True),
        ({"workspaces": ("b",)}, False),
        ({"namespace": "org"}, True),
        ({"namespace": "Org"}, False),
        ({"service_type": "train"}, True),
        ({"service_type": "DEV"}, False),
        ({"name_filter": "Torch 2", "name_fuzzy": False}, True),
        ({"name_filter": " Torch 2 ", "name_fuzzy": False}, True),
        ({"name_filter": "Torch", "name_fuzzy": False}, False),
        ({"name_filter": " torch"}, True),
        ({"name_filter": "flow"}, False),
    ],
)
def test_the_images_that_a_coverage_includes(coverage: dict[str, Any], includes: bool) -> None:
    assert replace(ALL, **coverage).includes(TORCH) is includes


def test_the_listing_counts_more_than_the_image_s_own_values() -> None:
    image = replace(TORCH, type="ODD", workspace_id="elsewhere")
    narrow = replace(ALL, workspaces=("0",))
    assert narrow.includes(image)
    assert not narrow.includes(replace(image, listing=None))
    assert narrow.includes(replace(TORCH, listing=None))


def test_an_image_without_a_name_passes_no_name_filter() -> None:
    assert not replace(ALL, name_filter="x").includes(replace(TORCH, name=None))
