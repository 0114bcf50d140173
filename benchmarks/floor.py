"""The floor: `python -m benchmarks.floor URL` fetches and decodes each page, and nothing more.

One `requests` session, one page after the other, decoded by msgspec into plain values. It prints
the number of images.
"""

from __future__ import annotations

import sys
from itertools import count

import msgspec
import requests

PAGE_ROWS = 1000


def main() -> None:
    """Read the listing to its end."""
    rows = 0
    with requests.Session() as session:
        for number in count():
            query = f"type=BUILD_IN&workspace_id=0&limit={PAGE_ROWS}&offset={number * PAGE_ROWS}"
            response = session.get(f"{sys.argv[1]}/images?{query}", timeout=60)
            page = msgspec.json.decode(response.content)
            rows += len(page["data"])
            if number + 1 >= page["pages"]:
                break
    sys.stdout.write(f"{rows}\n")


if __name__ == "__main__":
    main()
