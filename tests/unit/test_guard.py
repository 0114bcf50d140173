"""When removals wait for a person."""

import pytest

from etl.decide.guard import GuardPolicy, holding_rule

POLICY = GuardPolicy(always_allow=5, max_count=500, max_percent=10)


@pytest.mark.parametrize(
    ("removals", "present", "rule"),
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
def test_the_rules_at_their_borders(removals: int, present: int, rule: str) -> None:
    assert holding_rule(removals, present_count=present, has_emptied=False, policy=POLICY) == rule


def test_an_emptied_listing_is_held_before_any_other_rule() -> None:
    for removals in (1, 5, 501):
        rule = holding_rule(removals, present_count=10_000, has_emptied=True, policy=POLICY)
        assert rule == "empty_listing"
    assert holding_rule(0, present_count=10, has_emptied=True, policy=POLICY) == ""


def test_whoever_accepts_removals_gets_them_all() -> None:
    policy = GuardPolicy(always_allow=0, max_count=0, max_percent=0, accepts_all=True)
    assert holding_rule(900, present_count=900, has_emptied=True, policy=policy) == ""


def test_fractions_of_a_percent_count() -> None:
    policy = GuardPolicy(always_allow=0, max_count=500, max_percent=0.5)
    assert holding_rule(5, present_count=1000, has_emptied=False, policy=policy) == ""
    assert holding_rule(6, present_count=1000, has_emptied=False, policy=policy) == "max_percent"
