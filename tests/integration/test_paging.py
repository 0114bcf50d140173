"""All ways of paging: exactly the existing images are read, with few requests."""

import os
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from etl.config import WalkSettings
from etl.errors import SourceBroken
from tests.support.fake_api import FakeApi, Quirks
from tests.support.walking import PagesClient, images, walked
from tests.support.wire import client_for

OFFSETS = ("pages", "records", "page_number")
PAST_THE_END = ("error", "strict", "empty", "repeat")
IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
TOTALS = (0, 1, 199, 200, 201, 400, 999) if IS_SOAK else (0, 1, 199, 201, 400)
PAGE_SIZES = (100, 200, 333, 1000) if IS_SOAK else (100, 200, 333)
CAPS = (None, 77, 200)
IN_FLIGHT = 4  # the default of http.concurrency


def all_quirks() -> list[Quirks]:
    ways = product(OFFSETS, CAPS, (0, 1), PAST_THE_END, ("error", "first"))
    return [
        Quirks(offset=offset, limit_cap=cap, first_page=first, past_the_end=end, before_first=low)
        for offset, cap, first, end, low in ways
        if low == "error" or (offset == "page_number" and first == 1)
    ]


def ideal_requests(total: int, page_size: int, cap: int | None) -> int:
    return max(1, -(-total // min(page_size, cap or page_size)))


@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("page_size", PAGE_SIZES)
def test_exactly_the_existing_images_are_read_with_few_requests(total: int, page_size: int) -> None:
    catalogue = images(total)
    for quirks in all_quirks():
        client = PagesClient(catalogue, quirks)
        walk = walked(client, http={"page_size": page_size})
        assert walk.ids == [each["id"] for each in catalogue], quirks
        assert walk.certificate == "exact", quirks
        # Pages that were requested by record before `current` showed that offsets count pages.
        ahead = 2 * IN_FLIGHT if quirks.offset == "page_number" else 0
        most = ideal_requests(total, page_size, quirks.limit_cap) + 2 + ahead
        assert client.requests <= most, quirks


HIDDEN = (
    {"omitted": frozenset({"current"})},
    {"omitted": frozenset({"size"})},
    {"size_is_asked": True},
    {"omitted": frozenset({"size", "current", "pages"})},
)


@pytest.mark.parametrize("total", [1, 200, 201, 999] if IS_SOAK else [1, 201])
@pytest.mark.parametrize("page_size", [7, 100, 333] if IS_SOAK else [30, 333])
@pytest.mark.parametrize("offset_unit", ["auto", "known"])
def test_what_responses_hide_is_never_certified_wrongly(
    total: int, page_size: int, offset_unit: str
) -> None:
    catalogue = images(total)
    for quirks, hidden in product(all_quirks(), HIDDEN):
        unit = "page" if quirks.offset == "page_number" else "record"
        client = PagesClient(catalogue, replace(quirks, **hidden))
        settings = WalkSettings(offset_unit=unit if offset_unit == "known" else "auto")
        try:
            walk = walked(client, walk=settings, http={"page_size": page_size})
        except SourceBroken:  # pages that repeat
            assert quirks.past_the_end == "repeat", (quirks, hidden)
            continue
        is_complete = {*walk.ids} == {each["id"] for each in catalogue}
        assert is_complete or walk.certificate == "none", (quirks, hidden)
        is_capped = quirks.limit_cap is not None and quirks.limit_cap < min(page_size, total)
        if not is_capped and (offset_unit == "known" or quirks.offset != "page_number"):
            assert (is_complete, walk.certificate) == (True, "exact"), (quirks, hidden)


@pytest.mark.parametrize("past_the_end", ["error", "strict", "empty"])
@pytest.mark.parametrize("offset", OFFSETS)
def test_a_single_page_that_announces_more_agrees_with_itself(
    past_the_end: Any, offset: Any
) -> None:
    for first_page, cap in product((0, 1), (None, 77)):
        quirks = Quirks(
            offset=offset, past_the_end=past_the_end, first_page=first_page, limit_cap=cap
        )
        records = [{"id": f"{n}", "type": "BUILD_IN", "update_at": n} for n in range(6)]
        client = PagesClient(records, replace(quirks, total=lambda count: count + 3))
        walk = walked(client, http={"page_size": 8})
        assert (walk.certificate, len(walk.last_ids)) == ("agreed", 6), quirks
        assert client.requests <= 5


def dedicated(count: int) -> list[Any]:
    """Images of the other type."""
    return [{**each, "id": f"d{each['id']}", "type": "DEDICATED"} for each in images(count)]


BOTH = ("BUILD_IN", "DEDICATED")


@pytest.mark.parametrize("past_the_end", ["error", "strict"])
def test_a_page_that_is_rejected_both_ways_shows_nothing_for_the_next_listing(
    past_the_end: Any,
) -> None:
    """A full page, three more announced: the other listing's second page is found by its number."""
    quirks = Quirks(
        offset="page_number", past_the_end=past_the_end, total=lambda count: count and count + 3
    )
    client = PagesClient([*images(3), *dedicated(4)], quirks)
    walk = walked(client, types=BOTH, http={"page_size": 3, "concurrency": 1})
    assert len({*walk.ids}) == 7


@pytest.mark.parametrize("concurrency", [1, 2, 4])
@pytest.mark.parametrize("first_page", [0, 1])
def test_listings_share_what_one_of_them_shows_about_page_numbers(
    concurrency: int, first_page: int
) -> None:
    """Requests of the other listing may be prepared, or under way, when the first one shows it."""
    catalogue = [*images(25), *dedicated(7)]
    client = PagesClient(catalogue, Quirks(offset="page_number", first_page=first_page))
    walk = walked(client, types=BOTH, http={"page_size": 3, "concurrency": concurrency})
    assert walk.certificate == "exact"
    assert sorted(walk.ids) == sorted(each["id"] for each in catalogue)


@pytest.mark.parametrize("past_the_end", ["error", "strict"])
def test_two_readings_that_stop_at_the_same_hidden_page_size_do_not_agree(
    past_the_end: Any,
) -> None:
    quirks = Quirks(
        offset="page_number",
        limit_cap=20,
        omitted=frozenset({"size"}),
        past_the_end=past_the_end,
        sort_keys=frozenset(),
    )
    walk = walked(PagesClient(images(25), quirks), http={"page_size": 30})
    assert (walk.certificate, walk.summary.walks) == ("none", 2)
    assert "set http.page_size = 20" in walk.reasons


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("cap", CAPS)
def test_the_same_is_read_over_a_socket(offset: Any, cap: int | None) -> None:
    catalogue = images(999)
    with FakeApi(catalogue, quirks=Quirks(offset=offset, limit_cap=cap, first_page=1)) as api:
        walk = walked(client_for(api.url), endpoint=api.url)
    assert walk.ids == [each["id"] for each in catalogue]
    assert walk.certificate == "exact"


def test_a_last_page_that_is_returned_for_everything_past_the_end_shows_nothing() -> None:
    """Of two pages, the second comes for any offset: the other listing must not suffer for it."""
    quirks = Quirks(offset="page_number", first_page=1, before_first="first", past_the_end="repeat")
    client = PagesClient([*images(6), *dedicated(20)], quirks)
    walk = walked(client, types=BOTH, http={"page_size": 4})
    assert (walk.certificate, len({*walk.ids})) == ("exact", 26)


def test_offsets_are_multiples_of_the_real_page_size_and_the_type_is_explicit() -> None:
    client = PagesClient(images(500), Quirks(limit_cap=150))
    walked(client, name_filter="n", namespace="", service_type="")
    assert [int(each["offset"]) for each in client.received] == [0, 150, 300, 450]
    assert [int(each["limit"]) for each in client.received] == [200, 150, 150, 150]
    assert {each["type"] for each in client.received} == {"BUILD_IN"}
    assert {each["name_fuzzy_match"] for each in client.received} == {"true"}


def test_only_configured_filters_are_sent() -> None:
    client = PagesClient([])
    walked(client, name_filter="x", name_fuzzy=False, namespace="org", service_type="TRAIN")
    walked(client)
    filters = {"name", "name_fuzzy_match", "namespace", "service_type"}
    assert {name: client.received[0][name] for name in filters} == {
        "name": "x",
        "name_fuzzy_match": "false",
        "namespace": "org",
        "service_type": "TRAIN",
    }
    assert not filters & client.received[-1].keys()


def test_an_endpoint_that_cannot_sort_is_read_in_its_own_order() -> None:
    client = PagesClient(images(450), Quirks(sort_keys=frozenset()))
    walk = walked(client)
    assert walk.certificate == "exact"
    assert "sort_key" not in client.received[-1]
    assert walk.summary.detail["restarts"] == 1
    assert walk.summary.detail["listings"][0]["sort"] == "unsorted ASC"


def test_a_total_that_is_too_low_does_not_end_the_reading() -> None:
    walk = walked(PagesClient(images(450), Quirks(total=lambda _: 100)))
    assert {*walk.ids} == {each["id"] for each in images(450)}


def test_paging_that_repeats_forever_is_an_error() -> None:
    quirks = Quirks(total=lambda _: 100_000, past_the_end="repeat")
    with pytest.raises(SourceBroken, match=r"requested page 2|repeats page"):
        walked(PagesClient(images(400), quirks))


def test_paging_that_repeats_without_numbering_its_pages_is_an_error() -> None:
    class Same(PagesClient):
        def get(self, path: str, params: Any) -> Any:
            response = super().get(path, {**params, "offset": "0"})
            body = response.body.replace(b'"current":0,', b"")
            return type(response)(200, body, {}, "", response.received_at)

    for concurrency in (1, 4):
        with pytest.raises(SourceBroken, match="repeats page 0, the paging never ends"):
            walked(Same(images(600)), http={"concurrency": concurrency})


def test_another_error_of_a_page_is_passed_on() -> None:
    class Failing(PagesClient):
        def get(self, path: str, params: Any) -> Any:
            raise SourceBroken("something else", status=400, error_code="ModelArts.0104")

    with pytest.raises(SourceBroken, match="something else"):
        walked(Failing([]))


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_response_with_another_page_is_an_error(concurrency: int) -> None:
    class Elsewhere(PagesClient):
        def get(self, path: str, params: Any) -> Any:
            response = super().get(path, params)
            body = response.body
            if self.requests == 4:
                body = body.replace(b'"current":3,', b'"current":7,')
            return type(response)(200, body, {}, "", response.received_at)

    with pytest.raises(SourceBroken, match="requested page 3 with offset 300, received page 7"):
        walked(Elsewhere(images(900)), http={"page_size": 100, "concurrency": concurrency})


def test_an_unusable_response_names_the_request() -> None:
    class Broken(PagesClient):
        def get(self, path: str, params: Any) -> Any:
            response = super().get(path, params)
            return type(response)(
                200, b'{"data": null}', {}, response.request_id, response.received_at
            )

    with pytest.raises(SourceBroken, match=r"BUILD_IN/0.*\[request request-1\]"):
        walked(Broken([]))
