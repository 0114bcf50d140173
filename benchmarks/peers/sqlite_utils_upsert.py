"""sqlite-utils: `python sqlite_utils_upsert.py API_URL DATABASE_URL FOLDER` upserts the listing.

As its documentation describes: `upsert_all` over a generator, with `alter` for new columns.
"""

from __future__ import annotations

import sys
from itertools import count
from typing import TYPE_CHECKING, Any

import requests
import sqlite_utils

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE_ROWS = 1000


def listed(api_url: str) -> Iterator[dict[str, Any]]:
    """Each image of the listing."""
    with requests.Session() as session:
        for number in count():
            query = f"type=BUILD_IN&workspace_id=0&limit={PAGE_ROWS}&offset={number * PAGE_ROWS}"
            page = session.get(f"{api_url}/images?{query}", timeout=60).json()
            yield from page["data"]
            if number + 1 >= page["pages"]:
                return


if __name__ == "__main__":
    database = sqlite_utils.Database(sys.argv[2].removeprefix("sqlite:///"))
    database["images"].upsert_all(listed(sys.argv[1]), pk="id", alter=True)
