"""How does this endpoint page, and what is on page N of a listing?

The reference calls `offset` a record offset; the server was seen to round it down to a page, its
siblings take it as a page's number, from 0 or from 1, and a server may cap `limit` without a word.
So only multiples of one page size are asked for, and `size` and `current` tell the rest, or, where
they do not, the rows that another offset leads to. `Style` is what was learned, shared by all
listings of a source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from etl.errors import SourceBroken, SourceUnavailable
from etl.extract.exchange import quoted
from etl.transform import PageEnvelope, listed_rows, split_page

if TYPE_CHECKING:
    import msgspec

    from etl.config import SourceSettings
    from etl.extract.client import Client
    from etl.extract.exchange import Answer
    from etl.model import Listing

PAST_THE_END: Final = "ModelArts.6400"
UNSORTABLE: Final = "ModelArts.6303"
CREATION: Final = "createTime"


@dataclass(slots=True)
class Style:
    """How an endpoint pages, as far as its answers have told.

    `size`: rows of a page, the cap once it is known; `first_page`: what `current` starts at;
    `by_number`: offsets are page numbers; `is_certain`: an answer has told which of both.
    """

    size: int
    first_page: int = 0
    by_number: bool = False
    is_certain: bool = False

    def offset(self, number: int) -> int:
        """The offset to ask page `number` (from 0) with."""
        return self.first_page + number if self.by_number else number * self.size

    def learn_first(self, envelope: PageEnvelope) -> None:
        """What the first page tells: the cap, and what pages are counted from."""
        if envelope.size and envelope.size < self.size:
            self.size = envelope.size
        if not self.is_certain and envelope.current in {0, 1}:
            self.first_page = envelope.current

    def is_page(self, number: int, envelope: PageEnvelope) -> bool:
        """Whether an answer is the page asked for; learns how offsets count from it."""
        asked, expected = self.offset(number), self.first_page + number
        if envelope.current is None or envelope.current == expected:
            # The last page proves nothing: an endpoint may give it for all that is past the end.
            is_inner = (number + 1) * self.size < envelope.total
            tells = self.by_number or (asked != expected and is_inner)
            self.is_certain = self.is_certain or tells
            return True
        if not self.is_certain:  # even far from both: past the end may be the last page again
            self.by_number = True
        return False


@dataclass(frozen=True, slots=True)
class Order:
    """The order asked for; no key: the endpoint's own."""

    sort_key: str = ""
    sort_dir: str = "ASC"

    def __str__(self) -> str:
        return f"{self.sort_key or 'unsorted'} {self.sort_dir}"


class UnsortableError(Exception):
    """The endpoint says that it can't sort by the key asked for."""


