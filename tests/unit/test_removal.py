"""What becomes of absent images, and the run's status that follows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from etl.decide.removal import (
    Absences,
    Coverage,
    GuardPolicy,
    SourceState,
    decide_removals,
    sort_absences,
    to_look_up,
)
from etl.model import AbsentImage, Decision, Lookup, Removal

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LENIENT = GuardPolicy(always_allow=100, max_count=100, max_percent=100)


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
    return Absences(outside=(), unproven=(), open=candidates)


def test_absences_are_outside_unproven_or_open() -> None:
    outside, vanished, here = candidate(1, listing="DEDICATED/0"), candidate(2), candidate(3)
    vanished = replace(vanished, listing="BUILD_IN/gone")
    coverage = Coverage(types=("BUILD_IN",), workspaces=("*",))
    absences = sort_absences([outside, vanished, here], coverage=coverage, listings={"BUILD_IN/0"})
    assert absences == Absences(outside=(outside,), unproven=(vanished,), open=(here,))


def test_an_unchanged_coverage_includes_every_image_on_record() -> None:
    """The API's filters may take in what an image's values do not show."""
    odd = candidate(1, type="ODD", namespace="other")
    absences = sort_absences([odd], coverage=None, listings={"BUILD_IN/0"})
    assert absences == open_(odd)


def test_both_of_two_walks_must_have_read_the_listing() -> None:
    """A workspace that had vanished and is back was looked through once."""
    missing = candidate(1, missing_since=NOW - timedelta(hours=1))
    decision = decide(open_(missing), {}, walked_before={"DEDICATED/0"})
    assert (decision.removals, decision.missing) == ((), (missing,))


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
    decision = decide(Absences(outside=(outside,), unproven=(unproven,), open=()), {})
    assert decision == Decision(missing=(unproven,), out_of_scope=(outside,))


@pytest.mark.parametrize("is_listed", [False, True])
def test_the_guard_holds_all_removals_and_nothing_else(is_listed: bool) -> None:
    gone, waiting, outside = candidate(1), candidate(2), candidate(3)
    deleted = [Removal(candidate(4), "listed_deleted", {})] if is_listed else []
    decision = decide(
        Absences(outside=(outside,), unproven=(), open=(gone, waiting)),
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
