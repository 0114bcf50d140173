"""Is the past that a person asks for on record, or was it pruned, or is it yet to come?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from etl.database.schema import prunings, sync_runs
from etl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection


def require_kept(
    connection: Connection, moments: Iterable[datetime | int], *, sources: Sequence[str] = ()
) -> None:
    """Raises `UsageError` where an instant, or a run, lies in history that was dropped.

    What was there then can't be told any more: an answer would miss what was replaced since. A run
    that has not begun is refused, too: a mistyped number (or a year) would be taken for now.
    """
    asked = list(moments)
    if not asked:
        return
    _require_begun(connection, [each for each in asked if isinstance(each, int)])
    found = connection.execute(select(prunings).order_by(prunings.c.source))
    for row in found.mappings():
        if sources and row["source"] not in sources:
            continue
        for moment in asked:
            is_run = isinstance(moment, int)
            if moment <= row["run_id"] if is_run else moment < row["observed_at"]:
                cut = f"{row['observed_at']:%Y-%m-%dT%H:%M:%SZ} (run {row['run_id']})"
                raise UsageError(
                    f"the history of source {row['source']!r} up to {cut} was pruned",
                    hint="ask for a later time, or name other sources with --source",
                )


def _require_begun(connection: Connection, run_ids: Sequence[int]) -> None:
    latest = connection.scalar(select(func.max(sync_runs.c.run_id))) or 0
    for run_id in run_ids:
        if run_id > latest:
            raise UsageError(f"no such run: {run_id}", hint=f"the latest is {latest}")
