"""Invariants between rows: each is a SELECT of the rows that violate it.

The log proves that rows are as they were written. These conditions hold for the columns that no
event contains because they follow from other rows, and for rows that belong to no entry.
"""

# ruff: noqa: S608  # the SQL is put together from our own names, never from input

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from etl.audit.verify.findings import Finding

MAX_ROWS: Final = 20  # of one invariant: more of the same say nothing new


@dataclass(frozen=True, slots=True)
class Invariant:
    """A condition: the table, what is wrong with the selected rows, and the rest of the SELECT.

    The SELECT has the alias `t` for the row, and names its source, run and key columns.
    """

    table: str
    problem: str
    run: str
    key: str
    tail: str


def check_invariants(connection: Connection) -> Iterator[Finding]:
    """Rows that violate an invariant."""
    differs = "is not" if connection.dialect.name == "sqlite" else "is distinct from"
    for each in INVARIANTS:
        tail = each.tail.replace("<>?", differs)
        statement = f"select {each.run}, {_source(each)}, {each.key} {tail} limit {MAX_ROWS}"
        for run_id, source, *key in connection.execute(text(statement)):
            names = [name.rpartition(".")[2] for name in each.key.split(", ")]
            row = ", ".join(f"{name} {value}" for name, value in zip(names, key, strict=True))
            yield Finding(
                run_id=run_id if isinstance(run_id, int) else None,
                source=source or "",
                row=f"{each.table}, {row}",
                problem=each.problem,
            )


def _source(each: Invariant) -> str:
    return "null" if each.table == "sync_runs" else "t.source"


def _orphans(table: str, run: str, key: str) -> Invariant:
    """Rows whose run has no entry in the log."""
    return Invariant(
        table,
        f"no log entry contains it ({run})",
        f"t.{run}",
        key,
        f"""from {table} as t
        where t.{run} is not null and not exists (
            select 1 from log_entries as l where l.source = t.source and l.run_id = t.{run}
        )""",
    )


_VERSION: Final = "t.image_id, t.version"
_NEXT: Final = """(
    select image_key, version, valid_from, opened_run_id, opened_as from current_images
    union all
    select image_key, version, valid_from, opened_run_id, opened_as from past_versions
)"""
_CLOSED: Final = """(
    select source, image_id, version, valid_to, closed_run_id, closed_as from current_images
    union all
    select source, image_id, version, valid_to, closed_run_id, closed_as from past_versions
)"""
_LATEST_PRESENCE: Final = """
    from current_images as t
    left join presence_changes as p on p.image_key = t.image_key and p.changed_at = (
        select max(q.changed_at) from presence_changes as q
        where q.image_key = t.image_key and q.changed_at > t.valid_from
    )"""
