"""When removals wait for a person."""

import pytest

from etl.decide.removal import GuardPolicy, SourceState, guard_rule
from etl.model import AbsentImage, Removal

POLICY = GuardPolicy(always_allow=5, max_count=500, max_percent=10)
LISTING = "BUILD_IN/0"
IMAGE = AbsentImage(1, "id-1", None, LISTING, "BUILD_IN", "0", None, None, None)


def rule(count: int, present: int, policy: GuardPolicy = POLICY, *, empty: str = "") -> str:
    removals = [Removal(IMAGE, "listed_deleted", {})] * count
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
