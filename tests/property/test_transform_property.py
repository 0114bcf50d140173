"""Whatever arrives, hostile or not: an image or a reason, and spelling makes no other image."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import SourceBroken
from etl.transform import (
    Unreadable,
    builtin_rules,
    fingerprint,
    listed_image_id,
    listed_rows,
    normalise_all,
    split_page,
)
from etl.transform.fields import FIELDS
from tests.support.normalised import Normalised, normalise, one_by_one

NAMES = [field.name for field in FIELDS]
UPPER = ["type", "status", "visibility", "origin", "service_type", "flavor_type", "arch"]
SETS = ["dev_services", "resource_categories"]

texts = st.text(st.characters(codec=None), max_size=20)  # lone surrogates and NUL among them
enums = st.text("aZ_9 ", max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
records = (
    st.dictionaries(st.sampled_from(NAMES) | texts, json_values, max_size=12)
    | st.fixed_dictionaries({"id": texts}, optional=dict.fromkeys(NAMES[1:], json_values))
    | json_values
)
tags = st.fixed_dictionaries({"key": texts}, optional={"value": st.none() | texts})
good_records = st.fixed_dictionaries(
    {"id": st.text(min_size=1, max_size=40).filter(lambda text: not text.isspace())},
    optional={
        **dict.fromkeys(["name", "description", "tag", "swr_path", "namespace"], texts),
        **dict.fromkeys(UPPER, enums),
        **dict.fromkeys(SETS, st.lists(enums, max_size=4)),
        "tags": st.lists(tags, max_size=4),
        "workspace_id": st.integers(0, 9) | texts,
        "size": st.integers(0, 2**63 - 1),
        **dict.fromkeys(["create_at", "update_at"], st.integers(0, 253402300799999)),
    },
)


def encoded(record: object) -> bytes:
    return json.dumps(record).encode()


def held_by_a_database(text: str) -> bool:
    return "\0" not in text and text.encode("utf-8", "replace").decode() == text


def check(record: bytes) -> None:
    given_back = normalise(record)
    if isinstance(given_back, Unreadable):
        assert given_back.reason
        assert len(given_back.reason) < 300
        return
    image = given_back.image
    assert given_back.fingerprint == fingerprint(image)
    assert held_by_a_database(msgspec.json.encode(image).decode())
    assert sorted(json.loads(image.extra)) == list(given_back.unknown_fields)
    found = builtin_rules().components(image)
    assert found == tuple(sorted(set(found), key=str))


@given(records)
def test_hostile_records_give_an_image_or_a_reason(record: Any) -> None:
    check(encoded(record))


@given(st.binary(max_size=200))
def test_hostile_bytes_give_an_image_or_a_reason(record: bytes) -> None:
    check(record)
    listed_image_id(record)


@given(st.lists(good_records | records, max_size=6))
def test_no_record_changes_how_another_is_read(listed: list[Any]) -> None:
    together = [encoded(record) for record in listed]
    assert one_by_one(normalise_all(together)) == [normalise(record) for record in together]


@given(st.lists(records, max_size=4), st.integers(-1, 9) | json_values)
def test_hostile_pages_are_pages_or_broken(listed: list[Any], total: Any) -> None:
    try:
        page = split_page(encoded({"data": listed, "total": total}))
    except SourceBroken:
        assert not isinstance(total, int) or isinstance(total, bool) or not 0 <= total < 2**63
        return
    assert len(page.data) == len(listed)
    for record, sighting in zip(page.data, listed_rows(page.data), strict=True):
        check(bytes(record))
        read = normalise(record)
        known = read.image.image_id if isinstance(read, Normalised) else read.image_id
        assert known == sighting.image_id


@given(st.binary(max_size=200))
def test_hostile_bodies_are_pages_or_broken(body: bytes) -> None:
    with contextlib.suppress(SourceBroken):
        listed_rows(split_page(body).data)


@given(good_records, st.data())
def test_json_spelling_does_not_change_the_image(
    record: dict[str, Any], data: st.DataObject
) -> None:
    other = {key: record[key] for key in data.draw(st.permutations(list(record)))}
    for name in UPPER:
        if name in other:
            other[name] = data.draw(st.sampled_from([str.lower, str.upper, str.title]))(other[name])
    for name in [*SETS, "tags"]:
        if other.get(name):
            doubled = [*other[name], data.draw(st.sampled_from(other[name]))]
            other[name] = data.draw(st.permutations(doubled))
    for name in SETS:
        if name in other:
            other[name] = [value.swapcase() for value in other[name]]
    for name in data.draw(st.sets(st.sampled_from(NAMES))) - set(record):
        other[name] = None
    first, second = normalise(encoded(record)), normalise(encoded(other))
    assert isinstance(first, Normalised)
    assert first == second


@given(good_records)
def test_an_image_sent_back_is_the_same_image(record: dict[str, Any]) -> None:
    first = normalise(encoded(record))
    assert isinstance(first, Normalised)
    sent_back = {
        field.name: msgspec.to_builtins(getattr(first.image, field.column)) for field in FIELDS
    }
    assert normalise(encoded(sent_back)) == first


@given(good_records, st.dictionaries(texts, json_values, max_size=3))
def test_unknown_fields_do_not_change_the_fingerprint(
    record: dict[str, Any], unknown: dict[str, Any]
) -> None:
    unknown = {name: value for name, value in unknown.items() if name not in NAMES}
    first, second = normalise(encoded(record)), normalise(encoded({**unknown, **record}))
    assert isinstance(first, Normalised)
    assert isinstance(second, Normalised)
    assert first.fingerprint == second.fingerprint
