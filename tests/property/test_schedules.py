"""Whole runs, through the database, over a catalogue that is altered between any two requests.

Nothing that is there may ever be removed; once the catalogue is quiet, the record must be right
within three runs. The rule that most loaders have (what the pages did not show is gone) is tried on
the same schedules, as a control: there images must be lost, or the schedules show nothing.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from itertools import count

import msgspec
import pytest

from etl.config import WalkSettings
from etl.errors import SourceError
from etl.extract.walk import Walk
from tests.support.counts import add_count
from tests.support.databases import Backend, Databases
from tests.support.fake_api import Quirks, Request
from tests.support.rehearsal import rehearsal
from tests.support.schedules import TYPES, Facts, Figures, World, drawn, facts_of, play
from tests.support.syncing import catalogue, image, place
from tests.support.walking import PagesClient, source_of

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
SCHEDULES: dict[Backend, int] = (
    {"sqlite": 2000, "postgresql": 300} if IS_SOAK else {"sqlite": 20, "postgresql": 4}
)


class Naive:
    """A loader that believes each forward reading: what it did not show is gone."""

    def __init__(self, world: World) -> None:
        self.client = PagesClient(world.images, world.quirks)
        self.client.before_request = lambda *_: self.client.show(world.alter())
        http = {"page_size": world.schedule.page_size, "concurrency": 1}
        self.source = source_of(types=TYPES[: world.schedule.types], http=http)
        self.record: dict[str, Facts] = {}
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        try:
            shown = {facts[0]: facts for facts in self._read()}
        except SourceError:
            return
        self.counts.update(key for key in shown if self.record.get(key) != shown[key])
        self.record = shown

    def present(self) -> list[Facts]:
        return list(self.record.values())

    def versions(self) -> Counter[str]:
        return self.counts

    def _read(self) -> Iterable[Facts]:
        walk = Walk(self.client, self.source, WalkSettings(max_walks=1))  # type: ignore[arg-type]  # a stand-in
        for page in walk.pages():
            records = map(msgspec.json.decode, page.records)
            yield from (facts_of(each) for each in records if each["status"] != "DELETED")


def tried(databases: Databases, backend: Backend) -> Figures:
    """What comes of the schedules on one kind of database."""
    figures = Figures()
    for number in range(SCHEDULES[backend]):
        world = World(drawn(number))
        with databases.migrated(backend) as url, rehearsal(world, url) as reader:
            came = play(world, reader)
            reader.verify()
        assert came.mistakes == 0, f"schedule {number}: {came}\n{world.schedule}"
        figures += came
    return figures


def tell(reader: str, figures: Figures, capsys: pytest.CaptureFixture[str]) -> None:
    """The line that a soak is run for."""
    add_count("schedules", reader=reader, **figures.told())
    if IS_SOAK:
        with capsys.disabled():
            print(f"\n{reader}: {figures}")  # noqa: T201


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_no_image_is_lost_or_removed_while_it_is_there(
    databases: Databases, backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tried(databases, backend)
    tell(f"image-sync, {backend}", figures, capsys)
    assert figures.settled >= figures.schedules / 2


def test_the_naive_rule_removes_images_that_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Or the schedules are none that could lose anything."""
    figures = Figures()
    for number in range(SCHEDULES["sqlite"]):
        world = World(drawn(number))
        figures += play(world, Naive(world))
    tell("absent is removed", figures, capsys)
    assert figures.false_removals > figures.schedules / 2


@pytest.mark.parametrize(("evidence", "is_fooled"), [("two_walks", True), ("lookup", False)])
def test_who_knows_the_reader_can_fool_two_walks_and_no_lookup(
    databases: Databases, evidence: str, is_fooled: bool
) -> None:
    """Each run, an image slips from a page not yet read to one that is; all adds up all the same.

    This is no schedule of chance: the adversary knows when each page is read.
    """
    with databases.migrated("sqlite") as url, place(url, catalogue(5)) as here:
        here.cover(http={"page_size": 2, "concurrency": 1})
        here.removals = {"evidence": evidence}
        here.sync()
        _, second, slipping, *rest = here.api.images
        numbers = count(5)

        def slip(request: Request) -> None:
            if request.query.get("offset") == "0":
                here.api.images = [image(next(numbers)), second, slipping, *rest]
            elif request.query.get("offset") == "2":
                here.api.images = [second, slipping, *rest, image(next(numbers))]

        here.api.quirks = Quirks(sort_keys=frozenset())
        here.api.before_request = slip
        outcomes = [here.sync() for _ in range(2)]
        assert [each.facts.certificate for each in outcomes] == ["exact", "exact"]
        assert slipping in here.api.images
        assert (slipping["id"] not in here.present()) == is_fooled
