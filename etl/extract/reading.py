"""One reading of a listing: what its pages added up to, and whether that certifies it."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from etl.extract.pages import Order, PageReply
    from etl.model import Certificate

_IDS_IN_A_SET: Final = 1 << 17


@dataclass(slots=True)
class Reading:
    """The counts of one reading.

    `rows` are all records, `nameless` those without a usable id, `untimed` those without a
    creation time. Ids are kept as 64-bit hashes: 8 bytes per row.
    """

    order: Order
    certificate: Certificate = "none"
    totals: list[int] = field(default_factory=list)  # of each page
    rows: int = 0
    nameless: int = 0
    untimed: int = 0
    distinct: int = 0
    short_pages: int = 0
    past_the_end: int = 0
    is_numbered: bool = True  # every page had a `current`
    is_sized: bool = True  # every page had a `size`
    hidden_cap: int = 0  # the true page size, if `size` does not show it
    id_hashes: array[int] = field(default_factory=lambda: array("q"))

    def add(self, reply: PageReply) -> None:
        """Count a page."""
        self.totals.append(reply.total)
        self.rows += len(reply.records)
        self.untimed += [row.created_at for row in reply.rows].count(None)
        self.is_numbered = self.is_numbered and reply.current is not None
        self.is_sized = self.is_sized and reply.size is not None
        ids = [row.image_id for row in reply.rows if row.image_id]
        self.nameless += len(reply.rows) - len(ids)
        self.id_hashes.extend(map(hash, ids))

    def finish(self) -> None:
        """Count the distinct ids once all pages were added, in parts that take little memory."""
        hashes, count = self.id_hashes, len(self.id_hashes) // _IDS_IN_A_SET + 1
        parts = ((each for each in hashes if each % count == part) for part in range(count))
        self.distinct = sum(len({*part}) for part in ([hashes] if count == 1 else parts))

    @property
    def first_id_hash(self) -> int:
        """The hash of the first id; 0 if there is none."""
        return self.id_hashes[0] if self.id_hashes else 0

    @property
    def pages(self) -> int:
        return len(self.totals)

    @property
    def total_last(self) -> int:
        return self.totals[-1] if self.totals else 0

    @property
    def duplicates(self) -> int:
        return len(self.id_hashes) - self.distinct

    @property
    def is_total_constant(self) -> bool:
        return len({*self.totals}) <= 1

    def page_count(self, size: int) -> int:
        """The number of pages according to the latest total."""
        return -(-self.total_last // size)

    def objections(self) -> list[str]:
        """Reasons why a finished forward reading is not `exact`; empty if it is.

        A list that changed in such a way that everything still adds up escapes these checks. This
        is why an absent image is looked up before it counts as removed.
        """
        checks = {
            "the total changed while the pages were read": not self.is_total_constant,
            "an image was listed twice": self.duplicates > 0,
            "the number of images differs from the total": (
                self.distinct + self.nameless != self.total_last
            ),
            "a page that was announced did not exist": self.past_the_end > 0,
            "a page before the last one was short": self.short_pages > 0,
            f"the endpoint returns {self.hidden_cap} rows per page and `size` does not show it:"
            f" set http.page_size = {self.hidden_cap}": self.hidden_cap > 0,
        }
        return [text for text, is_true in checks.items() if is_true]

    def agrees_with(self, before: Reading) -> bool:
        """Whether two consecutive readings returned the same images and one constant total."""
        return (
            self.is_total_constant
            and before.is_total_constant
            and self.total_last == before.total_last
            and self.nameless == before.nameless
            and set(self.id_hashes) == set(before.id_hashes)
        )

    def detail(self) -> dict[str, Any]:
        """The counts for `walk_detail`."""
        counts = ("rows", "distinct", "duplicates", "nameless", "short_pages", "past_the_end")
        return {
            "sort": str(self.order),
            "total_first": self.totals[0],
            "total_last": self.total_last,
            "total_lowest": min(self.totals),
            "total_highest": max(self.totals),
            "pages": self.pages,
            **{name: getattr(self, name) for name in counts},
        }
