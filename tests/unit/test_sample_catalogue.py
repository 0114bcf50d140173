"""The made-up catalogue: fields as frequent as recorded, and changes that a second sync finds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.support.fake_api import generation, read_story, workspaces

LAST = 4


def by_id(number: int) -> dict[str, dict[str, Any]]:
    return {image["id"]: image for image in generation(number)}


def settled(image: dict[str, Any]) -> dict[str, Any]:
    """An image without the differences that are not changes."""
    texts = {name: value for name, value in image.items() if value is not None}
    lists = {name: sorted(map(str, value)) for name, value in texts.items() if type(value) is list}
    unknown = {"recommended", "support_multi_node"}
    plain = {**texts, **lists, "arch": image["arch"].lower()}
    plain["workspace_id"] = str(image["workspace_id"])
    return {name: value for name, value in plain.items() if name not in unknown}


def differences(before: int, after: int) -> dict[str, set[str]]:
    """The ids that are new, gone and changed; status DELETED counts as gone."""
    old, new = (
        {key: settled(image) for key, image in by_id(n).items() if image["status"] != "DELETED"}
        for n in (before, after)
    )
    return {
        "new": new.keys() - old.keys(),
        "gone": old.keys() - new.keys(),
        "changed": {key for key in old.keys() & new.keys() if old[key] != new[key]},
    }


def test_fields_are_as_frequent_as_in_the_recorded_answers() -> None:
    images = generation(1)
    counts = Counter(name for image in images for name in image)
    always = "id name swr_path tag type status arch workspace_id dev_services resource_categories"
    assert {counts[name] for name in f"{always} service_type tags".split()} == {len(images)}
    recorded_of_38 = {
        "description": 37,
        "update_at": 28,
        "create_at": 12,
        "namespace": 11,
        "size": 9,
        "visibility": 7,
        "origin": 5,
        "status_message": 2,
    }
    for name, count in recorded_of_38.items():
        assert counts[name] / len(images) == pytest.approx(count / 38, abs=0.04), name


@pytest.mark.parametrize("number", range(1, LAST + 1))
def test_every_generation_is_sound(number: int) -> None:
    images = generation(number)
    known = {each["id"] for each in workspaces()}
    assert len(by_id(number)) == len(images)
    assert {image["type"] for image in images} == {"BUILD_IN", "DEDICATED"}
    assert {str(image["workspace_id"]) for image in images} == known
    for image in images:
        assert image["tag"] == image["swr_path"].rsplit(":", 1)[1]


@pytest.mark.parametrize("number", range(2, LAST + 1))
def test_each_step_names_existing_images(number: int) -> None:
    step = read_story().then[number - 2]
    before = by_id(number - 1).keys()
    assert step.remove <= before
    assert step.change.keys() <= before - step.remove
    assert not {image["id"] for image in step.add} & before


def test_the_first_generation_has_unusual_images() -> None:
    images = generation(1)
    assert any(image["name"].endswith(" ") for image in images)
    assert any(image["workspace_id"] == 0 for image in images)
    assert any(image["status"] == "DELETED" for image in images)
    assert any("recommended" in image for image in images)
    assert any(image["arch"] != image["arch"].lower() for image in images)
    assert max(image.get("size", 0) for image in images) > 2**32


def test_the_second_generation_moves_a_built_in_image_without_touching_its_time() -> None:
    old, new = by_id(1), by_id(2)
    moved = [
        key
        for key in old.keys() & new.keys()
        if old[key]["type"] == "BUILD_IN"
        and old[key]["swr_path"] != new[key]["swr_path"]
        and old[key].get("update_at") == new[key].get("update_at")
    ]
    assert len(moved) == 1


@pytest.mark.parametrize(
    ("after", "counts"),
    [
        (2, {"new": 3, "gone": 1, "changed": 3}),
        (3, {"new": 2, "gone": 1, "changed": 4}),
        (4, {"new": 1, "gone": 2, "changed": 4}),
        (5, {"new": 0, "gone": 0, "changed": 0}),
    ],
)
def test_each_generation_changes_something(after: int, counts: dict[str, int]) -> None:
    found = differences(after - 1, after)
    assert {kind: len(keys) for kind, keys in found.items()} == counts


def test_images_come_back() -> None:
    old = {key: image["status"] for key, image in by_id(1).items()}
    restored = [key for key, status in old.items() if status == "DELETED"]
    assert [by_id(2)[key]["status"] for key in restored] == ["ACTIVE"]
    gone = old.keys() - by_id(2).keys()
    assert gone <= by_id(3).keys()
    assert all(by_id(3)[key] != by_id(1)[key] for key in gone)


def test_lists_are_reversed_and_after_the_last_generation_nothing_changes() -> None:
    assert generation(2)[0]["resource_categories"] == generation(1)[0]["resource_categories"][::-1]
    assert generation(LAST + 3) == generation(LAST + 1)


def test_callers_may_alter_a_generation() -> None:
    generation(1)[0]["name"] = "mine"
    assert generation(1)[0]["name"] != "mine"
