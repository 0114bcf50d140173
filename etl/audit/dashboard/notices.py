"""What needs a person's attention, in order of urgency."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from etl.audit.dashboard import filters
from etl.audit.dashboard.data import DashboardData
from etl.text import count_text

STALE: Final = timedelta(hours=36)
Level = Literal["bad", "warn"]


class Notice(NamedTuple):
    """A finding; `anchor` is the section of the page with the details."""

    level: Level
    anchor: str
    text: str


def notices(data: DashboardData) -> list[Notice]:
    """All notices, the urgent ones first."""
    found = [each for source in data.read_sources for each in _of_source(source, data.now)]
    if held := data.total("held"):
        text = f"{count_text(held, 'removal')} held back by the guard: to be approved or dismissed"
        found.append(Notice("bad", "decisions", text))
    if missing := data.total("missing"):
        text = f"{count_text(missing, 'image')} absent from the listings, not yet decided"
        found.append(Notice("warn", "decisions", text))
    if rejects := data.tables["rejects"].total:
        text = f"{count_text(rejects, 'record')} could not be parsed"
        found.append(Notice("warn", "rejects", text))
    return sorted(found, key=lambda notice: notice.level)


def _of_source(source: Mapping[str, Any], now: datetime) -> Iterator[Notice]:
    name = filters.plain(source["source"])
    if source["last_run_status"] == "failed":
        kind = filters.plain(source["error_kind"])
        yield Notice("bad", "sources", f"{name}: the last run failed ({kind})")
    certified_at = source["certified_at"]
    if certified_at is None:
        yield Notice("bad", "sources", f"{name}: never read completely (no certified walk)")
    elif certified_at > now:
        text = f"{name}: last certified walk in the future ({filters.moment(certified_at)} UTC)"
        yield Notice("bad", "sources", f"{text}; check the clock")
    elif now - certified_at > STALE:
        age = filters.age(now - certified_at)
        yield Notice("warn", "sources", f"{name}: last certified walk {age} ago")
