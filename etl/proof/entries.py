"""Entries of the log and their events: what they contain, and their canonical JSON.

An entry is the data whose hash is a leaf of the log's tree. An event is a row, or a part of one,
that a run wrote. Values are named, and nulls are omitted, so that a column that is added later does
not change older hashes. Values are integers and strings: times as ISO 8601, JSON columns as their
canonical text.

The events of an entry are ordered by kind as in `EVENTS`; within a kind by the image's row key,
then by version, then by field (rejects by their number, fields by name).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from etl.model import TRACKED
from etl.proof.merkle import Tree

FORMAT: Final = 1
RUN_COLUMNS: Final = ("kind", "actor", "reason", "started_at", "version", "host", "pid")
"""Columns of `sync_runs` that an entry of the run contains: all that are known before its end."""
END_COLUMNS: Final = ("run_id", *RUN_COLUMNS, "status", "exit_code", "finished_at")
"""Columns of `sync_runs` that a later entry contains: how the run ended."""
VALUES: Final = tuple(sorted((*TRACKED, "extra")))
"""What a version's event contains under `values`."""

canonical: Final[Callable[[Any], bytes]] = msgspec.json.Encoder(order="sorted").encode
"""Canonical JSON: sorted keys, no white space, UTF-8."""


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of event: its name, the names of its values (sorted), and those under `values`."""

    name: str
    columns: tuple[str, ...]
    values: tuple[str, ...] = ()
    encode: Callable[[Sequence[Any]], bytes] = field(init=False)
    """Canonical JSON of a row that gives `columns`, then `values`, in their order."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "encode", _encoder(self))


def _encoder(kind: EventKind) -> Callable[[Sequence[Any]], bytes]:
    """A struct for each kind: several times faster than a dict without its nulls."""
    inner = _struct("Values", kind.values)
    names = sorted((*kind.columns, "event", *(["values"] if kind.values else [])))
    outer = _struct("Event", names)
    event_at = names.index("event")
    values_at = names.index("values") if kind.values else 0
    count = len(kind.columns)
    encode = msgspec.json.Encoder().encode

    def plain(row: Sequence[Any]) -> bytes:
        return encode(outer(*row[:event_at], kind.name, *row[event_at:]))

    def nested(row: Sequence[Any]) -> bytes:
        top = [*row[:event_at], kind.name, *row[event_at:count]]
        top.insert(values_at, inner(*row[count:]))
        return encode(outer(*top))

    return nested if kind.values else plain


def _struct(name: str, fields: Sequence[str]) -> type[msgspec.Struct]:
    return msgspec.defstruct(
        name, [(each, Any, None) for each in fields], omit_defaults=True, gc=False
    )


def _kind(name: str, columns: str, values: tuple[str, ...] = ()) -> EventKind:
    return EventKind(name, tuple(sorted(columns.split())), values)


EVENTS: Final = (
    _kind("opened", "image_id listing opened_as run_id valid_from version", VALUES),
    _kind("field", "field image_id new_value old_value run_id version"),
    _kind("closed", "closed_as image_id last_seen_at run_id valid_to version"),
    _kind("presence", "changed_at image_id kind last_seen_at missing_since relisted_as run_id"),
    _kind(
        "removal",
        "evidence evidence_detail image_id last_seen_at missing_since name removed_at run_id"
        " swr_path version",
    ),
    _kind("restored", "image_id restored_at run_id version"),
    _kind("held", "evidence evidence_detail held_at image_id name rule run_id"),
    _kind("released", "held_run_id image_id released_as released_at run_id"),
    _kind(
        "reject",
        "image_id listing page position reason record record_bytes record_digest rejected_at"
        " run_id",
    ),
    _kind("resolved", "image_id reason record_digest resolved_at run_id"),
    _kind("new_field", "field first_seen_at run_id"),
    _kind("attribution", "actor_digest attribution image_id run_id version"),
)
FIRST_SEEN: Final = _kind("first_seen", "first_seen_at image_id")
"""Kept fact about each image that a pruned run had seen: an event of the `prune` entry only."""
KINDS: Final = {kind.name: kind for kind in EVENTS}


def run_event(entry: int, source_run: Mapping[str, Any], sync_run: Mapping[str, Any]) -> bytes:
    """Kept row of a run whose entry was pruned: an event of the `prune` entry only."""
    return canonical(
        {
            "event": "run",
            "entry": entry,
            "source_run": _without_nulls(source_run),
            "sync_run": _without_nulls(sync_run),
        }
    )


def ended_event(sync_run: Mapping[str, Any]) -> bytes:
    """Kept end of a run that a pruned entry had sealed: an event of the `prune` entry only."""
    return canonical({"event": "ended", "sync_run": _without_nulls(sync_run)})


def actor_text(actor: Mapping[str, Any], salt: str) -> bytes:
    """What the `actor_digest` of an attribution is the SHA-256 of.

    The event contains the digest only, so that the names can be erased later without touching the
    log. The random salt, erased with them, keeps names from being guessed and compared.
    """
    return canonical({**_without_nulls(actor), "salt": salt})


def run_entry(
    source_run: Mapping[str, Any],
    sync_run: Mapping[str, Any],
    ended: Sequence[Mapping[str, Any]],
    *,
    hashes: Sequence[bytes],
) -> bytes:
    """Data of the entry of one run at one source; `hashes`: leaf hashes of its events.

    `ended`: the runs whose end no earlier entry contains.
    """
    data = {
        "source": source_run["source"],
        "source_run": _without_nulls(source_run),
        "sync_run": _without_nulls(sync_run),
        "ended": [_without_nulls(each) for each in ended],
    }
    return _entry("run", data, hashes)


def prune_entry(prune: Mapping[str, Any], *, hashes: Sequence[bytes]) -> bytes:
    """Data of the entry that replaces the pruned entries of a source: what was kept of them."""
    return _entry("prune", _without_nulls(prune), hashes)


def _entry(kind: str, data: Mapping[str, Any], hashes: Sequence[bytes]) -> bytes:
    events = {"events": len(hashes), "events_root": Tree(hashes).root().hex()}
    return canonical({"entry": kind, "format": FORMAT, **data, **events})


def _without_nulls(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