class Pager:
    """Asks for the pages of one listing in one order."""

    def __init__(
        self,
        client: Client,
        source: SourceSettings,
        listing: Listing,
        *,
        style: Style,
        order: Order,
    ) -> None:
        self._client = client
        self._path = f"/v1/{quoted(source.project_id)}/images"
        self._params = _params(source, listing, order)
        self.listing = listing
        self.style = style
        self.order = order

    def first(self) -> PageEnvelope:
        """The first page. An endpoint that counts its pages from 1 refuses offset 0.

        Where more is announced than came, what the answer does not say of its paging is found out.
        """
        answer = self.fetch(0)
        if answer is None and not self.style.is_certain:
            self.style.by_number, self.style.first_page = True, 1
            answer = self.fetch(0)
        if answer is None:
            raise SourceBroken(f"GET {self._path}: the first page of {self.listing} is refused")
        envelope = self.open(answer)
        self.style.learn_first(envelope)
        if self.style.by_number:
            self.style.is_certain = True
        if 0 < len(envelope.data) < envelope.total:
            is_short = len(envelope.data) < self.style.size
            if is_short or envelope.current is None:
                self._learn_offsets(envelope)
            if is_short:
                self._learn_cap(envelope)
        return envelope

    def _learn_offsets(self, first: PageEnvelope) -> None:
        """Tells page numbers from records by the rows that they lead to.

        A number (1, or 2 where pages are counted from 1) leads to other rows; a record, rounded or
        not, to nearly the same again. In an order that does not hold still, so does offset 0. Where
        an offset leads to no rows, as behind an only page, it tells nothing.
        """
        if self.style.is_certain:
            return
        for first_page, offset in enumerate((1, 2)):
            leads_away = self._leads_away(first, offset=offset)
            if leads_away is None:
                return
            if leads_away and not self._leads_away(first, offset=0):
                self.style.by_number, self.style.first_page = True, first_page
                break
        self.style.is_certain = True

    def _leads_away(self, first: PageEnvelope, *, offset: int) -> bool | None:
        """Whether `offset` gives other rows than the first page's from that row on; None: none."""
        rows = self._peeked(offset)
        if not rows:
            return None
        return 2 * len(_ids(first.data) & rows) < len(first.data) - offset

    def _learn_cap(self, first: PageEnvelope) -> None:
        """Tells a cap on `limit` that `size` does not from a `total` that is too large.

        Capped, the first page asked for by the number of rows that came is followed by others.
        """
        asked, self.style.size = self.style.size, len(first.data)
        following = self._peeked(self.style.offset(1))
        if not following or following & _ids(first.data):
            self.style.size = asked

    def _peeked(self, offset: int) -> set[str | None]:
        """The ids of the rows at an offset where there may be none, or not even an answer."""
        try:
            return _ids(self.at(offset=offset).data)
        except (SourceBroken, SourceUnavailable):
            return set()

    def alone(self, number: int) -> PageEnvelope | None:
        """Page `number`, learning how offsets count if that is not known; None: past the end."""
        return self.settled(number, self.fetch(number))

    def settled(self, number: int, answer: Answer | None) -> PageEnvelope | None:
        """The page that was asked for as `number`, from its answer: what `alone` gives."""
        was_known = self.style.is_certain or self.style.by_number
        if answer is None:
            return None if was_known else self._by_number(number)
        envelope = self.open(answer)
        if self.style.is_page(number, envelope):
            return envelope
        if was_known or not self.style.by_number:
            raise self._misplaced(number, envelope)
        return self._by_number(number)

    def at(self, *, offset: int) -> PageEnvelope:
        """Whatever comes for an offset. Raises `SourceBroken` where it is refused."""
        return self.open(self._ask(offset))

    def fetch(self, number: int) -> Answer | None:
        """The answer for page `number`; None: the server says that it is past the end."""
        try:
            return self._ask(self.style.offset(number))
        except SourceBroken as error:
            if error.status == 400 and error.error_code == PAST_THE_END:
                return None
            if error.status == 400 and error.error_code == UNSORTABLE and self.order.sort_key:
                raise UnsortableError(self.order.sort_key) from error
            raise

    def _ask(self, offset: int) -> Answer:
        window = {"limit": str(self.style.size), "offset": str(offset)}
        return self._client.get(self._path, {**self._params, **window})

    def open(self, answer: Answer) -> PageEnvelope:
        """The page in an answer; raises `SourceBroken` with the request where there is none."""
        try:
            return split_page(answer.body)
        except SourceBroken as error:
            raise SourceBroken(
                f"GET {self._path} ({self.listing}): {error.message}"
                + (f" [request {answer.request_id}]" if answer.request_id else ""),
                hint="nothing was taken from it; check the endpoint, or tell its support",
                status=answer.status,
                request_id=answer.request_id,
            ) from None

    def _by_number(self, number: int) -> PageEnvelope | None:
        """Whether offsets are page numbers after all: then the page is there under its number.

        Where that is refused, too, there is no such page, and nothing is told.
        """
        self.style.by_number = True
        answer = self.fetch(number)
        if answer is None:
            self.style.by_number = False
            return None
        envelope = self.open(answer)
        self.style.is_certain = True
        if envelope.current == self.style.first_page + number:
            return envelope
        self.style.by_number = False
        return None

    def _misplaced(self, number: int, envelope: PageEnvelope) -> SourceBroken:
        return SourceBroken(
            f"GET {self._path} ({self.listing}): page {self.style.first_page + number} was asked"
            f" for with offset {self.style.offset(number)}, page {envelope.current} came",
            hint="`image-sync probe` shows how the endpoint pages",
        )


def _ids(records: list[msgspec.Raw]) -> set[str | None]:
    return {row.image_id for row in listed_rows(records)}


def _params(source: SourceSettings, listing: Listing, order: Order) -> dict[str, str]:
    params = {"type": listing.type, "workspace_id": listing.workspace_id}
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
