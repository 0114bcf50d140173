"""How does an endpoint page, sort and answer? A few requests find out; advice follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from etl.errors import SourceBroken, SourceError
from etl.extract.exchange import quoted
from etl.extract.paging import CREATION, Order, Pager, Style, UnsortableError
from etl.extract.workspaces import fetch_workspaces
from etl.model import Listing
from etl.transform import sightings

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
    first = _pager(client, source, listing, LARGE).first()
    pager = _pager(client, source, listing, SMALL)
    small = pager.first()
    return [
        workspaces,
        *_paging(pager, small, first),
        _past_the_end(pager, first.total),
        *(_sorting(client, source, listing, key) for key in SORT_KEYS),
        _lookup(client, source, first),
        _clock(pager),
    ]


def _pager(
    client: Client, source: SourceSettings, listing: Listing, size: int, order: Order | None = None
) -> Pager:
    return Pager(client, source, listing, style=Style(size=size), order=order or Order())


def _paging(pager: Pager, small: PageEnvelope, first: PageEnvelope) -> list[Trait]:
    cap = first.size if first.size and first.size < LARGE else None
    advice = f"http.page_size = {cap} is the most that is of use" if cap else ""
    if small.total > SMALL:
        pager.alone(1)
        if not pager.style.is_certain:
            pager.alone(2)
    unit = "page number" if pager.style.by_number else "records, rounded to pages or not"
    unit = unit if pager.style.is_certain or pager.style.by_number else "unknown: too few images"
    return [
        Trait("images of the first listing", str(first.total)),
        Trait("cap of limit", str(cap) if cap else f"none up to {LARGE}", advice),
        Trait("offset counts", unit),
        Trait("first page index", str(pager.style.first_page)),
    ]


def _past_the_end(pager: Pager, total: int) -> Trait:
    number = -(-total // pager.style.size) + 1
    answer = pager.fetch(number)
    if answer is None:
        return Trait("past the end", "an error (ModelArts.6400)")
    rows = len(pager.open(answer).data)
    return Trait("past the end", "an empty page" if not rows else f"a page of {rows} rows")


def _sorting(client: Client, source: SourceSettings, listing: Listing, key: str) -> Trait:
    name = f"sorts by {key}"
    try:
        rows = {
            direction: sightings(
                _pager(client, source, listing, LARGE, Order(key, direction)).first().data
            )
            for direction in ("ASC", "DESC")
        }
    except UnsortableError:
        advice = 'walk.sort_key = ""' if key == "updateTime" else ""
        return Trait(name, "no: refused", advice)
    ids = {direction: [row.image_id for row in found] for direction, found in rows.items()}
    if len(ids["ASC"]) > 1 and ids["ASC"] == ids["DESC"]:
        return Trait(name, "no: the direction changes nothing")
    if key == CREATION:
        times = [row.created_at for row in rows["ASC"]]
        if None in times:
            return Trait(name, "yes, but not every image carries its creation time")
        known = [time for time in times if time is not None]
        if known != sorted(known):
            return Trait(name, "no: the rows are out of order")
    return Trait(name, "yes")


def _lookup(client: Client, source: SourceSettings, first: PageEnvelope) -> Trait:
    image_id = next((row.image_id for row in sightings(first.data) if row.image_id), None)
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
    except (SourceBroken, SourceError) as error:
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
