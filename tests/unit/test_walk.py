"""Certificates: what a reading must show to be one, each condition by itself."""

from typing import Any

import pytest

from etl.config import WalkSettings
from etl.extract.forward import ListingFacts, doubts
from etl.extract.walk import ListingWalk, Reading, Walk
from etl.model import Certificate, Listing
from tests.support.fake_api import Quirks
from tests.support.walking import Gathered, PagesClient, ids_of, images, walked


def seen(*ids: str, nameless: int = 0) -> Gathered:
    gathered = Gathered()
    gathered.ids = list(ids)
    gathered.nameless = nameless
    return gathered


def facts(**values: Any) -> ListingFacts:
    usual = {"total_first": 2, "total_last": 2, "total_lowest": 2, "total_highest": 2}
    return ListingFacts(**{**usual, "pages": 1, "rows": 2, **values})


def test_pages_that_add_up_leave_no_doubt() -> None:
    assert doubts(facts(), seen("a", "b")) == []
    assert doubts(facts(), seen("a", nameless=1)) == []


@pytest.mark.parametrize(
    ("told", "ids", "doubt"),
    [
        ({"total_lowest": 1}, "ab", "the total changed"),
        ({"total_highest": 3}, "ab", "the total changed"),
        ({}, "aba", "an image came twice"),
        ({}, "a", "the pages hold another number of images than the total"),
        ({}, "abc", "the pages hold another number of images than the total"),
        ({"past_the_end": 1}, "ab", "a page was past the end"),
        ({"short_pages": 1}, "ab", "a page was short"),
    ],
)
def test_each_sign_is_a_doubt_of_its_own(told: dict[str, int], ids: str, doubt: str) -> None:
    assert doubts(facts(**told), seen(*ids)) == [doubt]


@pytest.mark.parametrize("weak", range(4))
@pytest.mark.parametrize("strong", range(4))
def test_a_walk_is_as_certain_as_its_weakest_listing(weak: int, strong: int) -> None:
    from_weak_to_strong: list[Certificate] = ["none", "agreed", "ordered", "exact"]
    readings = [Reading(seen(), facts(), from_weak_to_strong[each]) for each in (strong, weak)]
    listings = [ListingWalk(Listing("BUILD_IN", "0"), [each]) for each in readings]
    assert Walk(listings, 1).certificate == from_weak_to_strong[min(weak, strong)]


def test_a_listing_that_moved_is_read_backward_where_creation_time_sorts() -> None:
    client = PagesClient(images(50))

    def shrink(number: int, _params: Any) -> None:
        if number == 3:
            client.show(images(50)[:-1])

    client.before_request = shrink
    walk = walked(client, http={"page_size": 10, "concurrency": 1})
    assert (walk.certificate, walk.walks) == ("ordered", 2)
    assert ids_of(walk) == [each["id"] for each in images(49)]
    assert walk.detail()["listings"][0]["backward"] == "done"
    assert walk.detail()["listings"][0]["sort"] == "createTime ASC"


@pytest.mark.parametrize(
    ("records", "sort_keys", "reason"),
    [
        (images(25), frozenset(), "the endpoint can't sort by creation time"),
        (
            [{"id": f"{n}", "type": "BUILD_IN"} for n in range(25)],
            frozenset({"createTime"}),
            "not every row carries its creation time",
        ),
        (
            [{**each, "create_at": 5} for each in images(25)],
            frozenset({"createTime"}),
            "images of the same creation time stand on both sides of a page's border",
        ),
    ],
)
def test_two_readings_that_agree_are_enough_where_no_order_proves_it(
    records: list[Any], sort_keys: frozenset[str], reason: str
) -> None:
    client = PagesClient(records, Quirks(total=lambda count: count + 2, sort_keys=sort_keys))
    walk = walked(client, http={"page_size": 10})
    assert (walk.certificate, walk.walks) == ("agreed", 2)
    assert walk.detail()["listings"][0]["backward"] == reason
    assert len(walk.observers()) == 1


def test_totals_that_differ_between_two_readings_do_not_agree() -> None:
    client = PagesClient(images(5), Quirks(sort_keys=frozenset()))

    def announce(number: int, _params: Any) -> None:
        client.quirks = Quirks(total=lambda count: count + number, sort_keys=frozenset())

    client.before_request = announce
    walk = walked(client, walk=WalkSettings(max_walks=3))
    assert (walk.certificate, walk.walks) == ("none", 3)
    assert len(walk.observers()) == 3


def test_ids_that_differ_between_two_readings_do_not_agree() -> None:
    client = PagesClient([], Quirks(total=lambda count: count + 2, sort_keys=frozenset()))
    client.before_request = lambda number, _: client.show(images(9)[number % 9 : number % 9 + 3])
    assert walked(client, walk=WalkSettings(max_walks=3)).certificate == "none"


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_list_that_moved_by_just_a_page_is_no_endless_paging(concurrency: int) -> None:
    client = PagesClient(images(1000), Quirks(sort_keys=frozenset()))

    def grow(_number: int, params: Any) -> None:
        if params["offset"] != "0" and len(client.images) == 1000:
            client.show([*images(1200)[1000:], *client.images])

    client.before_request = grow
    walk = walked(client, http={"concurrency": concurrency})
    assert {*ids_of(walk)} == {each["id"] for each in images(1200)}
    assert walk.walks == 2  # the first one saw images twice
