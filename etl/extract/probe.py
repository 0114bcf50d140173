"""How does an endpoint page, sort and answer? A few requests find out; advice follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from etl.errors import SourceBroken, SourceError
from etl.extract.exchange import quoted
from etl.extract.paging import CREATION, Order, Pager, Style, UnsortableError
from etl.extract.workspaces import fetch_workspaces
from etl.model import Listing
from etl.transform import listed_rows, normalise_all

if TYPE_CHECKING:
    from etl.config import SourceSettings
    from etl.extract.client import Client
    from etl.transform import PageEnvelope

LARGE: Final = 1000
SMALL: Final = 2
SORT_KEYS: Final = (CREATION, "updateTime")


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing found out; `advice` is what to set, if anything."""

    name: str
    value: str
    advice: str = ""


def probe(client: Client, source: SourceSettings) -> list[Trait]:
    """What the endpoint of `source` does, listing its first type. Raises `SourceError`."""
    workspaces = _workspaces(client, source)
    workspace = "0" if source.workspaces == ("*",) else source.workspaces[0]
    listing = Listing(source.types[0], workspace)
    large = _pager(client, source, listing, LARGE)
    first = large.first()
    pager = _pager(client, source, listing, SMALL)
    small = pager.first()
    return [
        workspaces,
        *_paging(pager, small, first, cap=large.style.size),
        _past_the_end(pager, first.total),
        *(_sorting(client, source, listing, key) for key in SORT_KEYS),
        _lookup(client, source, first),
        _clock(pager),
    ]


def _pager(
    client: Client, source: SourceSettings, listing: Listing, size: int, order: Order | None = None
) -> Pager:
    return Pager(client, source, listing, style=Style(size=size), order=order or Order())


def _paging(pager: Pager, small: PageEnvelope, first: PageEnvelope, *, cap: int) -> list[Trait]:
    is_capped, came = cap < LARGE, len(first.data)
    advice = f"http.page_size = {cap} is the most that is of use" if is_capped else ""
    is_whole = came < cap
    total = f"{first.total} announced, {came} came" if is_whole and came != first.total else None
    return [
        Trait("images of the first listing", total or str(first.total)),
        Trait("cap of limit", str(cap) if is_capped else f"none up to {LARGE}", advice),
        Trait("offset counts", _unit(pager, small, first)),
        Trait("first page index", str(pager.style.first_page)),
    ]


def _unit(pager: Pager, small: PageEnvelope, first: PageEnvelope) -> str:
    if small.total > SMALL:
        pager.alone(1)
        if not pager.style.is_certain:
            pager.alone(2)
    if pager.style.by_number:
        return "page numbers"
    if not pager.style.is_certain:
        return "unknown: too few images"
    try:
        shown = [bytes(each) for each in pager.at(offset=1).data]
    except SourceBroken:
        return "records, whole pages of them alone"
    known = [bytes(each) for each in first.data]
    if shown == known[1 : 1 + SMALL]:
        return "records"
    if shown == known[:SMALL]:
        return "records, rounded down to whole pages"
    return "records, in an order that changes from request to request"


def _past_the_end(pager: Pager, total: int) -> Trait:
    number = -(-total // pager.style.size) + 1
    answer = pager.fetch(number)
    if answer is None:
        return Trait("past the end", "an error (ModelArts.6400)")
    rows = pager.open(answer).data
    return Trait("past the end", "a page with rows all the same" if rows else "an empty page")


def _sorting(client: Client, source: SourceSettings, listing: Listing, key: str) -> Trait:
    advice = 'walk.sort_key = ""' if key != CREATION else ""
    try:
        up, again, down = (
            _in_order(client, source, listing, Order(key, direction))
            for direction in ("ASC", "ASC", "DESC")
        )
    except UnsortableError:
        return Trait(f"sorts by {key}", "no: refused", advice)
    times = [time for _, time in up if time is not None]
    if len(up) < 2:
        return Trait(f"sorts by {key}", "unknown: too few images")
    if not times:
        return Trait(f"sorts by {key}", "unknown: no image carries such a time")
    if up == down:
        return Trait(f"sorts by {key}", "no: the direction changes nothing", advice)
    if times != sorted(times):
        return Trait(f"sorts by {key}", "no: the rows are out of order", advice)
    remarks = [
        "not stable: images of one time change places" if up != again else "",
        f"{len(up) - len(times)} of {len(up)} carry no such time" if len(times) < len(up) else "",
    ]
    told = "; ".join(filter(None, remarks))
    return Trait(f"sorts by {key}", f"yes, but {told}" if told else "yes")


def _in_order(
    client: Client, source: SourceSettings, listing: Listing, order: Order
) -> list[tuple[str, int | None]]:
    """The images of the first page, each with the time that it is sorted by."""
    page = _pager(client, source, listing, LARGE, order).first()
    images, _ = normalise_all(page.data)
    times = images.column("created_at" if order.sort_key == CREATION else "updated_at")
    return [*zip(images.ids, times, strict=True)]


def _lookup(client: Client, source: SourceSettings, first: PageEnvelope) -> Trait:
    image_id = next((row.image_id for row in listed_rows(first.data) if row.image_id), None)
    if image_id is None:
        return Trait("lookups", "unknown: there is no image to look up")
    try:
        client.get(f"/v1/{quoted(source.project_id)}/images/{quoted(image_id)}", {})
    except SourceError as error:
        advice = 'allow Show image, or removals.evidence = "two_walks"'
        return Trait("lookups", f"no: {error.status or error.kind}", advice)
    return Trait("lookups", "permitted")


def _workspaces(client: Client, source: SourceSettings) -> Trait:
    try:
        found = fetch_workspaces(client, source.project_id)
    except SourceError as error:
        advice = 'name them: workspaces = ["0", …]'
        return Trait("workspaces", f"no: {error.status or error.kind}", advice)
    return Trait("workspaces", ", ".join(found))


def _clock(pager: Pager) -> Trait:
    answer = pager.fetch(0)
    if answer is None or answer.server_at is None:
        return Trait("clock skew", "unknown: the server does not tell its time")
    seconds = (answer.received_at - answer.server_at).total_seconds()
    advice = "set this machine's clock: signatures fail from 15 minutes on"
    return Trait("clock skew", f"{seconds:.0f} s", advice if abs(seconds) > 300 else "")
