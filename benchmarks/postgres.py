"""A process that provides an empty PostgreSQL database.

The server is the one that the tests use: IMAGE_SYNC_TEST_POSTGRES_URL's, or one of their own. Its
first line says that there is one; where there is none it ends at once. Then each line read is
answered by the URL of a new database, and the next line drops it. It ends with its standard input.
"""

from __future__ import annotations

import sys

from tests.support.postgres import running_server


def main() -> None:
    """Serve the lines of standard input."""
    with running_server() as server:
        _tell("ready")
        for _ in sys.stdin:
            with server.database() as url:
                _tell(url)
                sys.stdin.readline()


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
