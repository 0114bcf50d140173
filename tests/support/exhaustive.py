"""Exhaustive checking: every schedule of a few changes to a small catalogue while it is walked.

A schedule says which catalogue each request of a walk meets. It is explored by running the walk
again for each alternative: before any request, the catalogue may become any other one that is up to
N changes away. An alternative that does not alter the response to that request is not run, because
it is the same as the change happening later, or never; it counts as covered.

The walk, the readings and the decision are the program's own. Only the fetching of a page is
replaced, so that a walk takes a fraction of a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from msgspec import Raw

from etl.config import WalkSettings
from etl.decide.removal import GuardPolicy, SourceState, classify_absences, decide_removals
from etl.errors import SourceError
from etl.extract import walk as walk_module
from etl.extract.pages import CREATION_TIME, PageReply, PageRequest, UnsortableError
from etl.extract.walk import Walk
from etl.model import AbsentImage, Listing, Lookup, Page, WalkSummary
from etl.parallel import ThreadPool
from etl.transform import ListedRow
from tests.support.walking import finished, ids_of, source_of

TYPES = ("BUILD_IN", "DEDICATED")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Offset = Literal["pages", "records", "page_number"]


class Img(NamedTuple):
    """An image; `created` and `updated` order it, `listing` is the number of its listing."""

    name: int
    listing: int
    created: int
    updated: int


Catalogue = tuple[Img, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One configuration whose schedules are explored.

    `sorts`: the endpoint sorts by creation and update time; otherwise it cannot sort and keeps its
    own order. `total`: right, or that before the last change. `changes`: at most so many.
    """

    images: int
    changes: int
    page_size: int
    offset: Offset
    listings: int = 1
    concurrency: int = 1
    sorts: bool = False
    total: Literal["right", "delayed"] = "right"

    @property
    def start(self) -> Catalogue:
        return tuple(
            Img(number, number % self.listings, number, number) for number in range(self.images)
        )


def changed(catalogue: Catalogue, scope: Scope, time: int) -> Iterator[Catalogue]:
    """The catalogues that are one change away; a new image is the newest."""
    name = max((each.name for each in catalogue), default=0) + time
    for listing in range(scope.listings):
        new = Img(name, listing, time, time)
        yield (*catalogue, new)
        yield (new._replace(updated=-time), *catalogue)
    for place, image in enumerate(catalogue):
        rest = catalogue[:place] + catalogue[place + 1 :]
        yield rest
        yield (*catalogue[:place], image._replace(updated=time), *catalogue[place + 1 :])
        for listing in range(scope.listings):
            moved = image._replace(updated=time, listing=listing)
            yield (*rest, moved)
            yield (moved._replace(updated=-time), *rest)


@cache
def reachable(catalogue: Catalogue, scope: Scope, changes: int, time: int) -> dict[Catalogue, int]:
    """Every catalogue that is up to `changes` changes away, with the fewest changes it takes."""
    distance = {catalogue: 0}
    frontier = [catalogue]
    for count in range(1, changes + 1):
        found = []
        for each in frontier:
            for other in changed(each, scope, time * 10 + count):
                if other not in distance:
                    distance[other] = count
                    found.append(other)
        frontier = found
    del distance[catalogue]
    return distance


@cache
def record_of(image: Img) -> tuple[Raw, ListedRow]:
    text = b'{"id":"%d","create_at":%d,"update_at":%d}' % (image.name, image.created, image.updated)
    return Raw(text), ListedRow(str(image.name), image.created)


@dataclass(slots=True)
class Endpoint:
    """Answers the requests of a walk; request N meets `schedule[N]`, or what there was before."""

    scope: Scope
    schedule: dict[int, Catalogue]
    seen: list[tuple[int, PageRequest]] = field(default_factory=list)
    catalogue: Catalogue = ()
    before: Catalogue = ()

    def __post_init__(self) -> None:
        self.catalogue = self.before = self.scope.start

    def fetch(self, listing: int, request: PageRequest) -> PageReply | None:
        number = len(self.seen)
        self.seen.append((listing, request))
        if number in self.schedule:
            self.before, self.catalogue = self.catalogue, self.schedule[number]
        return page(self.scope, self.catalogue, self.before, listing, request)


