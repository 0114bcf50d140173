"""Walks without sockets and databases: a client that answers from a catalogue in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from msgspec import json

from etl.client.http_errors import error_of
from etl.client.messages import Request, Response
from etl.config import HttpSettings, SourceSettings, WalkSettings
from etl.extract.backward import read_backward
from etl.extract.listing import ListingReader
from etl.extract.lookup import NOT_FOUND
from etl.extract.pages import OffsetUnit, Order, PageFetcher, Paging
from etl.extract.reading import Reading
from etl.extract.walk import Walk
from etl.model import Listing, Page, WalkSummary
from etl.parallel import ThreadPool
from etl.sample.catalogue import ApiError
from etl.transform import listed_rows
from tests.support.fake_api.listing import Catalogue, list_page
from tests.support.fake_api.quirks import Quirks

LISTING = Listing("BUILD_IN", "0")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BeforeRequest = Callable[[int, Mapping[str, str]], None]


class PagesClient:
    """Answers list calls, lookups and the list of workspaces; counts requests."""

    retries = 0
    clock_skew_seconds = None

    def __init__(
        self,
        images: Iterable[Any],
        quirks: Quirks | None = None,
        before_request: BeforeRequest | None = None,
        workspaces: Iterable[str] = ("0",),
    ) -> None:
        self.show(images)
        self.quirks = quirks or Quirks()
        self.before_request = before_request
        self.workspaces = list(workspaces)
        self.requests = 0
        self.received: list[Mapping[str, str]] = []

    def show(self, images: Iterable[Any]) -> None:
        """Replace the catalogue."""
        self.images = list(images)
        self._catalogue = Catalogue(self.images)

    def get(self, path: str, params: Mapping[str, str]) -> Response:
        self.requests += 1
        self.received.append(params)
        if self.before_request:
            self.before_request(self.requests, params)
        try:
            return self._response(200, self._body(path, params))
        except ApiError as error:
            body = json.encode({"error_code": error.code, "error_msg": error.message})
            request = Request("GET", path, origin="http://127.0.0.1:9")
            raise error_of(request, self._response(error.status, body)) from None

    def _body(self, path: str, params: Mapping[str, str]) -> bytes:
        if path.endswith("/workspaces"):
            found = [{"id": each} for each in self.workspaces]
            return json.encode({"total_count": len(found), "workspaces": found})
        _, _, image_id = path.partition("/images/")
        if not image_id:
            seed = self.quirks.shuffle_seed
            ties = None if seed is None else Random(f"{seed}/{self.requests}")
            return list_page(self._catalogue, params, self.quirks, ties=ties)
        if image_id not in self._catalogue.by_id:
            raise ApiError(self.quirks.missing_image_status, NOT_FOUND, "no such image")
        return json.encode(self._catalogue.by_id[image_id])

    def _response(self, status: int, body: bytes) -> Response:
        return Response(status, body, {}, f"request-{self.requests}", NOW)


def finished(call: Callable[[], Any]) -> Future[Any]:
    """The result or error of a call, as a future."""
    future: Future[Any] = Future()
    try:
        future.set_result(call())
    except Exception as error:  # raised where the result is taken
        future.set_exception(error)
    return future


class Rounds(ThreadPool[Any, Any]):
    """A pool without threads that runs its calls in rounds: as many at once as may be in flight.

    All calls of a round get their results before the next round begins, so the number of rounds is
    the number of round trips on the critical path. `largest` is the most calls of one round.
    """

    def __init__(self, threads: int, *, limit: int | None = None) -> None:
        super().__init__(0, limit=limit or threads)
        self.at_once = threads
        self.sizes: list[int] = []
        self._queue: list[tuple[Any, Callable[[], Any]]] = []
        self._done: list[tuple[Any, Future[Any]]] = []

    def submit(self, key: Any, call: Callable[[], Any]) -> None:
        self.outstanding += 1
        self._queue.append((key, call))

    def take(self) -> tuple[Any, Future[Any]]:
        if not self._done:
            self._run_round()
        self.outstanding -= 1
        return self._done.pop(0)

    def _run_round(self) -> None:
        batch, self._queue = self._queue[: self.at_once], self._queue[self.at_once :]
        self.sizes.append(len(batch))
        for key, call in batch:
            self._done.append((key, finished(call)))


@dataclass(slots=True)
class Walked:
    """A walk that was read to its end."""

    walk: Walk
    pages: list[Page] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)

    @property
    def summary(self) -> WalkSummary:
        return self.walk.summary()

    @property
    def certificate(self) -> str:
        return self.walk.certificate

    @property
    def reasons(self) -> str:
        """Why listings are not certified."""
        return str([each.get("reasons") for each in self.summary.detail["listings"]])

    @property
    def ids(self) -> list[str]:
        """The ids of all pages, sorted; duplicates stay."""
        return sorted(each for page in self.pages for each in ids_of(page) if each)

    @property
    def last_ids(self) -> list[str]:
        """The ids of each listing's last reading, sorted."""
        last: dict[Listing, int] = {}
        for page in self.pages:
            last[page.listing] = max(page.reading, last.get(page.listing, 0))
        return sorted(
            each
            for page in self.pages
            if page.reading == last[page.listing]
            for each in ids_of(page)
            if each
        )


def ids_of(page: Page) -> list[str | None]:
    """The id of each record of a page; None for one without a usable id."""
    return [row.image_id for row in listed_rows(page.records)]


def source_of(endpoint: str = "http://127.0.0.1:9", **values: Any) -> SourceSettings:
    """A source's settings; `http` as a dictionary."""
    http = HttpSettings(**{"max_retries": 0, **values.pop("http", {})})
    settings = {"types": ("BUILD_IN",), "workspaces": ("0",), **values}
    return SourceSettings(name="one", endpoint=endpoint, project_id="0" * 32, http=http, **settings)


def walked(client: Any, *, walk: WalkSettings | None = None, **source: Any) -> Walked:
    """A whole walk in this thread, request by request or round by round."""
    pools: list[Rounds] = []

    def pool(threads: int, *, limit: int) -> Rounds:
        pools.append(Rounds(threads, limit=limit))
        return pools[-1]

    result = Walked(Walk(client, source_of(**source), walk or WalkSettings(), pool=pool))
    result.pages.extend(result.walk.pages())
    result.rounds = pools[0].sizes
    return result


def read_alone(
    client: Any, order: Order, *, size: int, start: int = 0, offset_unit: OffsetUnit = "record"
) -> tuple[Reading, list[str]]:
    """One reading by itself, request by request: its counts, and the ids of its pages.

    Backward from page `start` if the order says so. Raises `ProofBroken` and `SourceError`.
    """
    fetcher = PageFetcher(client, source_of(http={"page_size": size}), LISTING)
    settings = WalkSettings(max_pages=200)
    reader = ListingReader(fetcher, Paging(offset_unit, "", 0), settings, lookahead=1)
    reading = Reading(order)
    steps = (
        read_backward(reader, reading, start=start)
        if order.is_backward
        else reader._forward(reading)
    )
    with suppress(StopIteration):
        request, *_ = next(steps)
        while True:
            request, *_ = steps.send(fetcher.fetch(request))
    reading.finish()
    return reading, [each for page in reader.take_pages() for each in ids_of(page) if each]


def images(count: int, **fields: Any) -> list[dict[str, Any]]:
    """That many images, each created a second after the one before."""
    return [
        {
            "id": f"{number:04}",
            "name": "n",
            "type": "BUILD_IN",
            "create_at": 1000 * number,
            **fields,
        }
        for number in range(count)
    ]
