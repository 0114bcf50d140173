"""The list call of the fake API without a socket: windows, filters, order and counts."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest

from tests.support.fake_api import OMITTED, ApiError, Quirks
from tests.support.fake_api.listing import Catalogue, find_window, list_page


def ids(images: list[Any], quirks: Quirks | None = None, **query: Any) -> list[str]:
    page = msgspec.json.decode(list_page(Catalogue(images), query, quirks or Quirks()))
    return [image["id"] for image in page["data"]]


def page_of(count: int, quirks: Quirks, **query: str) -> dict[str, Any]:
    images = [{"id": str(number)} for number in range(count)]
    page: dict[str, Any] = msgspec.json.decode(list_page(Catalogue(images), query, quirks))
    return page


@pytest.mark.parametrize(
    ("quirks", "offset", "shown"),
    [
        (Quirks(), 0, (0, 10, 0)),
        (Quirks(), 10, (10, 20, 1)),
        (Quirks(), 15, (10, 20, 1)),
        (Quirks(), 20, (20, 25, 2)),
        (Quirks(first_page=1), 20, (20, 25, 3)),
        (Quirks(offset="records"), 15, (15, 25, 1)),
        (Quirks(offset="records", first_page=1), 0, (0, 10, 1)),
        (Quirks(offset="page_number"), 2, (20, 25, 2)),
        (Quirks(offset="page_number", first_page=1), 1, (0, 10, 1)),
        (Quirks(offset="page_number", first_page=1), 3, (20, 25, 3)),
        (Quirks(offset="page_number", first_page=1, before_first="first"), 0, (0, 10, 1)),
        (Quirks(past_the_end="empty"), 40, (25, 25, 4)),
        (Quirks(past_the_end="repeat"), 40, (20, 25, 2)),
    ],
)
def test_window_follows_the_meaning_of_offset(
    quirks: Quirks, offset: int, shown: tuple[int, int, int]
) -> None:
    window = find_window({"limit": "10", "offset": str(offset)}, quirks, 25)
    assert (window.start, window.end, window.current) == shown
    assert window.size == 10


@pytest.mark.parametrize("first_page", [0, 1])
def test_without_an_offset_the_first_page_is_shown(first_page: Any) -> None:
    window = find_window({}, Quirks(offset="page_number", first_page=first_page), 500)
    assert (window.start, window.end, window.size, window.current) == (0, 200, 200, first_page)


@pytest.mark.parametrize(
    ("quirks", "count", "offset", "words"),
    [
        (Quirks(), 33, 233, "fromIndex(200) > toIndex(33)"),
        (Quirks(offset="records"), 33, 233, "fromIndex(233) > toIndex(33)"),
        (Quirks(past_the_end="strict"), 200, 200, "fromIndex(200) > toIndex(200)"),
        (Quirks(offset="page_number", first_page=1), 33, 0, "fromIndex(-200) > toIndex(0)"),
    ],
)
def test_past_the_end_is_the_recorded_error(
    quirks: Quirks, count: int, offset: int, words: str
) -> None:
    with pytest.raises(ApiError) as refused:
        find_window({"limit": "200", "offset": str(offset)}, quirks, count)
    assert (refused.value.status, refused.value.code) == (400, "ModelArts.6400")
    assert refused.value.message == words


@pytest.mark.parametrize("past_the_end", ["error", "strict", "empty", "repeat"])
def test_an_empty_catalogue_has_an_empty_first_page(past_the_end: Any) -> None:
    page = page_of(0, Quirks(past_the_end=past_the_end))
    assert page == {"current": 0, "data": [], "pages": 0, "size": 200, "total": 0}


def test_right_at_the_end_is_an_empty_page() -> None:
    assert page_of(200, Quirks(), limit="200", offset="200")["data"] == []


def test_a_cap_is_shown_in_size_and_changes_the_page_of_an_offset() -> None:
    page = page_of(50, Quirks(limit_cap=10), limit="20", offset="20")
    assert (page["size"], page["current"], page["pages"]) == (10, 2, 5)
    assert page["data"][0] == {"id": "20"}
    assert page_of(50, Quirks(limit_cap=10), limit="5")["size"] == 5


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "-1"}, {"offset": "-1"}, {"offset": "x"}]
)
def test_impossible_numbers_are_rejected(query: dict[str, str]) -> None:
    with pytest.raises(ApiError, match="0104"):
        find_window(query, Quirks(), 5)


@pytest.mark.parametrize(
    ("total", "said", "pages"),
    [
        (int, 19, 2),
        (lambda true: true + 9, 28, 3),
        (lambda _: None, None, 2),
        (lambda _: "19", "19", 2),
        (lambda _: -1, -1, 2),
        (lambda _: True, True, 2),
    ],
)
def test_total_is_what_the_quirk_returns(total: Any, said: object, pages: int) -> None:
    page = page_of(19, Quirks(total=total), limit="10")
    assert page["total"] is said or page["total"] == said
    assert page["pages"] == pages
    assert len(page["data"]) == 10


def test_total_can_be_omitted() -> None:
    assert "total" not in page_of(1, Quirks(total=lambda _: OMITTED))


IMAGES = [
    {"id": "a", "name": "Speech train", "type": "BUILD_IN", "service_type": "TRAIN"},
    {"id": "b", "name": "train", "type": "DEDICATED", "namespace": "team", "workspace_id": 0},
    {"id": "c", "name": "other", "type": " dedicated", "swr_path": "host/team/c:1"},
    {"id": "d", "workspace_id": "abc", "swr_path": "host"},
]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["a", "b", "c"]),
        ({"type": "BUILD_IN"}, ["a"]),
        ({"type": "DEDICATED"}, ["b", "c"]),
        ({"workspace_id": "abc"}, ["d"]),
        ({"workspace_id": "abc", "type": "BUILD_IN"}, ["d"]),
        ({"name": "TRAIN"}, ["a", "b"]),
        ({"name": "train", "name_fuzzy_match": "false"}, ["b"]),
        ({"name": "train", "name_fuzzy_match": "true"}, ["a", "b"]),
        ({"namespace": "team"}, ["b", "c"]),
        ({"namespace": "tea"}, []),
        ({"service_type": "TRAIN"}, ["a"]),
    ],
)
def test_filters(query: dict[str, Any], found: list[str]) -> None:
    assert ids(IMAGES, **query) == found


def test_a_type_can_be_the_default() -> None:
    assert ids(IMAGES, Quirks(default_type="BUILD_IN")) == ["a"]
    assert ids(IMAGES, Quirks(default_type="BUILD_IN"), type="DEDICATED") == ["b", "c"]


def test_unlisted_images_are_in_no_list() -> None:
    catalogue = Catalogue(IMAGES)
    assert len(catalogue.select({}, Quirks(unlisted={"b"}))) == 2
    assert len(catalogue.select({}, Quirks())) == 3
    assert catalogue.by_id["b"]["name"] == "train"


TIMED = [
    {"id": "a", "update_at": 2, "create_at": 9},
    {"id": "b"},
    {"id": "c", "update_at": 3, "create_at": 8},
    {"id": "d", "update_at": 2, "create_at": 7},
]


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ({}, "abcd"),
        ({"sort_key": "updateTime"}, "cadb"),
        ({"sort_key": "updateTime", "sort_dir": "DESC"}, "cadb"),
        ({"sort_key": "updateTime", "sort_dir": "ASC"}, "badc"),
        ({"sort_key": "createTime", "sort_dir": "ASC"}, "bdca"),
        ({"sort_key": "updateTime,createTime", "sort_dir": "ASC"}, "bdac"),
    ],
)
def test_order(query: dict[str, Any], order: str) -> None:
    assert "".join(ids(TIMED, **query)) == order


def test_an_unsupported_sort_key_is_rejected_or_ignored() -> None:
    with pytest.raises(ApiError, match="6303"):
        ids(TIMED, sort_key="name")
    assert ids(TIMED, Quirks(unsupported_sort="ignored"), sort_key="name") == list("abcd")
    assert ids(TIMED, Quirks(sort_keys={"id"}), sort_key="id") == list("dcba")


def test_values_of_any_type_can_be_sorted() -> None:
    values = {"a": "x", "b": 1, "c": None, "d": []}
    images = [{"id": name, "update_at": value} for name, value in values.items()]
    assert ids(images, sort_key="updateTime") == ["a", "b", "c", "d"]


def test_ties_are_shuffled_and_sorted_values_are_not() -> None:
    images = [{"id": str(number), "update_at": number // 10} for number in range(100)]
    catalogue = Catalogue(images)
    query = {"sort_key": "updateTime", "sort_dir": "ASC"}

    def shuffled(seed: int) -> list[int]:
        return catalogue.arrange(query, Quirks(), ties=Random(seed))

    first, second = shuffled(1), shuffled(2)
    assert first != second
    assert first == shuffled(1)
    for rows in (first, second):
        assert [row // 10 for row in rows] == [number // 10 for number in range(100)]


def test_records_are_sent_as_they_are() -> None:
    records = [
        {"id": "a", "name": "\ud800", "size": 10**400},
        msgspec.Raw(b'{"id":"b", "size":1e999, "id":"c"}'),
        msgspec.Raw(b"{broken"),
        None,
        7,
    ]
    body = list_page(Catalogue(records), {}, Quirks())
    assert rb'"name": "\ud800"' in body
    assert b"0" * 400 in body
    assert body.index(b'{"id":"b", "size":1e999, "id":"c"},{broken,null,7]') > 0