INVARIANTS: Final = (
    Invariant(
        "past_versions",
        "the next version does not continue it",
        "t.closed_run_id",
        _VERSION,
        f"""from past_versions as t
        left join {_NEXT} as n on n.image_key = t.image_key and n.version = t.version + 1
        where n.version is null or n.valid_from < t.valid_to
            or (t.closed_as = 'changed') <> (n.opened_as = 'changed')
            or (t.closed_as = 'removed') <> (n.opened_as = 'restored')
            or (t.closed_as = 'out_of_scope') <> (n.opened_as = 'in_scope')
            or (
                t.closed_as = 'changed'
                and (n.valid_from <> t.valid_to or n.opened_run_id <> t.closed_run_id)
            )""",
    ),
    Invariant(
        "past_versions",
        "it belongs to another image",
        "t.opened_run_id",
        _VERSION,
        """from past_versions as t
        left join current_images as c on c.image_key = t.image_key
        where c.image_key is null or c.source <> t.source or c.image_id <> t.image_id
            or t.version >= c.version or t.version < 1 or t.valid_to < t.valid_from
            or (t.closed_as = 'changed' and t.last_seen_at is not null)""",
    ),
    Invariant(
        "current_images",
        "versions before it are missing",
        "t.opened_run_id",
        _VERSION,
        """from current_images as t
        where t.version - 1 > (
            select count(*) from past_versions as v where v.image_key = t.image_key
        ) and not exists (
            select 1 from prune_checkpoints as p
            where p.source = t.source and t.first_seen_at <= p.observed_at
        )""",
    ),
    Invariant(
        "past_versions",
        "the version before it is missing",
        "t.opened_run_id",
        _VERSION,
        """from past_versions as t
        left join past_versions as b on b.image_key = t.image_key and b.version = t.version - 1
        left join prune_checkpoints as p on p.source = t.source
        where t.version > 1 and b.version is null
            and (p.source is null or t.valid_from > p.observed_at)""",
    ),
    Invariant(
        "current_images",
        "first_seen_at is not when version 1 began",
        "t.opened_run_id",
        "t.image_id",
        """from current_images as t
        left join past_versions as v on v.image_key = t.image_key and v.version = 1
        where (t.version = 1 and t.first_seen_at <> t.valid_from)
            or (v.version = 1 and t.first_seen_at <> v.valid_from)""",
    ),
    Invariant(
        "current_images",
        "state and period contradict each other",
        "t.opened_run_id",
        _VERSION,
        """from current_images as t
        where t.version < 1 or (t.state = 'present') <> (t.valid_to is null)
            or (t.state <> 'present' and t.state <>? t.closed_as)
            or (t.valid_to is null) <> (t.closed_as is null)
            or (t.valid_to is null) <> (t.closed_run_id is null)
            or (t.state <> 'present' and (t.missing_since is not null or t.relisted_as is not null))
            or t.valid_to < t.valid_from""",
    ),
    Invariant(
        "current_images",
        "presence is not what its latest change says",
        "coalesce(p.run_id, t.opened_run_id)",
        "t.image_id",
        f"""{_LATEST_PRESENCE}
        where t.state = 'present' and (
            t.missing_since <>? p.missing_since or t.last_seen_at <>? p.last_seen_at
            or t.relisted_as <>? p.relisted_as
        )""",
    ),
    Invariant(
        "presence_changes",
        "it belongs to another image",
        "t.run_id",
        "t.image_id",
        """from presence_changes as t
        left join current_images as c on c.image_key = t.image_key
        where c.image_key is null or c.source <> t.source or c.image_id <> t.image_id""",
    ),
    Invariant(
        "image_removals",
        "no version ends with it",
        "t.run_id",
        _VERSION,
        f"""from image_removals as t
        left join {_CLOSED} as v
            on v.source = t.source and v.image_id = t.image_id and v.version = t.version
        left join prune_checkpoints as p on p.source = t.source and t.removed_at <= p.observed_at
        where (v.version is null and p.source is null)
            or (v.version is not null and v.closed_as <>? 'removed')
            or v.valid_to <> t.removed_at or v.closed_run_id <> t.run_id""",
    ),
    *(
        Invariant(
            table,
            "the removal that ended it has no row in image_removals",
            "t.closed_run_id",
            _VERSION,
            f"""from {table} as t
            where t.closed_as = 'removed' and not exists (
                select 1 from image_removals as r
                where r.source = t.source and r.image_id = t.image_id and r.version = t.version
            )""",
        )
        for table in ("current_images", "past_versions")
    ),
    Invariant(
        "image_removals",
        "restored_at and restored_run_id are not those of the next version",
        "t.restored_run_id",
        _VERSION,
        f"""from image_removals as t
        join current_images as c on c.source = t.source and c.image_id = t.image_id
        left join {_NEXT} as n on n.image_key = c.image_key and n.version = t.version + 1
        where (n.version is not null and (
                t.restored_at <>? n.valid_from or t.restored_run_id <>? n.opened_run_id
            ))
            or (c.version = t.version and t.restored_run_id is not null)""",
    ),
    Invariant(
        "image_removals",
        "attribution is not the result of the latest inquiry",
        "t.attributed_run_id",
        _VERSION,
        """from image_removals as t
        left join removal_attributions as a
            on a.source = t.source and a.image_id = t.image_id and a.version = t.version
            and a.run_id = t.attributed_run_id
        where t.attribution <>? a.attribution or exists (
            select 1 from removal_attributions as o
            join log_entries as l on l.source = o.source and l.run_id = o.run_id
            join log_entries as k on k.source = t.source and k.run_id = t.attributed_run_id
            where o.source = t.source and o.image_id = t.image_id and o.version = t.version
                and l.entry > k.entry
        )
        or (t.actor_salt is not null and a.actor_digest is null)
        or (t.actor_salt is null and (
            t.removed_by is not null or t.removed_by_kind is not null or t.removed_via is not null
            or t.source_ip is not null or t.trace_id is not null or t.trace_at is not null
        ))""",
    ),
    Invariant(
        "removal_attributions",
        "it belongs to no removal",
        "t.run_id",
        _VERSION,
        """from removal_attributions as t
        left join image_removals as r
            on r.source = t.source and r.image_id = t.image_id and r.version = t.version
        where r.version is null or r.attributed_run_id is null""",
    ),
    Invariant(
        "field_changes",
        "it belongs to no version",
        "t.run_id",
        "t.image_key, t.version, t.field",
        f"""from (
            select f.*, c.source from field_changes as f
            left join current_images as c on c.image_key = f.image_key
        ) as t
        left join {_NEXT} as n on n.image_key = t.image_key and n.version = t.version
        where n.version is null or n.opened_run_id <> t.run_id""",
    ),
    Invariant(
        "source_runs",
        "no log entry contains it",
        "t.run_id",
        "t.run_id",
        """from source_runs as t
        left join log_entries as l on l.entry = t.entry
        where l.entry is null or l.run_id <>? t.run_id or l.source <> t.source""",
    ),
    Invariant(
        "event_hashes",
        "it belongs to no live entry",
        "l.run_id",
        "t.entry",
        """from (select h.entry, e.source from event_hashes as h
            left join log_entries as e on e.entry = h.entry) as t
        left join log_entries as l on l.entry = t.entry
        where l.entry is null""",
    ),
    Invariant(
        "sync_runs",
        "no log entry contains how it ended",
        "t.run_id",
        "t.run_id",
        """from sync_runs as t
        left join log_entries as l on l.entry = t.ended_entry
        where t.ended_entry is not null and (l.entry is null or l.kind <> 'run')""",
    ),
    _orphans("current_images", "opened_run_id", _VERSION),
    _orphans("current_images", "closed_run_id", _VERSION),
    _orphans("past_versions", "opened_run_id", _VERSION),
    _orphans("past_versions", "closed_run_id", _VERSION),
    _orphans("presence_changes", "run_id", "t.image_id"),
    _orphans("image_removals", "run_id", _VERSION),
    _orphans("image_removals", "restored_run_id", _VERSION),
    _orphans("removal_attributions", "run_id", _VERSION),
    _orphans("held_removals", "run_id", "t.image_id"),
    _orphans("held_removals", "released_run_id", "t.image_id"),
    _orphans("rejects", "run_id", "t.reject_id"),
    _orphans("rejects", "resolved_run_id", "t.reject_id"),
    _orphans("source_fields", "run_id", "t.field"),
)