def page(
    scope: Scope, catalogue: Catalogue, before: Catalogue, listing: int, request: PageRequest
) -> PageReply | None:
    """The response to a request."""
    key = request.order.sort_key
    if key and not scope.sorts:
        raise UnsortableError(key)
    rows = [each for each in catalogue if each.listing == listing]
    if key:
        rows.sort(
            key=lambda each: each.created if key == CREATION_TIME else each.updated,
            reverse=request.order.sort_dir == "DESC",
        )
    limit = request.limit
    if scope.offset == "page_number":
        start = request.offset * limit
    else:
        start = request.offset if scope.offset == "records" else request.offset // limit * limit
    end = min(start + limit, len(rows))
    if start > end:
        return None
    current = start // limit
    total = len(rows)
    if scope.total == "delayed":
        total = sum(each.listing == listing for each in before)
    found = [record_of(each) for each in rows[start:end]]
    return PageReply([raw for raw, _ in found], [row for _, row in found], total, limit, current)


class Fetcher:
    """Takes the place of `PageFetcher` in a walk."""

    def __init__(self, client: Any, source: Any, listing: Listing, order: int) -> None:
        self.endpoint: Endpoint = client
        self.source = source
        self.listing = listing
        self.order = order

    def fetch(self, request: PageRequest) -> PageReply | None:
        return self.endpoint.fetch(self.order, request)

    def __str__(self) -> str:
        return str(self.listing)


class Serial(ThreadPool[Any, Any]):
    """A pool without threads: calls run one after the other, in the order of their submission."""

    def __init__(self, threads: int, *, limit: int) -> None:
        super().__init__(0, limit=min(limit, threads))
        self.done: list[tuple[Any, Future[Any]]] = []

    def submit(self, key: Any, call: Any) -> None:
        self.outstanding += 1
        self.done.append((key, finished(call)))

    def take(self) -> tuple[Any, Future[Any]]:
        self.outstanding -= 1
        return self.done.pop(0)


@dataclass(slots=True)
class Outcome:
    """One walk under a schedule."""

    scope: Scope
    endpoint: Endpoint
    pages: list[Page]
    walk: Walk | None  # None: the listing could not be read

    def check(self) -> None:
        """Check the certificates and the decision."""
        if self.walk is None:
            return
        for reader in self.walk._readers:
            order = reader.fetcher.order
            readings: dict[int, list[Page]] = {}
            for each in self.pages:
                if each.order == order:
                    readings.setdefault(each.reading, []).append(each)
            if len(readings) > len(reader.readings):  # a backward reading that proved nothing
                del readings[1]
            self._check_certificate(reader.certificate, [*readings.values()], order)
        if self.walk.certificate != "none":
            self._check_removals(self.walk.summary())

    def _check_certificate(self, name: str, readings: list[list[Page]], order: int) -> None:
        pages = readings[-1]
        totals = {each.total for each in pages}
        ids = [image_id for each in pages for image_id in ids_of(each)]
        size = self.scope.page_size
        match name:
            case "exact":
                assert totals == {len(set(ids))} == {len(ids)}
                assert all(len(each.records) == size for each in pages[:-1])
                assert [each.number for each in pages] == [*range(len(pages))]
            case "ordered":
                assert self.stayed(order) <= set(ids) or self.has_old_arrival(order)
            case "agreed":
                before = readings[-2]
                assert len(totals | {each.total for each in before}) == 1
                assert set(ids) == {image_id for each in before for image_id in ids_of(each)}

    def stayed(self, listing: int) -> set[str | None]:
        """The images that were in a listing throughout."""
        states = [self.scope.start, *self.endpoint.schedule.values()]
        return set.intersection(
            *({str(each.name) for each in state if each.listing == listing} for state in states)
        )

    def has_old_arrival(self, listing: int) -> bool:
        """Whether an image with an old creation time came from the other listing.

        No response shows this, so the proof of a backward reading excludes it (see
        etl/extract/backward.py). It is why an absent image is looked up.
        """
        states = [self.scope.start, *self.endpoint.schedule.values()]
        return any(
            each.listing == listing and each not in before and each.created < len(self.scope.start)
            for before, state in pairwise(states)
            for each in state
            if each.name not in {one.name for one in before if one.listing == listing}
        )

    def _check_removals(self, summary: WalkSummary) -> None:
        """With the lookups of absent images, nothing is removed that still exists."""
        listings = [str(each) for each in summary.listings]
        seen = {image_id for each in self.pages for image_id in ids_of(each)}
        absent = [
            AbsentImage(each.name, str(each.name), *([None] * 7))
            for each in self.scope.start
            if str(each.name) not in seen
        ]
        living = {each.name for each in self.endpoint.catalogue}
        decision = decide_removals(
            classify_absences(
                [_in_listing(each, listings[0]) for each in absent],
                coverage=None,
                listings=listings,
            ),
            {
                each.image_key: Lookup("found" if each.image_key in living else "not_found", {})
                for each in absent
            },
            listed_deleted=(),
            state=SourceState(
                walked_before=listings,
                empty_listings={str(each) for each in summary.empty_listings},
                present_count=len(self.scope.start),
            ),
            policy=GuardPolicy(always_allow=5, max_count=500, max_percent=10, accepts_all=True),
            at=NOW,
        )
        assert not {each.image.image_key for each in decision.removals} & living


