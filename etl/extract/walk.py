"""A walk: one complete read of all listings of a source, as a stream of pages.

All listings (types × workspaces) and their pages share one pool of `http.concurrency` threads.
The list of workspaces and the first pages of workspace 0 are requested in the first round,
everything else as soon as it is known. Pages of one listing come in order, listings interleave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from etl.extract.listing import ListingReader
from etl.extract.pages import OffsetUnit, PageFetcher, PageReply, PageRequest, Paging, Steps
from etl.extract.projects import DEFAULT_WORKSPACE, fetch_workspaces
from etl.model import Certificate, Listing, Page, WalkSummary
from etl.parallel import ThreadPool

if TYPE_CHECKING:
    from concurrent.futures import Future

    from etl.client.http_client import Client
    from etl.config import SourceSettings, WalkSettings

STRENGTH: Final[tuple[Certificate, ...]] = ("none", "agreed", "ordered", "exact")
_SUMMED: Final = (
    *("total_first", "total_last", "total_lowest", "total_highest", "rows", "distinct"),
    *("duplicates", "short_pages", "past_the_end", "restarts"),
)
_Key = tuple["_Listing", PageRequest] | None  # None: the list of workspaces


class _Listing:
    """A listing in progress: the requests that its reader wants, and replies not used yet."""

    def __init__(self, reader: ListingReader) -> None:
        self.reader = reader
        self._steps: Steps[None] = reader.steps()
        self._wanted: Sequence[PageRequest] = next(self._steps)
        self._sent: dict[PageRequest, PageRequest] = {}
        self._replies: dict[PageRequest, Future[PageReply | None]] = {}

    @property
    def is_done(self) -> bool:
        return not self._wanted

    def next_request(self) -> PageRequest | None:
        """The next request to send, if there is one now."""
        for request in self._wanted:
            if request not in self._sent:
                self._sent[request] = request
                return request
        return None

    def receive(self, request: PageRequest, reply: Future[PageReply | None]) -> list[Page]:
        """The pages that are complete with this reply. Raises `SourceError`.

        The reply to a request that was dropped in the meantime is ignored, although the same
        request may have been sent again.
        """
        if self._sent.get(request) is request:
            self._replies[request] = reply
        while self._wanted and self._wanted[0] in self._replies:
            self._advance(self._replies[self._wanted[0]])
        return self.reader.take_pages()

    def _advance(self, reply: Future[PageReply | None]) -> None:
        used = self._wanted[0]
        try:
            if error := reply.exception():
                self._wanted = self._steps.throw(error)
            else:
                self._wanted = self._steps.send(reply.result())
        except StopIteration:
            self._wanted = ()
        for request in (used, *(self._sent.keys() - {*self._wanted})):
            self._sent.pop(request, None)
            self._replies.pop(request, None)


class Walk:
    """Reads all listings of one source, each as often as it takes to certify it.

    `pages` is iterated once; `certificate` and `summary` are valid after its end. Closing the
    iterator early cancels the requests.
    """

    def __init__(
        self,
        client: Client,
        source: SourceSettings,
        settings: WalkSettings,
        *,
        pool: Callable[..., ThreadPool[Any, Any]] = ThreadPool,
    ) -> None:
        self._client = client
        self._source = source
        self._settings = settings
        self._pool = pool
        unit = cast("OffsetUnit", settings.offset_unit)  # its rule permits no other value
        self._paging = Paging(unit, settings.sort_key)
        self._readers: list[ListingReader] = []
        self._active: list[_Listing] = []

    def pages(self) -> Iterator[Page]:
        """Every page of every listing and reading. Raises `SourceError`."""
        threads = self._source.http.concurrency
        with self._pool(threads, limit=threads if threads == 1 else 2 * threads) as pool:
            self._begin(pool)
            self._submit(pool)
            while pool.outstanding:
                key, reply = pool.take()
                if key is None:
                    self._add(reply.result()[1:])
                else:
                    listing, request = key
                    yield from listing.receive(request, reply)
                self._submit(pool)

    @property
    def certificate(self) -> Certificate:
        """The weakest of the listings' certificates."""
        return min((each.certificate for each in self._readers), key=STRENGTH.index)

    def summary(self) -> WalkSummary:
        """The result of the walk."""
        readers = self._readers
        return WalkSummary(
            certificate=self.certificate,
            walks=max(each.walks for each in readers),
            pages=sum(each.pages for each in readers),
            reported_total=sum(each.readings[-1].total_last for each in readers),
            listings=tuple(each.listing for each in readers),
            empty_listings=frozenset(
                each.listing for each in readers if not each.readings[-1].rows
            ),
            detail=self._detail(),
        )

    def _begin(self, pool: ThreadPool[_Key, Any]) -> None:
        """Start with what is known, and request the workspaces if all are to be read."""
        if self._source.workspaces == ("*",):
            pool.submit(None, partial(fetch_workspaces, self._client, self._source.project_id))
            self._add([DEFAULT_WORKSPACE])
        else:
            self._add(self._source.workspaces)

    def _add(self, workspaces: Iterable[str]) -> None:
        lookahead = 2 * self._source.http.concurrency
        for workspace in workspaces:
            for type_ in self._source.types:
                listing, order = Listing(type_, workspace), len(self._readers)
                fetcher = PageFetcher(self._client, self._source, listing, order)
                reader = ListingReader(fetcher, self._paging, self._settings, lookahead=lookahead)
                self._readers.append(reader)
                self._active.append(_Listing(reader))

    def _submit(self, pool: ThreadPool[_Key, Any]) -> None:
        """Fill the pool, earlier listings first."""
        self._active = [each for each in self._active if not each.is_done]
        for each in self._active:
            while pool.has_room and (request := each.next_request()):
                pool.submit((each, request), partial(each.reader.fetcher.fetch, request))
            if not pool.has_room:
                return

    def _detail(self) -> dict[str, Any]:
        listings = [each.detail() for each in self._readers]
        sums = {name: sum(cast("int", each[name]) for each in listings) for name in _SUMMED}
        return {**sums, "listings": listings}
