"""What a source takes in."""

from dataclasses import replace
from typing import Any

import pytest

from etl.decide.removal import Coverage
from etl.model import AbsentImage

ALL = Coverage(types=("BUILD_IN", "DEDICATED"), workspaces=("*",))
IMAGE = AbsentImage(
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
    assert replace(ALL, **coverage).includes(IMAGE) is includes


def test_the_listing_counts_more_than_the_image_s_own_values() -> None:
    image = replace(IMAGE, type="ODD", workspace_id="elsewhere")
    narrow = replace(ALL, workspaces=("0",))
    assert narrow.includes(image)
    assert not narrow.includes(replace(image, listing=None))
    assert narrow.includes(replace(IMAGE, listing=None))


def test_an_image_without_a_name_passes_no_name_filter() -> None:
    assert not replace(ALL, name_filter="x").includes(replace(IMAGE, name=None))
