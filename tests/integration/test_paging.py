"""Every way in which an endpoint may page: what is read is exactly what is there."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from etl.extract.paging import Order, Pager, Style

from etl.config import SourceSettings, WalkSettings
from etl.errors import SourceBroken, SourceUnavailable
from etl.extract.walk import Walk, Walker
from etl.model import Listing
from tests.support.fake_api import FakeApi, Quirks
from tests.support.walking import (
    LISTING,
    Gathered,
    PagesClient,
    ids_of,
    images,
    source_of,
    walked,
)
from tests.support.wire import client_for

OFFSETS = ("pages", "records", "page_number")
PAST_THE_END = ("error", "strict", "empty", "repeat")
TOTALS = (0, 1, 199, 200, 201, 400, 999)
PAGE_SIZES = (100, 200, 333, 1000)
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
def test_reads_exactly_what_is_there_with_hardly_a_request_too_many(
    total: int, page_size: int
) -> None:
    catalogue = images(total)
    for quirks in all_quirks():
        client = PagesClient(catalogue, quirks)
        walk = walked(client, http={"page_size": page_size})
        assert ids_of(walk) == [each["id"] for each in catalogue], quirks
        assert walk.certificate == "exact", quirks
        ahead = IN_FLIGHT if quirks.offset == "page_number" else 0  # asked before it was known
        most = ideal_requests(total, page_size, quirks.limit_cap) + 2 + ahead
        assert client.requests <= most, quirks


SAYS_LITTLE = (
    *({"untold": frozenset({"current"})}, {"untold": frozenset({"size"})}),
    *({"size_is_asked": True}, {"untold": frozenset({"size", "current", "pages"})}),
)


def made_at(number: int) -> int:
    return 1_600_000_000_000 + number


@pytest.mark.parametrize("total", [1, 200, 201, 400, 999])
@pytest.mark.parametrize("page_size", [7, 100, 200, 333])
def test_where_the_answers_say_little_of_their_paging_the_rows_tell(
    total: int, page_size: int
) -> None:
    """Or nothing is certified: the last page for all that is past the end says less than little."""
    catalogue = [
        {**each, "create_at": made_at(number)} for number, each in enumerate(images(total))
    ]
    for quirks, little in product(all_quirks(), SAYS_LITTLE):
        client = PagesClient(catalogue, replace(quirks, **little))
        walk = walked(client, http={"page_size": page_size})
        is_whole = sorted(ids_of(walk)) == sorted(each["id"] for each in catalogue)
        assert is_whole or walk.certificate == "none", (quirks, little)
        if quirks.past_the_end != "repeat":
            assert (is_whole, walk.certificate) == (True, "exact"), (quirks, little)
            ahead = IN_FLIGHT if quirks.offset == "page_number" else 0
            most = ideal_requests(total, page_size, quirks.limit_cap) + 4 + ahead
            assert client.requests <= most, (quirks, little)


def test_an_order_that_does_not_hold_still_is_not_taken_for_page_numbers() -> None:
    restless = Quirks(untold=frozenset({"current"}), shuffle_seed=1, unsupported_sort="ignored")
    client = PagesClient(images(2000), replace(restless, sort_keys=frozenset()))
    style = Style(size=100)
    Pager(client, source_of(), LISTING, style=style, order=Order()).first()  # type: ignore[arg-type]  # a stand-in
    assert (style.by_number, style.is_certain) == (False, True)


def test_an_only_page_that_announces_more_is_read() -> None:
    """No other page tells how offsets count, and what is asked for to find out is no mistake."""
    for quirks in all_quirks():
        if quirks.past_the_end == "repeat":
            continue
        client = PagesClient(images(6), replace(quirks, total=lambda count: count + 3))
        walk = walked(client, http={"page_size": 8})
        assert (walk.certificate, len(ids_of(walk))) == ("agreed", 6), quirks


def dedicated(count: int) -> list[Any]:
    """Images of the other type."""
    return [{**each, "id": f"d{each['id']}", "type": "DEDICATED"} for each in images(count)]


def both_types_walked(client: PagesClient, source: SourceSettings) -> Walk[Gathered]:
    """One walk of both listings, which share what is learned of the paging."""
    walker = Walker(
        client,  # type: ignore[arg-type]  # a stand-in
        source,
        WalkSettings(),
        observer_for=Gathered,
        on_page=lambda *_: None,
    )
    return walker.walk([LISTING, Listing("DEDICATED", "0")])


@pytest.mark.parametrize("past_the_end", ["error", "strict"])
def test_a_page_that_is_refused_both_ways_tells_nothing_of_the_next_listing(
    past_the_end: Any,
) -> None:
    """A full page, three more announced: the other listing's second page is found by its number."""
    quirks = Quirks(
        offset="page_number", past_the_end=past_the_end, total=lambda count: count and count + 3
    )
    client = PagesClient([*images(3), *dedicated(4)], quirks)
    source = source_of(types=("BUILD_IN", "DEDICATED"), http={"page_size": 3, "concurrency": 1})
    walk = both_types_walked(client, source)
    assert len(ids_of(walk)) == 7


def test_an_endpoint_that_takes_no_odd_offset_is_read_all_the_same() -> None:
    class Strict(PagesClient):
        def get(self, path: str, params: Any) -> Any:
            if int(params["offset"]) % int(params["limit"]):
                raise SourceUnavailable("502")
            return super().get(path, params)

    client = Strict(images(450), Quirks(untold=frozenset({"current"})))
    walk = walked(client)
    assert (walk.certificate, len(ids_of(walk))) == ("exact", 450)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("cap", CAPS)
