"""A process that prints what a database contains: `python -m benchmarks.check DATABASE_URL`.

The present images as one digest over all values, and the counts of the latest run.
"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, create_engine, select

from benchmarks.truth import COLUMNS, Contents, contents
from etl.database.schema import current_images, source_runs

_COUNTS: Final = ("added", "changed", "removed", "unchanged", "certificate", "status")


def main() -> None:
    """Print one line of JSON."""
    engine = create_engine(sys.argv[1])
    with engine.connect() as connection:
        found = {"contents": _contents(connection), "run": _latest_run(connection)}
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")


def _contents(connection: Connection) -> Contents:
    columns = [current_images.c[name] for name in COLUMNS.values()]
    present = select(*columns).where(current_images.c.state == "present")
    rows = connection.execution_options(yield_per=5000).execute(present)
    return contents([_plain(value) for value in row] for row in rows)


def _latest_run(connection: Connection) -> dict[str, Any]:
    columns = [source_runs.c[name] for name in _COUNTS]
    latest = select(*columns).order_by(source_runs.c.run_id.desc()).limit(1)
    return dict(connection.execute(latest).one()._mapping)


def _plain(value: object) -> object:
    """A time as the API writes it; a list in sorted order."""
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    return sorted(value) if isinstance(value, list) else value


if __name__ == "__main__":
    main()
