"""The webhook's body, one JSON object per run, and its signature.

docs/operations.md and etl/schemas/webhook.json describe the body; an incompatible change raises
`SCHEMA_VERSION`. A body stays under 1 MiB: `count` is exact, lists and texts are cut.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from etl import __version__
from etl.audit.query import read_rows
from etl.clock import instant_text
from etl.model import RunOutcome
from etl.text import clipped

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl.notify.notifier import Result

SCHEMA_VERSION: Final = 1
SIGNATURE: Final = "X-Image-Sync-Signature"
MAX_EVENTS: Final = 100
MAX_IMAGES: Final = 50  # of each event
MAX_CHARACTERS: Final = 300


class RemovedImage(msgspec.Struct, kw_only=True):
    """A removed image with its evidence."""

    image_id: str | None
    name: str | None
    swr_path: str | None
    evidence: str | None
    last_seen_at: str | None
    removed_at: str | None


class HeldImage(msgspec.Struct, kw_only=True):
    """An image whose removal the guard holds."""

    image_id: str | None
    name: str | None
    evidence: str | None
    held_at: str | None


class Error(msgspec.Struct, kw_only=True):
    """Why a source or a run failed."""

    kind: str | None
    message: str | None
    request_id: str | None


class Removals(msgspec.Struct, tag_field="event", tag="removals", kw_only=True):
    """Removed images of a source; `count` is exact, `images` are the first ones."""

    source: str
    count: int
    images: list[RemovedImage]


class Held(msgspec.Struct, tag_field="event", tag="held", kw_only=True):
    """Removals of a source that the guard holds, and the rule that holds them."""

    source: str
    count: int
    rule: str
    images: list[HeldImage]


class Failed(msgspec.Struct, tag_field="event", tag="failed", kw_only=True):
    """A failed source, or (source null) a failed run."""

    source: str | None
    error: Error


class Check(msgspec.Struct, tag_field="event", tag="test", kw_only=True):
    """A test by `check --notify`."""

    source: None = None


Event = Removals | Held | Failed | Check


class Run(msgspec.Struct, kw_only=True):
    """The run that the events belong to."""

    run_id: int | None
    command: str
    status: str
    exit_code: int
    started_at: str
    finished_at: str


class Body(msgspec.Struct, kw_only=True):
    """Body of the webhook."""

    schema_version: int
    program: str
    version: str
    host: str
    run: Run
    events: list[Event]
    events_left_out: int
    checkpoint: str | None


@dataclass(frozen=True, slots=True)
class Affected:
    """The first images that a run removed and that the guard holds, as rows of the queries."""

    removed: Sequence[Mapping[str, Any]] = ()
    held: Sequence[Mapping[str, Any]] = ()


def read_affected(connection: Connection, outcome: RunOutcome) -> Affected:
    """The images listed in the body."""
    removed = read_rows(connection, "removals", run=outcome.run_id, limit=MAX_IMAGES)
    holding = tuple(each.name for each in outcome.sources if each.held)
    held = read_rows(connection, "held", sources=holding, limit=MAX_IMAGES) if holding else None
    return Affected(removed.objects(), held.objects() if held else ())


def body_of(
    result: Result, affected: Affected, *, wanted: Collection[str], host: str
) -> Body | None:
    """The body for a run, or None if none of the `wanted` events occurred."""
    events: list[Event] = [Check()] if result.is_test else []
    events += (each for each in _events(result, affected) if _name(each) in wanted)
    if not events:
        return None
    outcome = result.outcome
    return Body(
        schema_version=SCHEMA_VERSION,
        program="image-sync",
        version=__version__,
        host=host,
        run=Run(
            run_id=outcome.run_id,
            command=result.command,
            status=outcome.status,
            exit_code=outcome.exit_code,
            started_at=instant_text(outcome.started_at),
            finished_at=instant_text(outcome.finished_at),
        ),
        events=events[:MAX_EVENTS],
        events_left_out=len(events[MAX_EVENTS:]),
        checkpoint=outcome.checkpoint,
    )


def encoded(body: Body) -> bytes:
    """The bytes that are signed and sent."""
    return msgspec.json.encode(body)


def signature(secret: str, body: bytes, *, at: datetime) -> str:
    """The signature header: the Unix time, and the HMAC-SHA256 of time, a dot and the body."""
    time = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{time}.".encode() + body, hashlib.sha256)
    return f"t={time},v1={digest.hexdigest()}"


def _name(event: Event) -> str:
    return str(event.__struct_config__.tag)


def _events(result: Result, affected: Affected) -> Iterator[Event]:
    if result.error is not None:
        error = Error(kind="run", message=_text(result.error), request_id=None)
        yield Failed(source=None, error=error)
    for each in result.outcome.sources:
        name = _text(each.name) or ""
        if each.status == "failed":
            error = Error(
                kind=each.error_kind,
                message=_text(each.error_message),
                request_id=_text(each.error_request_id),
            )
            yield Failed(source=name, error=error)
        if each.removed:
            removed = _images(affected.removed, each.name, RemovedImage)
            yield Removals(source=name, count=each.removed, images=removed)
        if each.held:
            held = _images(affected.held, each.name, HeldImage)
            yield Held(source=name, count=each.held, rule=each.held_rule, images=held)


def _images(rows: Iterable[Mapping[str, Any]], source: str, kind: Any) -> list[Any]:
    """The source's rows as structs of that kind, whose fields are columns."""
    columns = kind.__struct_fields__
    mine = (row for row in rows if row["source"] == source)
    return [kind(**{column: _text(row[column]) for column in columns}) for row in mine]


def _text(value: Any) -> str | None:
    """A value as bounded text that UTF-8 can encode."""
    if value is None:
        return None
    text = instant_text(value) if isinstance(value, datetime) else clipped(value, MAX_CHARACTERS)
    return text.encode("utf-8", "replace").decode()
