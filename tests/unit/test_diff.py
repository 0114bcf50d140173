"""What differs between two versions, told as JSON text."""

from __future__ import annotations

from msgspec.structs import replace

from etl.decide.diff import field_changes
from etl.model import TRACKED, FieldChange, Image, Tag

IMAGE = Image("i", name="n", dev_services=("A",), created_at=0, swr_path="h.x/o/r:1", swr_tag="1")


def test_equal_images_have_no_changes():
    assert field_changes(IMAGE, replace(IMAGE)) == ()


def test_every_tracked_value_is_compared_and_formatted():
    after = replace(
        IMAGE,
        name=None,
        size=2**40,
        dev_services=("A", "é"),
        tags=(Tag("k", None),),
        updated_at=1638238504492,
        created_at=253402300799999,
    )
    assert field_changes(IMAGE, after) == (
        FieldChange("name", '"n"', "null"),
        FieldChange("size", "null", "1099511627776"),
        FieldChange("dev_services", '["A"]', '["A","é"]'),
        FieldChange("tags", "null", '[{"key":"k","value":null}]'),
        FieldChange("created_at", '"1970-01-01T00:00:00.000Z"', '"9999-12-31T23:59:59.999Z"'),
        FieldChange("updated_at", "null", '"2021-11-30T02:15:04.492Z"'),
    )


def test_unknown_fields_alone_are_no_change():
    assert field_changes(IMAGE, replace(IMAGE, extra='{"a":1}')) == ()


def test_a_different_parse_of_the_same_path_is_no_change():
    assert field_changes(IMAGE, replace(IMAGE, swr_tag="one")) == ()
    moved = replace(IMAGE, swr_path="h.x/o/r:2", swr_tag="2")
    assert [change.field for change in field_changes(IMAGE, moved)] == ["swr_path", "swr_tag"]


def test_null_and_empty_are_different():
    empty = replace(IMAGE, name="", dev_services=())
    missing = replace(IMAGE, name=None, dev_services=None)
    assert {change.field for change in field_changes(empty, missing)} == {"name", "dev_services"}
    assert "image_id" not in TRACKED
