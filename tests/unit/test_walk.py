"""Walks: certificates, the number of requests, and the rounds on the critical path."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event, Lock
from typing import Any

import pytest
from msgspec import Raw, json

from etl.config import WalkSettings
from etl.errors import SourceBroken, SourceError, SourceUnavailable
from etl.extract.pages import PAST_THE_END, Order, PageFetcher, PageReply
from etl.extract.reading import Reading
from etl.extract.walk import Walk
from etl.model import Certificate
from etl.transform import listed_rows
from tests.support.fake_api import Quirks
from tests.support.walking import (
    LISTING,
    PagesClient,
    Rounds,
    Walked,
    ids_of,
    images,
    source_of,
    walked,
)

TYPES = ("BUILD_IN", "DEDICATED")


def reading(*pages: str, total: int = 2, **values: Any) -> Reading:
    """A finished reading of pages whose ids are the letters of a word."""
    result = Reading(Order(), **values)
    for page in pages:
        records = [Raw(json.encode({"id": each} if each != "-" else {})) for each in page]
        result.add(PageReply(records, listed_rows(records), total, None, None))
    result.finish()
    return result


def test_pages_that_add_up_leave_no_doubt() -> None:
    assert reading("ab").objections() == []
    assert reading("a-").objections() == []
    assert reading(total=0).objections() == []


@pytest.mark.parametrize(
    ("found", "doubt"),
    [
        (reading("aba"), "an image was listed twice"),
        (reading("a"), "the number of images differs from the total"),
        (reading("abc"), "the number of images differs from the total"),
        (reading("ab", past_the_end=1), "a page that was announced did not exist"),
        (reading("ab", short_pages=1), "a page before the last one was short"),
    ],
)
def test_each_inconsistency_is_a_doubt(found: Reading, doubt: str) -> None:
    assert found.objections() == [doubt]


@pytest.mark.parametrize("total", [1, 3])
def test_a_total_that_changes_is_a_doubt(total: int) -> None:
    found = reading("a", total=total)
    records = [Raw(b'{"id": "b"}')]
    found.add(PageReply(records, listed_rows(records), 2, None, None))
    found.finish()
    assert found.objections() == ["the total changed while the pages were read"]


def test_the_detail_shows_the_range_of_the_totals() -> None:
    found = reading("a", total=3)
    for total in (1, 5, 2):
        records = [Raw(b'{"id": "b"}')]
        found.add(PageReply(records, listed_rows(records), total, None, None))
    detail = found.detail()
    names = ("total_first", "total_lowest", "total_highest", "total_last")
    assert [detail[name] for name in names] == [3, 1, 5, 2]


def test_every_page_must_have_current_and_size() -> None:
    found = Reading(Order())
    for current, size in ((1, None), (None, 10), (1, 10)):
        found.add(PageReply([], [], 0, current, size))
    assert (found.is_numbered, found.is_sized) == (False, False)


@pytest.mark.parametrize("first", range(4))
@pytest.mark.parametrize("second", range(4))
def test_a_walk_is_as_certain_as_its_weakest_listing(first: int, second: int) -> None:
    strengths: list[Certificate] = ["none", "agreed", "ordered", "exact"]
    walk = walked(PagesClient([]), types=TYPES).walk
    for reader, strength in zip(walk._readers, (first, second), strict=True):
        reader.readings[-1].certificate = strengths[strength]
    assert walk.certificate == strengths[min(first, second)]


def test_a_listing_that_moved_is_read_backward_if_the_endpoint_sorts_by_creation_time() -> None:
    client = PagesClient(images(50))

    def shrink(number: int, _params: Any) -> None:
        if number == 3:
            client.show(images(50)[:-1])

    client.before_request = shrink
    walk = walked(client, http={"page_size": 10, "concurrency": 1})
    assert (walk.certificate, walk.summary.walks) == ("ordered", 2)
    assert walk.last_ids == [each["id"] for each in images(49)]
    assert walk.summary.detail["listings"][0]["backward"] == "done"
    assert walk.summary.detail["listings"][0]["sort"] == "createTime ASC"
    assert walk.summary.detail["listings"][0]["distinct"] == 49


@pytest.mark.parametrize(
    ("records", "sort_keys", "reason"),
    [
        (images(25), frozenset(), "the endpoint cannot sort by creation time"),
        (
            [{**each, "create_at": 5} for each in images(25)],
            frozenset({"createTime"}),
            "images with the same creation time are on both sides of a page border",
        ),
    ],
)
def test_two_readings_that_agree_suffice_if_no_order_proves_it(
    records: list[Any], sort_keys: frozenset[str], reason: str
) -> None:
    client = PagesClient(records, Quirks(total=lambda count: count + 2, sort_keys=sort_keys))
    walk = walked(client, http={"page_size": 10})
    assert (walk.certificate, walk.summary.walks) == ("agreed", 2)
    assert walk.summary.detail["listings"][0]["backward"] == reason
    assert walk.last_ids == [each["id"] for each in records]


def test_an_endpoint_that_cannot_sort_has_one_order() -> None:
    client = PagesClient(images(3, create_at=None), Quirks(total=lambda count: count + 1))
    walk = walked(client, walk=WalkSettings(sort_key=""))
    assert (walk.certificate, walk.summary.walks) == ("agreed", 2)
    assert walk.summary.detail["listings"][0]["sort"] == "unsorted ASC"


def test_rows_without_creation_time_are_not_read_backward() -> None:
    records = [{"id": f"{number:02}", "type": "BUILD_IN"} for number in range(25)]
    client = PagesClient(records, Quirks(total=lambda count: count + 2))
    walk = walked(client, http={"page_size": 10})
    assert walk.certificate == "agreed"
    assert not any(each["sort_key"] == "createTime" for each in client.received)


@pytest.mark.parametrize("unsupported_sort", ["ignored", "error"])
@pytest.mark.parametrize(("concurrency", "attempts"), [(1, 1), (8, 2)])
def test_an_endpoint_that_does_not_sort_is_not_read_backward_again(
    concurrency: int, attempts: int, unsupported_sort: Any
) -> None:
    records = [
        {"id": f"{type_}{number}", "type": type_, "create_at": -number}
        for type_ in TYPES
        for number in range(3)
    ]
    quirks = Quirks(
        total=lambda count: count + 1, sort_keys=frozenset(), unsupported_sort=unsupported_sort
    )
    client = PagesClient(records, quirks)
    walk = walked(client, types=TYPES, http={"concurrency": concurrency})
    assert walk.certificate == "agreed"
    assert sum(each.get("sort_key") == "createTime" for each in client.received) == attempts


def test_a_broken_proof_of_one_listing_does_not_stop_others_from_being_read_backward() -> None:
    records = [
        {"id": f"{type_}{number}", "type": type_, "create_at": number * step}
        for type_, step in zip(TYPES, (0, 1), strict=True)
        for number in range(25)
    ]
    client = PagesClient(records, Quirks(total=lambda count: count + 2))
    walk = walked(client, types=TYPES, http={"page_size": 10, "concurrency": 1})
    certificates = [each["certificate"] for each in walk.summary.detail["listings"]]
    assert certificates == ["agreed", "ordered"]


def test_the_last_reading_decides_whether_a_listing_is_empty() -> None:
    client = PagesClient(images(3), Quirks(total=lambda count: count + 1))

    def empty(number: int, _params: Any) -> None:
        if number == 3:
            client.show([])
            client.quirks = Quirks()

    client.before_request = empty
    walk = walked(client, http={"concurrency": 1})
    assert (walk.certificate, len(walk.ids)) == ("ordered", 3)
    assert (walk.summary.empty_listings, walk.summary.reported_total) == ({LISTING}, 0)


def test_different_totals_in_two_readings_do_not_agree() -> None:
    client = PagesClient(images(5), Quirks(sort_keys=frozenset()))

    def announce(number: int, _params: Any) -> None:
        client.quirks = Quirks(total=lambda count: count + number, sort_keys=frozenset())

    client.before_request = announce
    walk = walked(client, walk=WalkSettings(max_walks=3))
    assert (walk.certificate, walk.summary.walks) == ("none", 3)
    assert walk.summary.detail["listings"][0]["reasons"] == [
        "the number of images differs from the total",
        "a page that was announced did not exist",
    ]


def test_different_ids_in_two_readings_do_not_agree() -> None:
    client = PagesClient([], Quirks(total=lambda count: count + 2, sort_keys=frozenset()))
    client.before_request = lambda number, _: client.show(images(9)[number % 9 : number % 9 + 3])
    assert walked(client, walk=WalkSettings(max_walks=3)).certificate == "none"


def test_readings_that_are_equal_but_not_consecutive_do_not_agree() -> None:
    client = PagesClient([], Quirks(total=lambda count: count + 2, sort_keys=frozenset()))
    readings = 0

    def alternate(_number: int, params: Any) -> None:
        nonlocal readings
        if params["offset"] == "0":
            readings += 1
            client.show(images(9, create_at=None)[readings % 2 :][:3])

    client.before_request = alternate
    walk = walked(client, walk=WalkSettings(max_walks=3, sort_key=""), http={"concurrency": 1})
    assert (walk.certificate, walk.summary.walks) == ("none", 3)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_list_that_moved_by_a_page_is_not_endless(concurrency: int) -> None:
    client = PagesClient(images(1000), Quirks(sort_keys=frozenset()))

    def grow(_number: int, params: Any) -> None:
        if params["offset"] != "0" and len(client.images) == 1000:
            client.show([*images(1200)[1000:], *client.images])

    client.before_request = grow
    walk = walked(client, http={"concurrency": concurrency})
    assert {*walk.ids} == {each["id"] for each in images(1200)}
    assert walk.summary.walks == 2  # the first one saw images twice
    assert [page.number for page in walk.pages if page.reading == 0] == [*range(6)]


def test_pages_carry_their_place_in_the_walk() -> None:
    client = PagesClient(images(5), Quirks(total=lambda count: count + 1, sort_keys=frozenset()))
    pages = walked(client, types=TYPES, http={"page_size": 3, "concurrency": 1}).pages
    places = [(page.order, page.reading, page.number, ids_of(page)) for page in pages]
    assert [each for each in places if each[0] == 0] == [
        (0, 0, 0, ["0000", "0001", "0002"]),
        (0, 0, 1, ["0003", "0004"]),
        (0, 1, 0, ["0000", "0001", "0002"]),
        (0, 1, 1, ["0003", "0004"]),
    ]
    assert {page.order: str(page.listing) for page in pages} == {0: "BUILD_IN/0", 1: "DEDICATED/0"}


class TestRequests:
    """The shapes of docs/performance.md, by number of requests and rounds."""

    def walk(
        self,
        *,
        count: int,
        workspaces: tuple[str, ...] = ("0",),
        timed: bool = False,
        **quirks: Any,
    ) -> tuple[PagesClient, Walked]:
        times = {"create_at": 7} if timed else {}
        records = [
            {
                "id": f"{type_}-{workspace}-{number:03}",
                "type": type_,
                "workspace_id": workspace,
                **{name: value + number for name, value in times.items()},
            }
            for type_ in TYPES
            for workspace in workspaces
            for number in range(count)
        ]
        client = PagesClient(records, Quirks(**quirks), workspaces=workspaces)
        walk = walked(client, types=TYPES, workspaces=("*",), http={"concurrency": 8})
        assert set(walk.ids) == {each["id"] for each in records}
        return client, walk

    def test_one_workspace_takes_one_round(self) -> None:
        client, walk = self.walk(count=20)
        assert (walk.certificate, client.requests, walk.rounds) == ("exact", 3, [3])

    @pytest.mark.parametrize("past_the_end", ["error", "empty"])
    @pytest.mark.parametrize(("timed", "certificate"), [(False, "agreed"), (True, "ordered")])
    def test_a_total_that_is_always_too_high_takes_two_rounds(
        self, past_the_end: str, timed: bool, certificate: str
    ) -> None:
        client, walk = self.walk(
            count=20, timed=timed, total=lambda count: count + 1, past_the_end=past_the_end
        )
        assert (walk.certificate, client.requests, walk.rounds) == (certificate, 7, [3, 4])

    def test_pages_of_all_listings_take_two_rounds(self) -> None:
        client, walk = self.walk(count=900)
        assert (walk.certificate, client.requests, walk.rounds) == ("exact", 11, [3, 8])

    def test_many_workspaces_fill_every_round(self) -> None:
        workspaces = ("0", *(f"{number:032}" for number in range(19)))
        client, walk = self.walk(count=20, workspaces=workspaces)
        assert (walk.certificate, client.requests) == ("exact", 41)
        assert walk.rounds == [3, 8, 8, 8, 8, 6]

    def test_second_readings_run_in_one_round(self) -> None:
        workspaces = ("0", "a", "b")
        client, walk = self.walk(count=3, workspaces=workspaces, total=lambda count: count + 1)
        assert (walk.certificate, client.requests) == ("agreed", 1 + 6 * 3)
        assert walk.rounds == [3, 8, 8]

    def test_a_backward_reading_does_not_stop_other_listings(self) -> None:
        _, walk = self.walk(count=900, timed=True, total=lambda count: count + 1)
        assert walk.certificate == "ordered"
        assert walk.rounds[:3] == [3, 8, 4]
        assert set(walk.rounds[3:]) == {2}

    def test_the_next_reading_begins_with_its_first_page(self) -> None:
        client = PagesClient(images(25, create_at=None), Quirks(total=lambda count: count + 2))
        walk = walked(client, http={"page_size": 10})
        assert (walk.certificate, client.requests) == ("agreed", 7)
        requests = [(each["sort_dir"], each["offset"]) for each in client.received]
        assert requests[3:5] == [("ASC", "30"), ("DESC", "0")]

    @pytest.mark.parametrize(("step", "requests"), [(1, 7), (0, 9)])
    def test_a_rejected_end_is_confirmed_unless_the_order_was_reversed(
        self, step: int, requests: int
    ) -> None:
        records = [
            {"id": f"{type_}{number}", "type": type_, "update_at": number * step}
            for type_ in TYPES
            for number in range(20)
        ]
        quirks = Quirks(total=lambda count: count + 1, past_the_end="strict")
        client = PagesClient(records, quirks)
        walk = walked(client, types=TYPES, workspaces=("*",), http={"concurrency": 8})
        assert (walk.certificate, client.requests) == ("agreed", requests)

    def test_what_one_listing_shows_about_offsets_holds_for_all(self) -> None:
        client, walk = self.walk(count=900, offset="page_number")
        assert (walk.certificate, walk.rounds) == ("exact", [3, 8, 2, 6])
        assert client.requests == 19

    @pytest.mark.parametrize("count", [1, 20])
    def test_what_follows_a_short_page_is_requested_by_the_rows_received(self, count: int) -> None:
        client = PagesClient(images(count), Quirks(total=lambda count: count + 1))
        walked(client)
        asked = client.received[1]
        assert (asked["limit"], asked["offset"]) == (str(count), str(count))

    def test_no_second_reading_is_requested_if_only_one_is_allowed(self) -> None:
        client = PagesClient(images(20), Quirks(total=lambda count: count + 1))
        walk = walked(client, walk=WalkSettings(max_walks=1))
        assert (walk.certificate, client.requests) == ("none", 2)


class TestPaging:
    """What `size` and `current` show, and what they hide."""

    def walk(self, count: int = 25, offset_unit: str = "auto", **quirks: Any) -> Walked:
        client = PagesClient(images(count), Quirks(**quirks))
        return walked(client, walk=WalkSettings(offset_unit=offset_unit), http={"page_size": 10})

    def test_a_hidden_cap_is_never_certified_and_named(self) -> None:
        walk = self.walk(limit_cap=4, size_is_asked=True)
        assert walk.certificate == "none"
        assert walk.summary.walks == 1, "no reading can help"
        assert walk.ids == [each["id"] for each in images(25)]
        assert "set http.page_size = 4" in walk.reasons

    def test_a_cap_that_size_shows_is_followed(self) -> None:
        walk = self.walk(limit_cap=4)
        assert walk.certificate == "exact"
        assert walk.ids == [each["id"] for each in images(25)]

    @pytest.mark.parametrize("total", [0, 1, -20])
    def test_without_current_only_exact_certifies(self, total: int) -> None:
        walk = self.walk(
            omitted=frozenset({"current"}),
            total=lambda count: count + total,
            sort_keys=frozenset({"updateTime"}),
        )
        assert walk.certificate == ("none" if total else "exact")
        assert ("set walk.offset_unit" in walk.reasons) == bool(total)
        assert walk.summary.walks == 1 + bool(total), "equal readings are not repeated"

    @pytest.mark.parametrize(
        ("omitted", "more", "certificate"),
        [
            ({"current"}, 1, "agreed"),
            ({"current", "size"}, 1, "none"),
            ({"current", "size"}, -1, "agreed"),
        ],
    )
    def test_a_single_page_needs_no_current_if_its_size_is_shown_or_no_more_announced(
        self, omitted: set[str], more: int, certificate: str
    ) -> None:
        walk = self.walk(
            count=5,
            omitted=frozenset(omitted),
            total=lambda count: count + more,
            sort_keys=frozenset({"updateTime"}),
        )
        assert walk.certificate == certificate

    def test_a_first_page_that_is_full_leaves_no_end_to_confirm(self) -> None:
        quirks = Quirks(total=lambda count: count + 2, sort_keys=frozenset())
        client = PagesClient(images(10), quirks)
        walk = walked(client, http={"page_size": 10})
        assert walk.certificate == "agreed"
        assert {each["limit"] for each in client.received} == {"10"}

    def test_the_configured_unit_replaces_current(self) -> None:
        walk = self.walk(
            offset_unit="record", omitted=frozenset({"current"}), total=lambda count: count + 1
        )
        assert walk.certificate == "ordered"

    @pytest.mark.parametrize("first_page", [0, 1])
    def test_the_configured_unit_may_be_pages(self, first_page: Any) -> None:
        walk = self.walk(
            offset_unit="page",
            omitted=frozenset({"current"}),
            offset="page_number",
            first_page=first_page,
        )
        assert walk.certificate == "exact"
        assert walk.ids == [each["id"] for each in images(25)]

    def test_a_page_that_was_not_requested_is_an_error(self) -> None:
        with pytest.raises(SourceBroken, match="requested page 1 with offset 10, received page 10"):
            self.walk(offset_unit="record", offset="page_number", past_the_end="empty")

    def test_a_rejected_first_page_is_an_error(self) -> None:
        with pytest.raises(SourceBroken, match="the first page was rejected"):
            self.walk(offset_unit="record", offset="page_number", first_page=1)

        class Rejecting(PagesClient):
            def get(self, path: str, params: Mapping[str, str]) -> Any:
                raise SourceBroken("no", status=400, error_code=PAST_THE_END)

        client: Any = Rejecting([])
        with pytest.raises(SourceBroken, match="the first page was rejected"):
            walked(client)
        with pytest.raises(SourceBroken, match="the first page was rejected"):
            PageFetcher(client, source_of(), LISTING).fetch_first()

    def test_a_rejected_end_of_equal_readings_is_checked_by_page_number(self) -> None:
        """The server hides a cap, counts pages, rejects the end and cannot sort."""
        walk = self.walk(
            limit_cap=4,
            size_is_asked=True,
            offset="page_number",
            past_the_end="strict",
            sort_keys=frozenset(),
        )
        assert walk.certificate == "none"
        assert "set http.page_size = 4" in walk.reasons

    @pytest.mark.parametrize("past_the_end", ["error", "strict", "empty"])
    @pytest.mark.parametrize("count", [12, 20])
    def test_a_total_that_is_wrong_by_far_takes_few_requests(
        self, past_the_end: Any, count: int
    ) -> None:
        quirks = Quirks(total=lambda _count: 1_000_000, past_the_end=past_the_end)
        client = PagesClient(images(count), quirks)
        walk = walked(client, http={"page_size": 10, "concurrency": 1})
        assert walk.certificate == "agreed"
        assert walk.last_ids == [each["id"] for each in images(count)]
        assert client.requests < 15

    def test_more_pages_than_allowed_are_an_error(self) -> None:
        client = PagesClient(images(25))
        with pytest.raises(SourceBroken, match="more than 2 pages and no end"):
            walked(client, walk=WalkSettings(max_pages=2), http={"page_size": 10})


class TestWindow:
    """Requests in threads."""

    def test_no_more_requests_than_configured_are_in_flight(self) -> None:
        in_flight, highest, lock, enough = 0, 0, Lock(), Event()

        class Counting(PagesClient):
            def get(self, path: str, params: Mapping[str, str]) -> Any:
                nonlocal in_flight, highest
                with lock:
                    in_flight += 1
                    highest = max(highest, in_flight)
                if highest >= 3:
                    enough.set()
                if params["offset"] != "0":
                    enough.wait(5)
                with lock:
                    in_flight -= 1
                    return super().get(path, params)

        client = Counting(images(100))
        source = source_of(http={"page_size": 5, "concurrency": 3})
        walk = Walk(client, source, WalkSettings())  # type: ignore[arg-type]  # a stand-in
        found = [each for page in walk.pages() for each in ids_of(page)]
        assert found == [each["id"] for each in images(100)]
        assert highest == 3

    @pytest.mark.parametrize(("concurrency", "most"), [(1, 1), (3, 6)])
    def test_a_single_thread_gets_one_request_at_a_time_and_others_two_each(
        self, concurrency: int, most: int
    ) -> None:
        class Watched(Rounds):
            def take(self) -> Any:
                outstanding.append(self.outstanding)
                return super().take()

        outstanding: list[int] = []
        source = source_of(http={"page_size": 5, "concurrency": concurrency})
        walk = Walk(PagesClient(images(100)), source, WalkSettings(), pool=Watched)  # type: ignore[arg-type]  # a stand-in
        assert len(list(walk.pages())) == 20
        assert max(outstanding) == most

    def test_a_failed_listing_ends_the_walk(self) -> None:
        class Failing(PagesClient):
            def get(self, path: str, params: Mapping[str, str]) -> Any:
                if params.get("type") == "DEDICATED":
                    raise SourceUnavailable("down")
                return super().get(path, params)

        source = source_of(types=TYPES, http={"concurrency": 2})
        walk = Walk(Failing(images(3)), source, WalkSettings())  # type: ignore[arg-type]  # a stand-in
        with pytest.raises(SourceError, match="down"):
            list(walk.pages())

    def test_closing_early_cancels_the_requests(self) -> None:
        client = PagesClient(images(1000))
        source = source_of(http={"page_size": 1, "concurrency": 2})
        pages = Walk(client, source, WalkSettings()).pages()  # type: ignore[arg-type]  # a stand-in
        next(pages)
        pages.close()  # type: ignore[attr-defined]  # a generator
        assert client.requests < 20

    def test_a_reply_that_is_no_longer_needed_is_dropped(self) -> None:
        """The list shrinks below pages that were requested ahead, and one of them fails."""
        client = PagesClient(images(50))

        def shrink(number: int, params: Mapping[str, str]) -> None:
            if number == 2:
                client.show(images(15))
            if params["offset"] == "40":
                raise SourceUnavailable("down")

        client.before_request = shrink
        walk = walked(client, http={"page_size": 10, "concurrency": 8})
        assert walk.last_ids == [each["id"] for each in images(15)]
