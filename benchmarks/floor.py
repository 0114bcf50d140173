"""The least that can be done: `python -m benchmarks.floor URL` fetches and decodes each page.

One `requests` session, one page after the other, decoded by msgspec into plain values. It prints
how many images it saw.
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
            answer = session.get(f"{sys.argv[1]}/images?{query}", timeout=60)
            page = msgspec.json.decode(answer.content)
            rows += len(page["data"])
            if number + 1 >= page["pages"]:
                break
    sys.stdout.write(f"{rows}\n")


if __name__ == "__main__":
    main()
