"""Entries of the log: the data whose hash is a leaf of the tree, as canonical JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from etl.proof.events import canonical, without_nulls
from etl.proof.merkle import Frontier

FORMAT: Final = 1
RUN_COLUMNS: Final = ("kind", "actor", "reason", "started_at", "version", "host", "pid")
"""Columns of `sync_runs` that an entry of the run contains: all that are known before its end."""
END_COLUMNS: Final = ("run_id", *RUN_COLUMNS, "status", "exit_code", "finished_at")
"""Columns of `sync_runs` that a later entry contains: how the run ended."""


def run_entry(
    source_run: Mapping[str, Any],
    sync_run: Mapping[str, Any],
    ended: Sequence[Mapping[str, Any]],
    *,
    events: int,
    events_root: bytes,
) -> bytes:
    """Data of the entry of one run at one source.

    `ended`: the runs whose end no earlier entry contains.
    """
    return canonical(
        {
            "entry": "run",
            "format": FORMAT,
            "source": source_run["source"],
            "source_run": without_nulls(source_run),
            "sync_run": without_nulls(sync_run),
            "ended": [without_nulls(each) for each in ended],
            "events": events,
            "events_root": events_root.hex(),
        }
    )


def prune_entry(prune: Mapping[str, Any], *, events: int, events_root: bytes) -> bytes:
    """Data of the entry that replaces the pruned entries of a source: what was kept of them."""
    return canonical(
        {
            "entry": "prune",
            "format": FORMAT,
            **without_nulls(prune),
            "events": events,
            "events_root": events_root.hex(),
        }
    )


def events_root(hashes: Iterable[bytes]) -> bytes:
    """Root of the tree over the hashes of an entry's events."""
    level = list(hashes)
    if not level:
        return Frontier().root()
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]
