"""Promise 5: a run's memory grows by a little for each image, whatever the pages hold.

The same run over few pages and over many, in a process of its own that counts what it takes.
"""

from __future__ import annotations

import os
import tracemalloc
import warnings
from collections.abc import Callable

import pytest

from tests.support.databases import Backend, Databases
from tests.support.fake_api import Quirks
from tests.support.syncing import Place, catalogue, place

FEW, MANY = 8, 24  # pages
PAGE_SIZE = 5
RECORD_BYTES = 16_000
EACH_BYTES = 2_000  # id, fingerprint, and what counts and keys of them take


def nothing(_here: Place) -> None:
    """All images are new."""


def change(here: Place) -> None:
    here.sync()
    here.api.images = catalogue(len(here.api.images), description="b" * RECORD_BYTES)


def mislead(here: Place) -> None:
    """All are as they were, and are read twice, since the total lies."""
    here.sync()
    here.api.quirks = Quirks(total=lambda rows: rows + 1, sort_keys=frozenset())


def peak_bytes(work: Callable[[], object]) -> int:
    """The most memory that `work` takes at once, as Python counts it."""
    told, tell = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the server's threads stay behind
        child = os.fork()
    if not child:
        try:
            tracemalloc.start()
            work()
            os.write(tell, b"%d" % tracemalloc.get_traced_memory()[1])
        finally:
            os._exit(0)
    os.close(tell)
    os.waitpid(child, 0)
    with open(told, encoding="ascii") as answer:
        return int(answer.read())


@pytest.mark.parametrize("prepare", [nothing, change, mislead])
def test_memory_does_not_grow_with_the_pages(
    prepare: Callable[[Place], None],
    backend: Backend,
    databases: Databases,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("etl.load.versions.BATCH", 20)  # what is written at once is held at once
    monkeypatch.setattr("etl.load.events._BLOCK", 20)
    peaks = []
    for pages in (FEW, MANY):
        images = catalogue(pages * PAGE_SIZE, description="a" * RECORD_BYTES)
        with databases.migrated(backend) as url, place(url, images) as here:
            here.cover(http={"page_size": PAGE_SIZE, "concurrency": 1})
            prepare(here)
            peaks.append(peak_bytes(here.sync))
            assert here.sync().facts.pages >= pages
    assert peaks[1] - peaks[0] < (MANY - FEW) * PAGE_SIZE * EACH_BYTES
