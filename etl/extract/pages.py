"""Requests for the pages of a listing, and what their responses say about paging.

The API reference calls `offset` a record offset, the server was seen to round it down to a page,
and sibling endpoints take it as a page number, counted from 0 or 1. So only multiples of one page
size are requested, and the responses' `size` and `current` show the rest.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeVar

from etl.client.http_errors import broken_response
from etl.client.messages import quoted
from etl.errors import SourceBroken
from etl.model import Listing
from etl.transform import ListedRow, listed_rows, split_page

if TYPE_CHECKING:
    import msgspec

    from etl.client.http_client import Client
    from etl.config import SourceSettings

PAST_THE_END: Final = "ModelArts.6400"
UNSORTABLE: Final = "ModelArts.6303"
CREATION_TIME: Final = "createTime"

OffsetUnit = Literal["auto", "record", "page"]


class Order(NamedTuple):
    """The order of a listing; without a key it is the endpoint's own.

    `is_backward`: its pages are read from last to first.
    """

    sort_key: str = ""
    sort_dir: str = "ASC"
    is_backward: bool = False

    def __str__(self) -> str:
        return f"{self.sort_key or 'unsorted'} {self.sort_dir}"


@dataclass(slots=True)
class Paging:
    """What is known about an endpoint; shared by all listings of a source.

    `unit` is what `offset` counts; "auto" as long as neither the configuration nor a response has
    shown it. `first_page` is the number of the first page according to `current`, None while no
    response had a `current`. `sort_key` becomes empty, and `sorts_by_creation` false, when the
    endpoint turns out not to sort so.
    """

    unit: OffsetUnit
    sort_key: str
    first_page: int | None = None
    sorts_by_creation: bool = True

    def index(self, number: int) -> int:
        """What the endpoint calls page `number` (counted from 0)."""
        return (self.first_page or 0) + number

    def offset(self, number: int, size: int) -> int:
        """The offset of page `number`."""
        return self.index(number) if self.unit == "page" else number * size


class PageRequest(NamedTuple):
    """One request for page `number` of a listing."""

    number: int
    order: Order
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class PageReply:
    """One page as it was received, with each row's id and creation time."""

    records: list[msgspec.Raw]
    rows: list[ListedRow]
    total: int
    size: int | None
    current: int | None

    @property
    def image_ids(self) -> list[str | None]:
        return [row.image_id for row in self.rows]

    def rows_as_received(self) -> list[bytes]:
        """The bytes of each record."""
        return [*map(bytes, self.records)]

    def has_same_rows(self, other: PageReply) -> bool:
        """Whether two pages consist of the same records; an empty page is like no other."""
        if not (self.records and other.records):
            return False
        is_first_same = bytes(self.records[0]) == bytes(other.records[0])  # usually it is not
        return is_first_same and self.rows_as_received() == other.rows_as_received()


Result = TypeVar("Result")
Steps = Generator[Sequence[PageRequest], PageReply | None, Result]
"""Logic that yields the requests it wants, and receives the reply to the first of them."""


class UnsortableError(Exception):
    """The endpoint rejected the sort key of a request."""


