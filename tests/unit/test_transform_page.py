"""The answer to a list call: a page of records, or a broken answer; never an empty catalogue."""

from __future__ import annotations

import time

import pytest

from etl.errors import SourceBroken
from etl.transform import ListedRow, Unreadable, listed_rows, split_page
from tests.support.normalised import Normalised, normalise


def page(records: bytes) -> bytes:
    return b'{"current":0,"data":[' + records + b'],"pages":1,"size":200,"total":28}'


def test_a_page_keeps_each_record_s_own_bytes() -> None:
    envelope = split_page(page(b'{ "id":"a" }, {"id":"b","x":1.10}'))
    assert [bytes(record) for record in envelope.data] == [b'{ "id":"a" }', b'{"id":"b","x":1.10}']
    assert (envelope.total, envelope.size, envelope.current) == (28, 200, 0)


def test_only_data_and_total_are_required() -> None:
    envelope = split_page(b'{"data":[],"total":0,"size":null,"new":{}}')
    assert (envelope.data, envelope.total) == ([], 0)
    assert (envelope.size, envelope.current) == (None, None)


def test_counts_may_be_written_as_floating_point_numbers() -> None:
    envelope = split_page(b'{"data":[{"id":"a"}],"total":1.5E1,"size":20.0,"current":0}')
    assert (envelope.total, envelope.size, envelope.current) == (15, 20, 0)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", ""),
        (b"<html><body>busy</body></html>", ""),
        (page(b'{"id":"a"}')[:-1], ""),
        (page(b'{"id":"a"}')[:20], ""),
        (b"[]", "object"),
        (b"null", "object"),
        (b'"a"', "object"),
        (b"{}", "data"),
        (b'{"total":3}', "data"),
        (b'{"data":null,"total":3}', "data"),
        (b'{"data":{},"total":3}', "data"),
        (b'{"data":[]}', "total"),
        (b'{"data":[],"total":null}', "total"),
        (b'{"data":[],"total":-1}', "total"),
        (b'{"data":[],"total":"3"}', "total"),
        (b'{"data":[],"total":true}', "total"),
        (b'{"data":[],"total":NaN}', "total"),
        (b'{"data":[],"total":99999999999999999999}', "total"),
        (b'{"data":[],"total":3,"size":"200"}', "size"),
        (b'{"data":[],"total":3,"current":-1}', "current"),
        (b'{"data":[' + b"[" * 100_000, ""),
        (page(b"[" * 1100 + b"]" * 1099), ""),
        (b'{"data":["' + b'\\"' * 100_000, ""),
    ],
)
def test_a_broken_response_names_the_cause(body: bytes, named: str) -> None:
    started = time.process_time()
    with pytest.raises(SourceBroken, match=named or "page") as raised:
        split_page(body)
    assert time.process_time() - started < 2
    assert "not a page of images" in str(raised.value)


@pytest.mark.parametrize(
    "odd",
    [
        rb'{"id":"o","name":"\ud800"}',
        b'{"id":"o","name":"\xff"}',
        b'{"id":"o","unknown":NaN}',
        b'{"id":"o","unknown":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        rb'{"id":"o","name":"a\u0000b"}',
    ],
)
def test_an_odd_record_does_not_affect_its_page(odd: bytes) -> None:
    records = split_page(page(b'{"id":"a"},' + odd + b',{"id":"b"}')).data
    assert [seen.image_id for seen in listed_rows(records)] == ["a", "o", "b"]
    assert all(isinstance(normalise(record), Normalised) for record in records)


def test_a_byte_order_mark_is_accepted() -> None:
    assert split_page(b"\xef\xbb\xbf" + page(b"")).total == 28


def test_nan_rejects_only_its_record() -> None:
    records = split_page(page(b'{"id":"a","size":NaN},{"id":"b"}')).data
    assert [type(normalise(record)) for record in records] == [Unreadable, Normalised]


def test_listed_rows_have_ids_and_creation_times() -> None:
    records = split_page(page(b'{"id":"a","create_at":5},{"id":"b"},{"id":"c","create_at":null}'))
    assert listed_rows(records.data) == [ListedRow("a", 5), ListedRow("b"), ListedRow("c")]
    assert listed_rows([]) == []


def test_a_broken_record_with_an_id_counts_as_seen() -> None:
    records = split_page(page(b'{"id":"a","create_at":"x"},{"id":7},[],{"id":"b"},{"id":" "},null'))
    seen = [sighting.image_id for sighting in listed_rows(records.data)]
    assert seen == ["a", None, None, "b", None, None]
    assert [sighting.created_at for sighting in listed_rows(records.data)] == [None] * 6


def test_a_blank_id_is_no_id() -> None:
    assert listed_rows(split_page(page(b'{"id":" "},{"id":"a"}')).data) == [
        ListedRow(None),
        ListedRow("a"),
    ]


def test_the_last_value_of_a_repeated_key_counts() -> None:
    assert split_page(b'{"data":[1],"total":1,"data":[],"total":0}').data == []


@pytest.mark.parametrize(
    ("listed", "ids"),
    [
        (rb'{"id":"a\u0000"},{"id":"\ud800"}', ["a\ufffd", "\ufffd"]),
        (rb'{"id":"a\u0000"}', ["a\ufffd"]),  # a page that decodes as it is
    ],
)
def test_an_odd_id_is_the_same_for_walk_and_image(listed: bytes, ids: list[str]) -> None:
    records = split_page(page(listed)).data
    images = [normalise(record) for record in records]
    seen = [sighting.image_id for sighting in listed_rows(records)]
    assert seen == ids
    assert [given.image.image_id for given in images if isinstance(given, Normalised)] == seen
