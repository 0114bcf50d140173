"""Certificates while an adversary changes the catalogue between any two requests.

Forward readings run on the same schedules as a control: there the adversary must win. In the second
half an endpoint returns arbitrary pages: the certificate must be exactly the one that the
documented rules give.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from random import Random
from typing import Any, Literal

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import json

from etl.client.messages import Response
from etl.config import WalkSettings
from etl.errors import SourceBroken
from etl.extract.backward import ProofBroken
from etl.extract.pages import CREATION_TIME, PAST_THE_END, UNSORTABLE, Order
from etl.model import Page
from tests.support.fake_api import Quirks
from tests.support.walking import NOW, PagesClient, ids_of, read_alone, walked

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
OFFSETS: Any = st.sampled_from(["pages", "records", "page_number"])
SEEDS = st.integers(0, 2**32)
Kind = Literal["sorted", "tied", "timeless", "unsorted"]
KINDS: Any = st.sampled_from(["sorted", "tied", "timeless", "unsorted", "unsorted"])


class Adversary:
    """Deletes and adds between two requests; what it adds is newer than what it began with.

    `tied`: images may have the same time, and the endpoint shuffles those. `timeless`: what is
    added may have no time, and stands first. `unsorted`: the endpoint sorts by nothing, and what is
    added stands anywhere. In the last two, what was added is not deleted again: no answer can show
    an image that came, moved the list, and left unseen.
    """

    def __init__(
        self,
        seed: int,
        *,
        rows: int,
        kind: Kind = "sorted",
        only: Literal["", "add", "delete"] = "",
    ) -> None:
        self.random = Random(seed)
        self.kind = kind
        self.only = only
        self.time = 0
        self.number = 0
        self.images = [self._next() for _ in range(rows)]
        if kind == "unsorted":
            self.random.shuffle(self.images)
        self.time += 1
        self.stayed = {each["id"] for each in self.images}
        self.added: set[str] = set()

    def serve(self, **quirks: Any) -> PagesClient:
        if self.kind == "tied":
            quirks["shuffle_seed"] = self.random.random()
        if self.kind == "unsorted":
            quirks |= {"sort_keys": frozenset(), "unsupported_sort": "ignored"}
        self.client = PagesClient(self.images, Quirks(**quirks), before_request=self)
        return self.client

    def __call__(self, _number: int, _params: Mapping[str, str]) -> None:
        for _ in range(self.random.choice([0, 0, 1, 1, 2, 5])):
            if (self.only or self.random.choice(["add", "delete"])) == "delete":
                self._delete()
            else:
                self._add()
        self.client.show(self.images)

    def _delete(self) -> None:
        spared = self.added if self.kind in {"timeless", "unsorted"} else set()
        places = [n for n, each in enumerate(self.images) if each["id"] not in spared]
        if places:
            self.stayed.discard(self.images.pop(self.random.choice(places))["id"])

    def _add(self) -> None:
        image = self._next()
        if self.kind == "timeless" and self.random.random() < 0.5:
            del image["create_at"]
        self.added.add(image["id"])
        is_anywhere = self.kind == "unsorted"
        place = self.random.randrange(len(self.images) + 1) if is_anywhere else len(self.images)
        self.images.insert(place, image)

    def _next(self) -> dict[str, Any]:
        self.number += 1
        self.time += self.random.choice([0, 1]) if self.kind == "tied" else 1
        return {"id": f"{self.number:05}", "type": "BUILD_IN", "create_at": self.time}


BACKWARD = Order(CREATION_TIME, "ASC", is_backward=True)
FORWARD = Order(CREATION_TIME, "ASC")


def unit_of(client: PagesClient) -> Any:
    return "page" if client.quirks.offset == "page_number" else "record"


def read_back(client: PagesClient, size: int, start: int) -> list[str]:
    """The ids that a backward reading returns. Raises `ProofBroken`."""
    unit = unit_of(client)
    return read_alone(client, BACKWARD, size=size, start=start, offset_unit=unit)[1]


@given(SEEDS, st.integers(0, 24), st.integers(1, 6), KINDS, OFFSETS, st.integers(-2, 1))
@settings(max_examples=5_000 if IS_SOAK else 800)
def test_a_backward_walk_that_ends_has_seen_all_that_stayed(
    seed: int, rows: int, size: int, kind: Any, offset: Any, aside: int
) -> None:
    adversary = Adversary(seed, rows=rows, kind=kind)
    client = adversary.serve(offset=offset, past_the_end="empty")
    start = max(max(rows - 1, 0) // size + aside, 0)
    try:
        seen = read_back(client, size, start)
    except ProofBroken:
        return
    assert adversary.stayed <= set(seen)


def test_the_backward_walk_most_often_ends() -> None:
    """Or it would claim nothing by never saying anything."""
    ended = 0
    for seed in range(60):
        client = Adversary(seed, rows=30).serve(past_the_end="empty")
        try:
            read_back(client, 5, 5)
        except ProofBroken:
            continue
        ended += 1
    assert ended > 30


def test_the_forward_walk_misses_images_on_such_schedules() -> None:
    misses = 0
    for seed in range(60):
        adversary = Adversary(seed, rows=30)
        client = adversary.serve(past_the_end="empty")
        _, seen = read_alone(client, FORWARD, size=5)
        misses += bool(adversary.stayed - set(seen))
    assert misses > 20


@given(SEEDS, st.integers(0, 20), st.integers(1, 6), st.sampled_from(["delete", "add"]), OFFSETS)
def test_an_exact_reading_of_a_list_that_only_shrinks_or_only_grows_is_whole(
    seed: int, rows: int, size: int, only: Any, offset: Any
) -> None:
    """Then a constant total says that nothing was altered; what does both, may fool a reading."""
    adversary = Adversary(seed, rows=rows, kind="unsorted", only=only)
    client = adversary.serve(offset=offset, past_the_end="empty")
    try:
        reading, seen = read_alone(client, FORWARD, size=size, offset_unit=unit_of(client))
    except SourceBroken:  # it grew by a page between two requests, twice
        return
    if not reading.objections():
        assert adversary.stayed <= set(seen)


# Arbitrary responses

SIZE = 2
LETTERS = "abcdefgh"
MISTAKES = (
    *("another total", "other totals"),
    *("a row less", "a row more", "another row", "a row moved", "a page more"),
)
Script = list[tuple[int, list[str]]]  # pages: the total of each, and its ids


class ScriptedClient:
    """Returns scripted pages, a new script for each reading; it cannot sort by creation time."""

    retries = 0

    def __init__(self, readings: list[Script], *, rejects: bool) -> None:
        self.requests = 0
        self._readings = {"ASC": iter(readings[::2]), "DESC": iter(readings[1::2])}
        self._script: dict[str, Script] = {}
        self._rejects = rejects

    def get(self, path: str, params: Mapping[str, str]) -> Response:
        self.requests += 1
        if params["sort_key"] == CREATION_TIME:
            raise SourceBroken("no", status=400, error_code=UNSORTABLE)
        if params["limit"] != str(SIZE):  # a request for what follows a short first page
            return Response(200, b'{"data":[],"total":0,"current":1}', {}, "", NOW)
        number, direction = int(params["offset"]) // SIZE, params["sort_dir"]
        if number == 0:
            self._script[direction] = next(self._readings[direction])
        script = self._script[direction]
        total, ids = script[number] if number < len(script) else (script[-1][0], [])
        if number >= len(script) and self._rejects:
            raise SourceBroken("no", status=400, error_code=PAST_THE_END)
        data = [{"id": each} for each in ids]
        page = {"current": number, "size": SIZE, "total": total, "data": data}
        return Response(200, json.encode(page), {}, "", NOW)


@st.composite
def readings(draw: st.DrawFn) -> list[Script]:
    """Readings of one list, each with up to two mistakes; the total may be wrong in all of them."""
    ids = list(LETTERS[: draw(st.integers(0, 7))])
    total = max(len(ids) + draw(st.sampled_from([0, 0, 1, -1])), 0)
    pages = [ids[start : start + SIZE] for start in range(0, len(ids), SIZE)] or [[]]
    script = [(total, page) for page in pages]
    count = draw(st.integers(1, 2))
    return [_spoilt(draw, script) for _ in range(count)]


def _spoilt(draw: st.DrawFn, script: Script) -> Script:
    script = list(script)
    for mistake in draw(st.lists(st.sampled_from(MISTAKES), max_size=2)):
        place = draw(st.integers(0, len(script) - 1))
        total, ids = script[place]
        letter = draw(st.sampled_from(LETTERS))
        match mistake:
            case "another total":
                script[place] = (total + 1, ids)
            case "other totals":
                script = [(total + 1, ids) for total, ids in script]
            case "a row less":
                script[place] = (total, ids[1:])
            case "a row more":
                script[place] = (total, [*ids, letter])
            case "another row":
                script[place] = (total, [*ids[1:], letter])
            case "a row moved" if ids and place:  # to the page before, which is full
                before_total, before = script[place - 1]
                script[place - 1] = (before_total, [*before, ids[0]])
                script[place] = (total, ids[1:])
            case "a page more":
                script.append((total, [letter]))
    return script


def due(pages: list[Page], before: list[Page]) -> str:
    """The certificate that the documented rules give a forward reading, by its pages alone."""
    totals, ids = received(pages)
    last = max(len(pages), -(-max(totals) // SIZE)) - 1  # that came, or was announced
    are_full = all(len(page.records) >= SIZE for page in pages[:last])
    if len(totals) == 1 and len(ids) == len(set(ids)) and totals == {len(ids)} and are_full:
        return "exact"
    if before:
        totals_before, ids_before = received(before)
        if len(totals) == 1 and totals == totals_before and set(ids) == set(ids_before):
            return "agreed"
    return "none"


def received(pages: list[Page]) -> tuple[set[int], list[str]]:
    """The totals and ids of some pages."""
    ids = [each for page in pages for each in ids_of(page) if each]
    return {page.total for page in pages}, ids


@given(readings(), st.booleans(), st.sampled_from([1, 3]))
@example(
    scripts=[[(5, ["a", "b", "e", "c"]), (5, ["d"]), (5, ["e"])]], rejects=False, concurrency=1
)
@settings(max_examples=5_000 if IS_SOAK else 1000)
def test_a_certificate_follows_the_documented_rules(
    scripts: list[Script], rejects: bool, concurrency: int
) -> None:
    most = WalkSettings(max_walks=4)
    client = ScriptedClient(scripts * 32, rejects=rejects)
    http = {"page_size": SIZE, "concurrency": concurrency}
    try:
        walk = walked(client, walk=most, http=http)
    except SourceBroken:  # pages that repeat
        return
    [listing] = walk.walk._readers
    pages = [
        [page for page in walk.pages if page.reading == number]
        for number in range(len(listing.readings))
    ]
    certificates = [each.certificate for each in listing.readings]
    assert certificates == [
        due(reading, before) for before, reading in zip([[], *pages], pages, strict=False)
    ]
    assert set(certificates[:-1]) <= {"none"}
    assert certificates[-1] != "none" or listing.walks == most.max_walks
    assert [str(each.order) for each in listing.readings] == [
        f"updateTime {'DESC' if number % 2 else 'ASC'}" for number in range(len(certificates))
    ]