@dataclass(frozen=True, slots=True)
class PageFetcher:
    """Fetches the pages of one listing; `order` is its place among the source's listings."""

    client: Client
    source: SourceSettings
    listing: Listing
    order: int = 0

    @property
    def path(self) -> str:
        return f"/v1/{quoted(self.source.project_id)}/images"

    def fetch(self, request: PageRequest) -> PageReply | None:
        """The page, or None if the server reports that it is past the end of the list.

        Raises `SourceError`, or `UnsortableError` if the sort key is not supported.
        """
        part = {"limit": str(request.limit), "offset": str(request.offset)}
        try:
            response = self.client.get(self.path, {**self._params(request.order), **part})
        except SourceBroken as error:
            if error.status == 400 and error.error_code == PAST_THE_END:
                return None
            if error.status == 400 and error.error_code == UNSORTABLE and request.order.sort_key:
                raise UnsortableError(request.order.sort_key) from error
            raise
        try:
            page = split_page(response.body)
        except SourceBroken as error:
            hint = "check endpoint, or report the request id to the service's support"
            cause = f"{error.message} ({self.listing})"
            raise broken_response(response, cause, hint=hint) from None
        rows = listed_rows(page.data, body=response.body)
        return PageReply(page.data, rows, page.total, page.size, page.current)

    def fetch_first(self, limit: int = 0) -> PageReply:
        """The first page in the endpoint's own order, by itself. Raises `SourceError`."""
        limit = limit or self.source.http.page_size
        for offset in (0, 1):  # an endpoint that counts pages from 1 may reject 0
            if reply := self.fetch(PageRequest(0, Order(), limit, offset)):
                return reply
        raise SourceBroken(f"the first page was rejected: {self}")

    def _params(self, order: Order) -> dict[str, str]:
        source = self.source
        params = {"type": self.listing.type, "workspace_id": self.listing.workspace_id}
        if order.sort_key:
            params |= {"sort_key": order.sort_key, "sort_dir": order.sort_dir}
        if source.name_filter:
            fuzzy = "true" if source.name_fuzzy else "false"
            params |= {"name": source.name_filter, "name_fuzzy_match": fuzzy}
        if source.namespace:
            params["namespace"] = source.namespace
        if source.service_type:
            params["service_type"] = source.service_type
        return params

    def __str__(self) -> str:
        return f"GET {self.path} ({self.listing})"


class Pager:
    """The pages of one listing, and what they show about the endpoint's paging.

    `size` is the number of rows of a page.
    """

    def __init__(self, fetcher: PageFetcher, paging: Paging) -> None:
        self.size = fetcher.source.http.page_size
        self.paging = paging
        self._name = str(fetcher)

    def request(self, order: Order, number: int, *, size: int = 0) -> PageRequest:
        """A request for a page; `size`: another page size than the listing's."""
        size = size or self.size
        return PageRequest(number, order, size, self.paging.offset(number, size))

    def first_page(self, order: Order) -> Steps[PageReply]:
        """The first page. An endpoint that counts pages from 1 may reject offset 0."""
        paging = self.paging
        request = self.request(order, 0)
        reply = yield [request]
        if reply is None and paging.unit != "record" and request.offset == 0:
            reply = yield [request._replace(offset=1)]
            if reply is not None:
                paging.unit, paging.first_page = "page", 1
        if reply is None:
            raise SourceBroken(f"the first page was rejected: {self._name}")
        if reply.size and reply.size < self.size:
            self.size = reply.size
        if paging.first_page is None and reply.current in {0, 1}:
            paging.first_page = reply.current
        return reply

    def page(
        self, request: PageRequest, ahead: Sequence[PageRequest] = (), *, is_trial: bool = False
    ) -> Steps[PageReply | None]:
        """A page after the first; None if it is past the end.

        `current` shows whether `offset` counts records or pages. `is_trial`: the page is probably
        past the end, so that a rejection shows nothing.
        """
        reply = yield [request, *ahead]
        paging = self.paging
        latest = self.request(request.order, request.number, size=request.limit)
        if request != latest:  # another listing has shown in the meantime what `offset` counts
            request = latest
            reply = yield [request, *ahead]
        expected = paging.index(request.number)
        if reply is not None and reply.current in {None, expected}:
            # The last page shows nothing: an endpoint may return it for all that is past the end.
            is_inner = (request.number + 1) * request.limit < reply.total
            is_telling = reply.current is not None and request.offset != expected and is_inner
            if paging.unit == "auto" and is_telling:
                paging.unit = "record"
            return reply
        may_be_number = reply is not None or (paging.first_page is not None and not is_trial)
        if paging.unit == "auto" and may_be_number:
            return (yield from self.page_by_number(request, ahead))
        if reply is None:
            return None
        raise SourceBroken(
            f"requested page {expected} with offset {request.offset},"
            f" received page {reply.current}: {self._name}",
            hint="set walk.offset_unit; `image-sync probe` shows how the endpoint pages",
        )

    def page_by_number(
        self, request: PageRequest, ahead: Sequence[PageRequest] = ()
    ) -> Steps[PageReply | None]:
        """The page by its number, in case `offset` counts pages; None if it is past the end."""
        index = self.paging.index(request.number)
        reply = yield [request._replace(offset=index), *ahead]
        if reply is None or reply.current is None:
            return None
        self.paging.unit = "page" if reply.current == index else "record"
        return reply if reply.current == index else None
