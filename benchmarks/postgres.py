"""A process that provides empty PostgreSQL databases.

The server is that of the tests: IMAGE_SYNC_TEST_POSTGRES_URL, or one that they start. If there is
none, the process ends at once; otherwise it prints a line. Then it prints the URL of a new database
for each empty line that it reads, and drops the database whose URL it reads. It ends with its
standard input.
"""

from __future__ import annotations

import sys

from tests.support.postgres import running_server


def main() -> None:
    """Serve databases until standard input ends."""
    with running_server() as server:
        _print("ready")
        for line in sys.stdin:
            if url := line.strip():
                server.drop(url)
            else:
                _print(server.create())


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
