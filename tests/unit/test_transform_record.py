"""A record becomes an image by the documented rules, or a reject that names the field."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from etl.model import DERIVED, TRACKED, Image, Tag
from etl.transform import (
    DIGEST_BYTES,
    Unreadable,
    image_of_show,
    listed_image_id,
    normalise_all,
    record_digest,
)
from etl.transform.fields import FIELDS, MAX_CACHED, Cached
from tests.support.normalised import Normalised, normalise, one_by_one

FULL: dict[str, Any] = {
    "id": "e1a07296",
    "name": "  rlstudio1.0.0 ",
    "description": " as it is ",
    "type": "build_in",
    "status": " Active",
    "arch": " X86_64",
    "tag": " 1.0 ",
    "namespace": "rl-Dev ",
    "workspace_id": 0,
    "visibility": "public",
    "origin": "customize",
    "service_type": "common",
    "flavor_type": "ascend_snt9",
    "size": 8285974481,
    "swr_path": "swr.example.com:8443/rl-dev/or/cpu:1.0",
    "swr_instance_id": " i ",
    "show_name": " s ",
    "show_tag": " t ",
    "status_message": "",
    "dev_services": ["ssh", "NOTEBOOK", "SSH "],
    "resource_categories": [],
    "tags": [{"key": "b", "value": "1"}, {"key": "a"}, {"key": "b", "value": "1"}],
    "create_at": 0,
    "update_at": 253402300799999,
}


def accepted(record: object) -> Normalised:
    given = normalise(record if isinstance(record, bytes) else json.dumps(record).encode())
    assert isinstance(given, Normalised), given
    return given


def image(**fields: object) -> Image:
    return accepted({"id": "x", **fields}).image


def reason(record: bytes) -> str:
    given = normalise(record)
    assert isinstance(given, Unreadable)
    return given.reason


def test_each_field_by_its_rule() -> None:
    assert accepted(FULL).image == Image(
        image_id="e1a07296",
        name="rlstudio1.0.0",
        description=" as it is ",
        type="BUILD_IN",
        status="ACTIVE",
        arch="x86_64",
        tag="1.0",
        namespace="rl-Dev ",
        workspace_id="0",
        visibility="PUBLIC",
        origin="CUSTOMIZE",
        service_type="COMMON",
        flavor_type="ASCEND_SNT9",
        size=8285974481,
        swr_path="swr.example.com:8443/rl-dev/or/cpu:1.0",
        swr_registry="swr.example.com:8443",
        swr_organization="rl-dev",
        swr_repository="or/cpu",
        swr_tag="1.0",
        swr_instance_id=" i ",
        show_name=" s ",
        show_tag=" t ",
        status_message="",
        dev_services=("NOTEBOOK", "SSH"),
        resource_categories=(),
        tags=(Tag("a", None), Tag("b", "1")),
        created_at=0,
        updated_at=253402300799999,
    )


def test_the_table_has_every_column_in_the_image_s_order() -> None:
    columns = [field.column for field in FIELDS]
    expected = [name for name in Image.__struct_fields__ if name not in DERIVED | {"extra"}]
    assert columns == expected
    assert set(columns) | DERIVED == {"image_id", *TRACKED}


def test_missing_and_null_are_the_same_and_empty_is_kept() -> None:
    assert accepted({"id": "x"}).image == Image("x")
    assert accepted({field.name: None for field in FIELDS} | {"id": "x"}).image == Image("x")
    empty = image(name="", description="", status="", dev_services=[], tags=[])
    assert (empty.name, empty.description, empty.status) == ("", "", "")
    assert (empty.dev_services, empty.tags) == ((), ())


def test_unknown_enum_values_are_kept() -> None:
    given = image(type="shared", status="FROZEN", dev_services=["vscode"])
    assert (given.type, given.status, given.dev_services) == ("SHARED", "FROZEN", ("VSCODE",))


def test_a_missing_and_an_empty_tag_value_differ() -> None:
    tags = [{"key": "a", "value": ""}, {"key": "a", "value": None}, {"key": "a", "value": "z"}]
    assert image(tags=tags).tags == (Tag("a", None), Tag("a", ""), Tag("a", "z"))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (r'"a\u0000b"', "a\ufffdb"),
        (r'"\ud800"', "\ufffd"),
        (r'"\udc00x\uD83D"', "\ufffdx\ufffd"),
        (r'"\ud83d\ude00\ud83d"', "😀\ufffd"),
        (r'"\\u0000 \\ud800 \""', '\\u0000 \\ud800 "'),
        ('"\udcff"', "\ufffd"),
    ],
)
def test_text_that_postgresql_cannot_store_is_replaced(sent: str, kept: str) -> None:
    record = f'{{"id":"x","description":{sent}}}'.encode("utf-8", "surrogateescape")
    assert accepted(record).image.description == kept


def test_a_replaced_id_is_the_same_to_the_walk_and_to_the_database() -> None:
    record = rb'{"id":"a\u0000"}'
    assert accepted(record).image.image_id == "a\ufffd"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ('"create_at":"1632415390765"', "create_at: "),
        ('"create_at":-1', "create_at: "),
        ('"create_at":true', "create_at: "),
        ('"create_at":1.5', "create_at: "),
        ('"create_at":253402300800000', "create_at: "),
        ('"update_at":[]', "update_at: "),
        ('"update_at":' + "9" * 5000, "update_at: "),
        ('"size":9223372036854775808', "size: "),
        ('"size":-1', "size: "),
        ('"size":1e-3', "size: "),
        ('"size":1e300', "size: "),
        ('"size":NaN', "size: "),
        ('"size":-Infinity', "size: "),
        ('"name":NaN', "name: "),
        ('"name":7', "name: "),
        ('"status":false', "status: "),
        ('"workspace_id":true', "workspace_id: "),
        ('"workspace_id":0.1', "workspace_id: "),
        ('"dev_services":"SSH"', "dev_services: "),
        ('"dev_services":[1]', "dev_services[0]: "),
        ('"resource_categories":["CPU",null]', "resource_categories[1]: "),
        ('"tags":[{"value":"v"}]', "tags[0]: "),
        ('"tags":[{"key":"k","value":1}]', "tags[0].value: "),
        ('"tags":[[]]', "tags[0]: "),
        ('"future":1,"size":"big"', "size: "),
    ],
)
def test_an_impossible_value_rejects_the_record_by_the_field_s_name(
    fields: str, expected: str
) -> None:
    given = normalise(f'{{"id":"x",{fields}}}'.encode())
    assert isinstance(given, Unreadable)
    assert given.reason.startswith(expected)
    assert given.image_id == "x"


def test_an_integer_may_be_written_as_a_floating_point_number() -> None:
    """JSON Schema calls 1.5E9 and 123.0 integers."""
    record = b'{"id":"x","size":1.5E9,"create_at":123.0,"workspace_id":0.0,"new":1.50}'
    image_ = accepted(record).image
    assert (image_.size, image_.created_at, image_.workspace_id) == (1_500_000_000, 123, "0")
    assert image_.extra == '{"new":1.50}'


@pytest.mark.parametrize(
    "record",
    [b"{}", b'{"id":null}', b'{"id":7}', b'{"id":""}', b'{"id":" \\t"}', b'{"id":["x"]}'],
)
def test_a_record_without_a_usable_id_is_rejected(record: bytes) -> None:
    given = normalise(record)
    assert isinstance(given, Unreadable)
    assert given.image_id is None
    assert "id" in given.reason
    assert listed_image_id(record) is None


@pytest.mark.parametrize(
    "record", [b"[]", b"7", b"null", b'"x"', b"true", b"1e999", b"", b"{", b"<"]
)
def test_a_record_that_is_not_an_object_is_rejected(record: bytes) -> None:
    assert reason(record)
    assert listed_image_id(record) is None


def test_an_id_has_at_most_512_characters() -> None:
    assert image(id="é" * 512).image_id == "é" * 512
    assert reason(b'{"id":"' + b"i" * 513 + b'"}').startswith("id: ")


def test_reasons_are_bounded() -> None:
    assert len(reason(b'{"id":"x","' + b"k" * 10**6 + b'":1,"size":"' + b"9" * 10**6 + b'"}')) < 200


def test_the_last_value_of_a_repeated_key_counts() -> None:
    assert accepted(b'{"id":"x","name":"a","name":"b","id":"y"}').image == Image("y", name="b")


def test_unknown_fields_are_kept_as_canonical_text_with_numbers_as_sent() -> None:
    record = (
        rb'{"z":{"b":1.10,"a":[1e999,null,-0]},"id":"x","long":' + b"9" * 400 + rb',"a b":"\u00e9"}'
    )
    given = accepted(record)
    assert given.unknown_fields == ("a b", "long", "z")
    assert given.image.extra == (
        '{"a b":"é","long":' + "9" * 400 + ',"z":{"a":["1e999",null,-0],"b":1.10}}'
    )
    assert given.fingerprint == accepted({"id": "x"}).fingerprint


@pytest.mark.parametrize("number", ["1e309", "-1E400", "9" * 4301])
def test_a_number_beyond_any_range_becomes_text(number: str) -> None:
    extra = accepted(f'{{"id":"x","n":[{number}]}}'.encode()).image.extra
    assert msgspec.json.decode(extra) == json.loads(extra) == {"n": [number]}


def test_odd_unknown_fields() -> None:
    given = accepted(rb'{"id":"x","f":"\ud800","\u0000":NaN,"' + b"n" * 300 + b'":"\xff"}')
    assert json.loads(given.image.extra) == {
        "f": "\ufffd",
        "\ufffd": {"number": "NaN"},
        "n" * 200: "\ufffd",
    }
    assert given.unknown_fields == ("f", "n" * 200, "\ufffd")


@pytest.mark.parametrize("depth", [64, 500, 10_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_values_nested_too_deeply_become_null(opening: bytes, closing: bytes, depth: int) -> None:
    nested = opening * depth + b"1" + closing * depth
    given = accepted(b'{"deep":' + nested + b',"id":"x","name":"n"}')
    assert given.image.name == "n"
    assert "null" in given.image.extra
    assert reason(b'{"id":"x","tags":' + nested + b"}").startswith("tags")


def test_wide_values_of_allowed_depth_are_kept() -> None:
    nested = "[" * 63 + "1" + "]" * 63
    given = accepted(f'{{"id":"x","a":{nested},"b":{nested}}}'.encode())
    assert given.image.extra == f'{{"a":{nested},"b":{nested}}}'


def test_long_text_and_long_numbers_are_read_in_bounded_time() -> None:
    text = "x" * 10_000_000
    assert image(description=text).description == text
    assert image(status=text).status == text.upper()
    assert accepted(b'{"id":"x","n":' + b"9" * 1_000_000 + b"}").unknown_fields == ("n",)
    assert image(description='\\"' * 1_000_000 + "\u0000").description is not None


def test_show_image_is_read_without_the_field_that_lists_do_not_have() -> None:
    body = json.dumps(FULL | {"support_res_categories": ["CPU"]}).encode()
    assert image_of_show(body) == accepted(FULL).image
    assert accepted(body).unknown_fields == ("support_res_categories",)
    assert isinstance(image_of_show(b'{"error_code":"ModelArts.6404"}'), Unreadable)


def test_a_record_digest_distinguishes_bytes() -> None:
    record = b'{"id":"x"}'
    assert record_digest(record) == record_digest(Raw(record)) == record_digest(memoryview(record))
    assert len(record_digest(record)) == DIGEST_BYTES
    assert record_digest(record) != record_digest(b'{"id": "x"}')


def test_caches_are_bounded() -> None:
    cached = Cached(lambda value: value)
    for number in range(MAX_CACHED + 10):
        assert cached[str(number)] == str(number)
    assert len(cached) == MAX_CACHED
    long = Cached(len)
    assert long["x" * 65] == 65
    assert long[("x" * 65,)] == 1
    assert long[()] == 0
    assert list(long) == [()]


def test_an_unreadable_record_does_not_affect_others() -> None:
    listed = [b'{"id":"a"}', b'{"id":1}', b'{"id":"b","new":1}', b'{"id":" "}', b'{"id":"c"}']
    given = one_by_one(normalise_all(listed))
    assert [type(each) for each in given] == [
        *(Normalised, Unreadable, Normalised, Unreadable, Normalised)
    ]
    assert given == [normalise(record) for record in listed]
    assert one_by_one(normalise_all([])) == []


def test_records_are_read_together_as_they_are_alone() -> None:
    listed = [b'{"id":"a","name":" n "}', b'{"id":"b","arch":"X86_64"}', b'{"id":" c "}']
    images, unreadable = normalise_all(listed)
    assert not unreadable
    assert one_by_one((images, unreadable)) == [normalise(record) for record in listed]
    assert images.ids == ("a", "b", " c ")
    assert [each.arch for each in images.images()] == [None, "x86_64", None]


def test_two_values_are_not_a_record() -> None:
    assert isinstance(normalise(b'{"id":"a"},{"id":"b"}'), Unreadable)
