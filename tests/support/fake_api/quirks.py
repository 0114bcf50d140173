"""Switches for the known behaviours of the real API and of related ones.

All switches can be combined. The defaults are the real API as it was observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from etl.sample import AccessKey

if TYPE_CHECKING:
    from collections.abc import Callable, Set

# What a `total` function returns for a response without `total`.
OMITTED: Final = object()


@dataclass(frozen=True, slots=True)
class User:
    """The user to whom IAM issues tokens."""

    domain: str
    name: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """The switches. Every request reads them anew."""

    # Paging. `pages` rounds the offset down to a multiple of the limit, `records` takes it as it
    # is, `page_number` takes it as the number of a page. `first_page` is what `current` starts at,
    # and the first offset of `page_number`; `before_first` is the response to a smaller offset.
    # `size` is the cap of `limit`, if there is one, or, with `size_is_asked`, the requested limit.
    # `omitted` are keys that a page lacks (`size`, `current`, `pages`).
    limit_cap: int | None = None
    size_is_asked: bool = False
    omitted: Set[str] = frozenset()
    offset: Literal["pages", "records", "page_number"] = "pages"
    first_page: Literal[0, 1] = 0
    before_first: Literal["error", "first"] = "error"
    # `error` rejects fromIndex > toIndex, so that an offset right at the end is an empty page;
    # `strict` rejects that one as well; `repeat` returns the last page for every offset.
    past_the_end: Literal["error", "strict", "empty", "repeat"] = "error"
    # From the true number of matching rows to the reported one: any JSON value, or OMITTED.
    total: Callable[[int], object] = int

    # Order. A seed shuffles rows with equal sort values, anew for each request.
    shuffle_seed: int | None = None
    sort_keys: Set[str] = frozenset({"updateTime", "createTime"})
    unsupported_sort: Literal["error", "ignored"] = "error"

    # Filters.
    default_type: str | None = None

    # Show image. It finds `unlisted` ids although no list contains them.
    show: Literal["permitted", "refused"] = "permitted"
    missing_image_status: Literal[400, 404] = 400
    unlisted: Set[str] = frozenset()

    # List workspaces.
    workspaces_call: Literal["available", "absent", "refused"] = "available"
    numeric_workspace_ids: bool = False

    # Accepted credentials: none are required unless one of the three is given.
    access_key: AccessKey | None = None
    user: User | None = None
    tokens: Set[str] = frozenset()
    token_lifetime_seconds: float = 86400.0
    # The metadata service's response to a request for its token; 404, 405, 503: it has none.
    metadata_token_status: int = 200
    # The server's clock minus the true one.
    clock_skew_seconds: float = 0.0
