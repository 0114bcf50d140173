"""Traces of the Cloud Trace Service (CTS): who called which management operation.

Fields may be missing, and documented types are not reliable: `user` is an object or that object as
JSON text, times are numbers or text. A trace without a name or a time is skipped, because it can
prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from etl.client.http_errors import decoded
from etl.client.messages import quoted
from etl.errors import SourceBroken
from etl.model import Actor, ActorKind, Trace

if TYPE_CHECKING:
    from etl.client.http_client import Client

PAGE_SIZE: Final = 200  # the service's maximum
MAX_PAGES: Final = 250
_MAX_EPOCH_MS: Final = 253_402_300_799_999  # the end of the year 9999
_KINDS: Final[dict[str, ActorKind]] = {
    "user": "user",
    "assumed-agency": "agency",
    "external-user": "federated",
}


class _Page(msgspec.Struct):
    traces: list[dict[str, Any]] | None = None
    meta_data: dict[str, Any] | None = None


def fetch_traces(
    client: Client, project_id: str, *, after: datetime, before: datetime
) -> list[Trace]:
    """Fetch all traces of a period (both ends excluded), newest first. Raises `SourceError`."""
    path = f"/v3/{quoted(project_id)}/traces"
    params = {
        "trace_type": "system",
        "limit": str(PAGE_SIZE),
        "from": str(_epoch_ms(after)),
        "to": str(_epoch_ms(before)),
    }
    traces: list[Trace] = []
    markers: set[str] = set()
    for _ in range(MAX_PAGES):
        response = client.get(path, params)
        hint = "check source.cts_endpoint"
        page = decoded(response, _Page, what="a list of traces", hint=hint)
        traces += parse_traces(page.traces or ())
        marker = _text((page.meta_data or {}).get("marker"))
        if not marker or not page.traces:
            return traces
        if marker in markers:
            raise SourceBroken(f"GET {path}: the marker {marker[:60]!r} came twice")
        markers.add(marker)
        params["next"] = marker
    raise SourceBroken(f"GET {path}: more than {MAX_PAGES * PAGE_SIZE} traces")


def parse_traces(records: Iterable[dict[str, Any]]) -> list[Trace]:
    """Return the usable traces among the records of a response."""
    parsed = map(_parse, records)
    return [trace for trace in parsed if trace is not None]


def _parse(record: dict[str, Any]) -> Trace | None:
    name, at = _text(record.get("trace_name")), _time(record)
    if not name or at is None:
        return None
    return Trace(
        trace_id=_text(record.get("trace_id")),
        name=name,
        resource_type=_text(record.get("resource_type")),
        resource_id=_text(record.get("resource_id")),
        resource_name=_text(record.get("resource_name")),
        via=_text(record.get("trace_type")),
        at=at,
        has_succeeded=_has_succeeded(record),
        source_ip=_text(record.get("source_ip")),
        actor=parse_actor(record.get("user")),
    )


def _has_succeeded(record: dict[str, Any]) -> bool | None:
    """Whether the operation succeeded; None if the trace does not say."""
    rating, code = _text(record.get("trace_rating")).lower(), _text(record.get("code"))
    if rating and rating != "normal":
        return False
    if code.isdigit():
        return code.startswith("2")
    return True if rating else None


def parse_actor(user: Any) -> Actor | None:
    """Return the name and kind in a trace's `user`; None if it names nobody.

    The URN is `iam::ACCOUNT:user:NAME`, `sts::ACCOUNT:assumed-agency:AGENCY/SESSION` or
    `sts::ACCOUNT:external-user:IDP/SESSION`.
    """
    if isinstance(user, str):
        try:
            user = msgspec.json.decode(user)
        except msgspec.DecodeError:
            return None
    if not isinstance(user, dict):
        return None
    _, _, principal = _text(user.get("principal_urn")).partition("::")
    parts = principal.split(":", 2)
    kind, urn_name = (parts[1], parts[2]) if len(parts) == 3 else ("", "")
    name = _text(user.get("user_name")) or _text(user.get("name")) or urn_name
    return Actor(name, _KINDS.get(kind, "user")) if name else None


def _time(record: dict[str, Any]) -> datetime | None:
    for name in ("time", "record_time"):
        text = _text(record.get(name))
        if text.isascii() and text.isdigit() and len(text) < 16 and int(text) <= _MAX_EPOCH_MS:
            return datetime.fromtimestamp(int(text) / 1000, UTC)
    return None


def _text(value: Any) -> str:
    """Text of a text or a whole number; "" of anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    # Text that PostgreSQL cannot store (NUL) or that UTF-8 cannot express does not name anybody.
    return str(value).encode(errors="replace").decode().replace("\0", "\ufffd").strip()


def _epoch_ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
