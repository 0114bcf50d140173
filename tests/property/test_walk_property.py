"""An adversary alters the catalogue between any two requests: what may a walk still claim?

The naive rule (what a forward walk did not show is gone) is tried on the same schedules, as a
control: there the adversary must win, or it is none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from etl.extract.backward import ProofBroken, read_backward
from etl.extract.forward import read_forward
from etl.extract.paging import CREATION, Order, Pager, Style
from etl.sample import Quirks
from tests.support.databases import Backend, Databases
from tests.support.syncing import Place, catalogue, place
from tests.support.walking import LISTING, Gathered, PagesClient, source_of

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
OFFSETS: Any = st.sampled_from(["pages", "records", "page_number"])
SEEDS = st.integers(0, 2**32)


def made(number: int, created_at: int) -> dict[str, Any]:
    return {"id": f"{number:05}", "name": "n", "type": "BUILD_IN", "create_at": created_at}


class Appender:
    """Deletes anywhere, appends at the end (at times in the same millisecond), over a client."""

    def __init__(self, seed: int, *, rows: int, ties: bool) -> None:
        self.random = Random(seed)
        self.ties = ties
        self.time = 0
        self.number = 0
        self.images = [self._next() for _ in range(rows)]
        self.stayed = {each["id"] for each in self.images}

    def serve(self, **quirks: Any) -> PagesClient:
        self.client = PagesClient(self.images, Quirks(**quirks), before_request=self)
        return self.client

    def __call__(self, _number: int, _params: Mapping[str, str]) -> None:
        for _ in range(self.random.choice([0, 0, 1, 1, 2, 5])):
            if self.images and self.random.random() < 0.5:
                place = self.random.randrange(len(self.images))
                self.stayed.discard(self.images.pop(place)["id"])
            else:
                self.images.append(self._next())
        self.client.show(self.images)

    def _next(self) -> dict[str, Any]:
        self.number += 1
        self.time += self.random.choice([0, 1]) if self.ties else 1
        return made(self.number, self.time)


def pager_of(client: PagesClient, size: int) -> Pager:
    source = source_of(http={"page_size": size})
    style = Style(size=size, by_number=client.quirks.offset == "page_number", is_certain=True)
    return Pager(client, source, LISTING, style=style, order=Order(CREATION, "ASC"))  # type: ignore[arg-type]


@given(SEEDS, st.integers(0, 40), st.integers(1, 9), st.booleans(), OFFSETS)
@settings(max_examples=5000 if IS_SOAK else 500)
def test_a_backward_walk_that_ends_has_seen_all_that_stayed(
    seed: int, rows: int, size: int, ties: bool, offset: Any
) -> None:
    adversary = Appender(seed, rows=rows, ties=ties)
    shuffle = seed if ties else None
    client = adversary.serve(offset=offset, past_the_end="empty", shuffle_seed=shuffle)
    seen = Gathered()
    try:
        read_backward(
            pager_of(client, size),
            seen,
            start=max(rows - 1, 0) // size,
            max_pages=200,
            on_page=lambda *_: None,
        )
    except ProofBroken:
        return
    assert adversary.stayed <= set(seen.ids)


def test_the_backward_walk_most_often_ends() -> None:
    """Or it would claim nothing by never saying anything."""
    ended = 0
    for seed in range(60):
        client = Appender(seed, rows=30, ties=False).serve(past_the_end="empty")
        try:
            read_backward(
                pager_of(client, 5), Gathered(), start=5, max_pages=200, on_page=lambda *_: None
            )
        except ProofBroken:
            continue
        ended += 1
    assert ended > 30


def test_the_forward_walk_misses_images_on_such_schedules() -> None:
    misses = 0
    for seed in range(60):
        adversary = Appender(seed, rows=30, ties=False)
        client = adversary.serve(past_the_end="empty")
        seen = Gathered()
        read_forward(
            pager_of(client, 5), seen, concurrency=1, max_pages=200, on_page=lambda *_: None
        )
        misses += bool(adversary.stayed - set(seen.ids))
    assert misses > 20


class Mutator:
    """Deletes, adds, changes and reorders anything between two requests; knows who lived."""

    def __init__(self, here: Place, seed: int) -> None:
        self.here = here
        self.random = Random(seed)
        self.number = 1000
        self.budget = 0
        self.lived: set[str] = set()

    def begin(self, budget: int) -> None:
        """A run begins: so many alterations at most, then the catalogue is quiet."""
        self.budget = budget
        self.lived = {each["id"] for each in self.here.api.images}

    def __call__(self, _request: Any) -> None:
        images = list(self.here.api.images)
        for _ in range(min(self.budget, self.random.choice([0, 0, 1, 2, 4]))):
            self.budget -= 1
            self._alter(images)
        self.here.api.images = images
        self.lived &= {each["id"] for each in images}

    def _alter(self, images: list[Any]) -> None:
        place = self.random.randrange(len(images))
        match self.random.choice(["delete", "replace", "add", "change", "move"]):
            case "delete" if len(images) > 3:
                images.pop(place)
            case "replace" if len(images) > 3:  # the total stays as it is
                images.pop(place)
                images.insert(self.random.randrange(len(images) + 1), self._new())
            case "add":
                images.insert(place, self._new())
            case "change":
                images[place] = {**images[place], "name": f"name {self.random.random()}"}
            case "move":
                images.insert(self.random.randrange(len(images)), images.pop(place))

    def _new(self) -> dict[str, Any]:
        self.number += 1
        created_at = self.random.randrange(1_600_000_000_000, 1_700_000_000_000)
        return made(self.number, created_at) | {"update_at": created_at}


def check_schedule(databases: Databases, backend: Backend, case: tuple[Any, ...]) -> None:
    seed, rows, size, quirks = case
    with databases.migrated(backend) as url, place(url, catalogue(rows), quirks=quirks) as here:
        here.cover(http={"page_size": size, "concurrency": 1 + seed % 3})
        here.removals = {"always_allow": 10_000}
        here.api.before_request = mutator = Mutator(here, seed)
        for budget in (0, 12, 30):
            mutator.begin(budget)
            before = here.present()
            here.run()
            assert not (mutator.lived & before) - here.present(), "a living image was removed"
        for _ in range(3):
            mutator.begin(0)
            here.run()
        served = {each["id"]: each["name"] for each in here.api.images}
        rows_now = here.rows("select image_id, name from images where state = 'present'")
        assert len(rows_now) == len(served)
        assert {row["image_id"]: row["name"] for row in rows_now} == served


def quirks_of(offset: Any, end: Any, sort_keys: frozenset[str], shuffle: int | None) -> Quirks:
    return Quirks(offset=offset, past_the_end=end, sort_keys=sort_keys, shuffle_seed=shuffle)


QUIRKS = st.builds(
    quirks_of,
    OFFSETS,
    st.sampled_from(["error", "strict", "empty"]),
    st.sampled_from([frozenset(), frozenset({"updateTime"}), frozenset({"createTime"})]),
    st.none(),
)
CASES = st.tuples(SEEDS, st.integers(4, 20), st.integers(2, 7), QUIRKS)


@given(CASES)
@settings(max_examples=2000 if IS_SOAK else 8)
def test_no_living_image_is_removed_and_nothing_is_lost(
    databases: Databases, case: tuple[Any, ...]
) -> None:
    check_schedule(databases, "sqlite", case)


@given(CASES)
@settings(max_examples=300 if IS_SOAK else 2)
def test_the_same_on_postgresql(databases: Databases, case: tuple[Any, ...]) -> None:
    check_schedule(databases, "postgresql", case)