def test_reads_the_same_over_a_socket(offset: Any, cap: int | None) -> None:
    catalogue = images(999)
    with FakeApi(catalogue, quirks=Quirks(offset=offset, limit_cap=cap, first_page=1)) as api:
        walk = walked(client_for(api.url), endpoint=api.url)
    assert ids_of(walk) == [each["id"] for each in catalogue]
    assert walk.certificate == "exact"


def test_a_last_page_that_comes_for_all_past_the_end_does_not_tell_how_offsets_count() -> None:
    """Of two pages, the second comes for any offset: the other listing must not suffer for it."""
    quirks = Quirks(offset="page_number", first_page=1, before_first="first", past_the_end="repeat")
    client = PagesClient([*images(6), *dedicated(20)], quirks)
    source = source_of(types=("BUILD_IN", "DEDICATED"), http={"page_size": 4})
    walk = both_types_walked(client, source)
    assert (walk.certificate, len(ids_of(walk))) == ("exact", 26)


def test_asks_for_multiples_of_the_real_page_size_in_an_explicit_type() -> None:
    client = PagesClient(images(500), Quirks(limit_cap=150))
    walked(client, name_filter="n", namespace="", service_type="")
    assert [int(each["offset"]) for each in client.asked] == [0, 150, 300, 450]
    assert [int(each["limit"]) for each in client.asked] == [200, 150, 150, 150]
    assert {each["type"] for each in client.asked} == {"BUILD_IN"}
    assert {each["name_fuzzy_match"] for each in client.asked} == {"true"}


def test_sends_the_filters_that_are_set_and_no_others() -> None:
    client = PagesClient([])
    walked(client, name_filter="x", name_fuzzy=False, namespace="org", service_type="TRAIN")
    walked(client)
    filters = {"name", "name_fuzzy_match", "namespace", "service_type"}
    assert {name: client.asked[0][name] for name in filters} == {
        "name": "x",
        "name_fuzzy_match": "false",
        "namespace": "org",
        "service_type": "TRAIN",
    }
    assert not filters & client.asked[-1].keys()


def test_an_endpoint_that_can_not_sort_is_read_in_its_own_order() -> None:
    client = PagesClient(images(450), Quirks(sort_keys=frozenset()))
    walk = walked(client)
    assert walk.certificate == "exact"
    assert "sort_key" not in client.asked[-1]
    assert walk.detail()["restarts"] == 1
    assert walk.detail()["listings"][0]["sort"] == "unsorted ASC"


def test_a_total_below_the_rows_does_not_end_the_reading() -> None:
    walk = walked(PagesClient(images(450), Quirks(total=lambda _: 100)))
    assert {*ids_of(walk)} == {each["id"] for each in images(450)}


def test_paging_that_repeats_for_ever_is_an_error() -> None:
    quirks = Quirks(total=lambda _: 100_000, past_the_end="repeat")
    with pytest.raises(SourceBroken, match=r"page 2 was asked|repeats page"):
        walked(PagesClient(images(400), quirks))


def test_paging_that_repeats_without_numbering_its_pages_is_an_error() -> None:
    class Same(PagesClient):
        def get(self, path: str, params: Any) -> Any:
            answer = super().get(path, {**params, "offset": "0"})
            body = answer.body.replace(b'"current":0,', b"")
            return type(answer)(200, body, {}, "", answer.received_at)

    for concurrency in (1, 4):
        with pytest.raises(SourceBroken, match="repeats page 0: this paging never ends"):
            walked(Same(images(600)), http={"concurrency": concurrency})


def test_more_pages_than_allowed_is_an_error() -> None:
    with pytest.raises(SourceBroken, match="more than 2 pages, and no end"):
        walked(PagesClient(images(600)), walk=WalkSettings(max_pages=2))


def test_a_first_page_that_is_refused_is_an_error() -> None:
    class Refusing(PagesClient):
        def get(self, path: str, params: Any) -> Any:
            raise SourceBroken("no", status=400, error_code="ModelArts.6400")

    with pytest.raises(SourceBroken, match="the first page of BUILD_IN/0 is refused"):
        walked(Refusing([]))


def test_another_error_of_a_page_is_passed_on() -> None:
    class Failing(PagesClient):
        def get(self, path: str, params: Any) -> Any:
            raise SourceBroken("something else", status=400, error_code="ModelArts.0104")

    with pytest.raises(SourceBroken, match="something else"):
        walked(Failing([]))


@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_answer_that_is_another_page_is_an_error(concurrency: int) -> None:
    class Elsewhere(PagesClient):
        def get(self, path: str, params: Any) -> Any:
            answer = super().get(path, params)
            body = answer.body
            if self.requests == 4:
                body = body.replace(b'"current":3,', b'"current":7,')
            return type(answer)(200, body, {}, "", answer.received_at)

    with pytest.raises(SourceBroken, match="page 3 was asked for with offset 300, page 7 came"):
        walked(Elsewhere(images(900)), http={"page_size": 100, "concurrency": concurrency})


def test_an_answer_that_is_no_page_says_which_request() -> None:
    class Broken(PagesClient):
        def get(self, path: str, params: Any) -> Any:
            answer = super().get(path, params)
            return type(answer)(200, b'{"data": null}', {}, answer.request_id, answer.received_at)

    with pytest.raises(SourceBroken, match=r"BUILD_IN/0.*\[request request-1\]"):
        walked(Broken([]))
