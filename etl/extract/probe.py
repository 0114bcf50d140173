"""Measurement of how an endpoint pages and sorts, with advice for the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from etl.errors import SourceBroken
from etl.extract.pages import (
    CREATION_TIME,
    Order,
    PageFetcher,
    PageReply,
    PageRequest,
    UnsortableError,
)
from etl.model import Image, Listing
from etl.transform import normalise_all

if TYPE_CHECKING:
    from etl.client.http_client import Client
    from etl.config import SourceSettings

LARGE: Final = 1000
SMALL: Final = 2
SORT_KEYS: Final = (CREATION_TIME, "updateTime")


@dataclass(frozen=True, slots=True)
class Trait:
    """One property of the endpoint; `advice` is what to set, if anything."""

    name: str
    value: str
    advice: str = ""


def probe(client: Client, source: SourceSettings) -> list[Trait]:
    """The properties of a source's endpoint, found with its first listing. Raises `SourceError`."""
    workspace = "0" if source.workspaces == ("*",) else source.workspaces[0]
    fetcher = PageFetcher(client, source, Listing(source.types[0], workspace))
    first = fetcher.fetch_first(LARGE)
    return [
        *_counts(first),
        _offsets(fetcher, first),
        *(_sorting(fetcher, key) for key in SORT_KEYS),
    ]


def _page(fetcher: PageFetcher, limit: int, offset: int, order: Order) -> PageReply | None:
    return fetcher.fetch(PageRequest(0, order, limit, offset))


def _rows(fetcher: PageFetcher, offset: int) -> list[bytes]:
    """The records at an offset; none if the offset is rejected."""
    try:
        reply = _page(fetcher, SMALL, offset, Order())
    except SourceBroken:
        return []
    return reply.rows_as_received() if reply else []


def _in_order(fetcher: PageFetcher, order: Order) -> list[tuple[str, int | None]]:
    """The images of the first page, each with the time that it is sorted by."""
    reply = _page(fetcher, LARGE, 0, order) or _page(fetcher, LARGE, 1, order)
    images, _ = normalise_all(reply.records if reply else [])
    field = "created_at" if order.sort_key == CREATION_TIME else "updated_at"
    times = images.columns[Image.__struct_fields__.index(field)]
    return [*zip(images.ids, times, strict=True)]


def _counts(first: PageReply) -> list[Trait]:
    rows = len(first.records)
    cap = min(first.size or LARGE, LARGE)
    is_hidden = 0 < rows < min(first.total, cap)
    images, limit, advice = str(first.total), f"at least {LARGE}", ""
    if is_hidden:
        images = f"{first.total} announced, {rows} received"
        limit = f"{rows}, not shown by `size`; or the total is wrong"
        advice = f"if there are more than {rows} images: http.page_size = {rows}"
    elif cap < LARGE:
        limit, advice = str(cap), f"http.page_size = {cap} or less"
    return [
        Trait("images of the first listing", images),
        Trait("maximum limit", limit, advice),
        Trait("first page index", "not shown" if first.current is None else str(first.current)),
    ]


def _offsets(fetcher: PageFetcher, first: PageReply) -> Trait:
    """What `offset` counts, by the rows that different offsets lead to."""
    known = first.rows_as_received()
    if len(known) <= 4 * SMALL:
        return Trait("offset counts", "unknown: too few images")
    advice = 'walk.offset_unit = "{}"' if first.current is None else ""
    inside, fourth = _rows(fetcher, 1), _rows(fetcher, 2 * SMALL)
    if fourth == known[2 * SMALL :][:SMALL]:
        how = "records, whole pages only"
        if inside == known[1:][:SMALL]:
            how = "records"
        elif inside == known[:SMALL]:
            how = "records, rounded down to whole pages"
        return Trait("offset counts", how, advice.format("record"))
    if fourth in (known[4 * SMALL :][:SMALL], known[3 * SMALL :][:SMALL]):  # from 0, or from 1
        return Trait("offset counts", "page numbers", advice.format("page"))
    return Trait("offset counts", "unknown: the order changes from request to request")


def _sorting(fetcher: PageFetcher, key: str) -> Trait:
    name, advice = f"sorts by {key}", 'walk.sort_key = ""' if key != CREATION_TIME else ""
    try:
        up, again, down = (
            _in_order(fetcher, Order(key, direction)) for direction in ("ASC", "ASC", "DESC")
        )
    except UnsortableError:
        return Trait(name, "no: rejected", advice)
    times = [time for _, time in up if time is not None]
    if len(up) < 2:
        return Trait(name, "unknown: too few images")
    if not times:
        return Trait(name, "unknown: no image has such a time")
    if up == down:
        return Trait(name, "no: the direction makes no difference", advice)
    if times != sorted(times):
        return Trait(name, "no: the rows are out of order", advice)
    untimed = len(up) - len(times)
    remarks = [
        "not stable: images with the same time change places" if up != again else "",
        f"{untimed} of {len(up)} have no such time" if untimed else "",
    ]
    remark = "; ".join(filter(None, remarks))
    return Trait(name, f"yes, but {remark}" if remark else "yes")
