"""What does the webhook say? One JSON object a run, its shape a promise. Pure.

The shape is in docs/operations.md; a change that a receiver must know of raises `SCHEMA_VERSION`.
A body stays under 1 MiB, whatever the run came to: `count` is true, lists and texts are cut.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from etl import __version__
from etl.clock import instant_text
from etl.text import clipped

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from etl.notify.ended import Ended

SCHEMA_VERSION: Final = 1
MOST_EVENTS: Final = 100
MOST_IMAGES: Final = 50  # of each kind
MOST_CHARACTERS: Final = 300

_REMOVED: Final = ("image_id", "name", "swr_path", "evidence", "last_seen_at", "removed_at")
_HELD: Final = ("image_id", "name", "evidence", "held_at")


@dataclass(frozen=True, slots=True)
class Affected:
    """Images that the run removed, and that the guard holds: rows by their columns, not all."""

    removed: Sequence[Mapping[str, Any]] = ()
    held: Sequence[Mapping[str, Any]] = ()


def body_of(
    ended: Ended, affected: Affected, *, wanted: Collection[str], host: str
) -> dict[str, Any] | None:
    """The body for a run, or None when nothing of what is `wanted` happened in it."""
    events = [each for each in _events(ended, affected) if each["event"] in wanted]
    if not events:
        return None
    return {
        "schema_version": SCHEMA_VERSION,
        "program": "image-sync",
        "version": __version__,
        "host": host,
        "run": {
            "run_id": ended.run_id,
            "command": ended.command,
            "status": ended.status,
            "exit_code": ended.exit_code,
            "started_at": instant_text(ended.started_at),
            "finished_at": instant_text(ended.finished_at),
        },
        "events": events[:MOST_EVENTS],
        "events_left_out": len(events[MOST_EVENTS:]),
    }


def encoded(body: Mapping[str, Any]) -> bytes:
    """The body's bytes, as they are signed and sent."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def signature(secret: str, body: bytes, *, at: datetime) -> str:
    """The header's value: the Unix time, and HMAC-SHA256 over it, a point and the body."""
    time = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{time}.".encode() + body, hashlib.sha256)
    return f"t={time},v1={digest.hexdigest()}"


def _events(ended: Ended, affected: Affected) -> Iterator[dict[str, Any]]:
    if ended.error is not None:
        yield _failed(None, kind="run", message=ended.error, request_id=None)
    for each in ended.sources:
        if each.status == "failed":
            yield _failed(
                each.name,
                kind=each.error_kind,
                message=each.error_message,
                request_id=each.error_request_id,
            )
        if each.removed:
            images = _images(affected.removed, each.name, _REMOVED)
            yield {
                "event": "removals",
                "source": each.name,
                "count": each.removed,
                "images": images,
            }
        if each.held:
            images = _images(affected.held, each.name, _HELD)
            yield {
                "event": "held",
                "source": each.name,
                "count": each.held,
                "rule": each.held_rule,
                "images": images,
            }


def _failed(
    source: str | None, *, kind: str | None, message: str | None, request_id: str | None
) -> dict[str, Any]:
    error = {"kind": kind, "message": _told(message), "request_id": _told(request_id)}
    return {"event": "failed", "source": source, "error": error}


def _images(
    rows: Sequence[Mapping[str, Any]], source: str, columns: Sequence[str]
) -> list[dict[str, Any]]:
    mine = [row for row in rows if row["source"] == source]
    return [{column: _told(row[column]) for column in columns} for row in mine]


def _told(value: Any) -> str | None:
    """A value as the body says it."""
    if value is None:
        return None
    return instant_text(value) if isinstance(value, datetime) else clipped(value, MOST_CHARACTERS)