def _in_listing(image: AbsentImage, listing: str) -> AbsentImage:
    return AbsentImage(image.image_key, image.image_id, None, listing, *([None] * 5))


@dataclass(slots=True)
class Figures:
    """How many schedules were run, and how many more are equivalent to one of them."""

    run: int = 0
    covered: int = 0
    certificates: dict[str, int] = field(default_factory=dict)

    def add(self, other: Figures) -> None:
        self.run += other.run
        self.covered += other.covered
        for name, count in other.certificates.items():
            self.certificates[name] = self.certificates.get(name, 0) + count


def explore(scope: Scope) -> Figures:
    """Run every schedule of a scope. Raises `AssertionError` with the first one that fails."""
    figures = Figures()
    source = source_of(
        types=TYPES[: scope.listings],
        http={"page_size": scope.page_size, "concurrency": scope.concurrency},
    )
    waiting: list[tuple[dict[int, Catalogue], int]] = [({}, scope.changes)]
    while waiting:
        schedule, left = waiting.pop()
        outcome = _walk(scope, source, schedule)
        try:
            outcome.check()
        except AssertionError as error:
            raise AssertionError(f"{scope}\n{schedule}") from error
        figures.run += 1
        name = outcome.walk.certificate if outcome.walk else "failed"
        figures.certificates[name] = figures.certificates.get(name, 0) + 1
        if left:
            waiting += _alternatives(outcome, schedule, left, figures)
    return figures


def _walk(scope: Scope, source: Any, schedule: dict[int, Catalogue]) -> Outcome:
    endpoint = Endpoint(scope, schedule)
    walk = Walk(endpoint, source, WalkSettings(), pool=Serial)  # type: ignore[arg-type]  # a stand-in
    pages: list[Page] = []
    try:
        pages.extend(walk.pages())
    except SourceError:
        return Outcome(scope, endpoint, pages, None)
    return Outcome(scope, endpoint, pages, walk)


def _alternatives(
    outcome: Outcome, schedule: dict[int, Catalogue], left: int, figures: Figures
) -> Iterator[tuple[dict[int, Catalogue], int]]:
    """The schedules with one more change of the catalogue, after those of `schedule`."""
    scope = outcome.scope
    last = max(schedule, default=-1)
    catalogue = schedule[last] if schedule else scope.start
    before = [scope.start, *schedule.values()][-2] if schedule else scope.start
    time = 10 ** (len(schedule) + 1)
    others = reachable(catalogue, scope, left, time)
    for number, (listing, request) in enumerate(outcome.endpoint.seen):
        if number <= last:
            continue
        unchanged = _response(scope, catalogue, before, listing, request)
        for other, changes in others.items():
            if _response(scope, other, catalogue, listing, request) == unchanged:
                figures.covered += 1
            else:
                yield {**schedule, number: other}, left - changes


def _response(
    scope: Scope, catalogue: Catalogue, before: Catalogue, listing: int, request: PageRequest
) -> object:
    """What a response shows, to be compared."""
    try:
        reply = page(scope, catalogue, before, listing, request)
    except UnsortableError:
        return "unsortable"
    return reply and (reply.rows_as_received(), reply.total)


def replaced_fetcher(monkeypatch: Any) -> None:
    """Let walks fetch their pages from an `Endpoint`."""
    monkeypatch.setattr(walk_module, "PageFetcher", Fetcher)


def scopes(
    *,
    images: Sequence[int],
    changes: int,
    page_sizes: Sequence[int],
    offsets: Sequence[Offset] = ("pages", "records", "page_number"),
) -> Iterator[Scope]:
    """Every combination: one and two listings, right and delayed total, sorting or not."""
    for count in images:
        for page_size in page_sizes:
            for offset in offsets:
                for sorts in (False, True):
                    for listings, concurrency in ((1, 1), (1, 2), (2, 2)):
                        for total in ("right", "delayed"):
                            yield Scope(
                                images=count,
                                changes=changes,
                                page_size=page_size,
                                offset=offset,
                                listings=listings,
                                concurrency=concurrency,
                                sorts=sorts,
                                total=total,  # type: ignore[arg-type]  # a literal
                            )
