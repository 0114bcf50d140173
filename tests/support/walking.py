"""Walks without a socket or a database: a client over the sample's pages, an observer of ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any

from msgspec import json

from etl.config import HttpSettings, SourceSettings, WalkSettings
from etl.extract.exchange import Answer, Request
from etl.extract.failure import error_of
from etl.extract.lookup import NOT_FOUND
from etl.extract.walk import Walk, Walker
from etl.model import Listing, Page
from etl.sample import ApiError, Quirks
from etl.sample.listing import Catalogue, list_page

LISTING = Listing("BUILD_IN", "0")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BeforeRequest = Callable[[int, Mapping[str, str]], None]


class PagesClient:
    """Answers list calls and lookups as the sample API does, in this process; counts them."""

    retries = 0

    def __init__(
        self,
        images: Iterable[Any],
        quirks: Quirks | None = None,
        before_request: BeforeRequest | None = None,
    ) -> None:
        self.show(images)
        self.quirks = quirks or Quirks()
        self.before_request = before_request
        self.requests = 0
        self.asked: list[Mapping[str, str]] = []

    def show(self, images: Iterable[Any]) -> None:
        """Another catalogue from now on."""
        self.images = list(images)
        self._catalogue = Catalogue(self.images)

    def get(self, path: str, params: Mapping[str, str]) -> Answer:
        self.requests += 1
        self.asked.append(params)
        if self.before_request:
            self.before_request(self.requests, params)
        try:
            return self._answer(200, self._body(path, params))
        except ApiError as error:
            said = json.encode({"error_code": error.code, "error_msg": error.message})
            request = Request("GET", "http://127.0.0.1:9", path)
            raise error_of(request, self._answer(error.status, said)) from None

    def _body(self, path: str, params: Mapping[str, str]) -> bytes:
        _, _, image_id = path.partition("/images/")
        if not image_id:
            seed = self.quirks.shuffle_seed
            ties = None if seed is None else Random(f"{seed}/{self.requests}")
            return list_page(self._catalogue, params, self.quirks, ties=ties)
        if image_id not in self._catalogue.by_id:
            raise ApiError(self.quirks.missing_image_status, NOT_FOUND, "no such image")
        return json.encode(self._catalogue.by_id[image_id])

    def _answer(self, status: int, body: bytes) -> Answer:
        return Answer(
            status, body, {}, f"request-{self.requests}", datetime(2026, 1, 1, tzinfo=UTC)
        )


class Gathered:
    """An observer that keeps what it is shown."""

    def __init__(self, _listing: Listing | None = None) -> None:
        self.ids: list[str] = []
        self.records: list[dict[str, Any]] = []
        self.pages: list[Page] = []
        self.nameless = 0

    @property
    def rows(self) -> int:
        return len(self.ids)

    @property
    def distinct(self) -> int:
        return len(set(self.ids))

    @property
    def doubles(self) -> int:
        return self.rows - self.distinct

    def observe(self, page: Page) -> None:
        self.pages.append(page)
        self.records += map(json.decode, page.records)
        self.ids += [record["id"] for record in self.records[len(self.ids) :]]

    def saw_same_as(self, other: Gathered) -> bool:
        return set(self.ids) == set(other.ids)

    def close(self) -> None:
        """Nothing to give back."""


def source_of(endpoint: str = "http://127.0.0.1:9", **values: Any) -> SourceSettings:
    """A source's settings; `http` as a dictionary."""
    http = HttpSettings(**{"max_retries": 0, **values.pop("http", {})})
    settings = {"types": ("BUILD_IN",), "workspaces": ("0",), **values}
    return SourceSettings(name="one", endpoint=endpoint, project_id="0" * 32, http=http, **settings)


def walked(client: Any, *, walk: WalkSettings | None = None, **source: Any) -> Walk[Gathered]:
    """The walk over one listing."""
    walker = Walker(
        client,
        source_of(**source),
        walk or WalkSettings(),
        observer_for=Gathered,
        on_page=lambda *_: None,
    )
    return walker.walk([LISTING])


def ids_of(walk: Walk[Gathered]) -> list[str]:
    """What the observers that count saw, sorted; doubles stay."""
    return sorted(image for observer in walk.observers() for image in observer.ids)


def images(count: int) -> list[dict[str, Any]]:
    """That many images, each made a second after the one before."""
    return [
        {"id": f"{number:04}", "name": "n", "type": "BUILD_IN", "create_at": 1000 * number}
        for number in range(count)
    ]
