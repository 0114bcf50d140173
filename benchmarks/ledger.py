"""A large record for measuring reading commands, written by SQL: `python -m benchmarks.ledger URL`.

Rows look like those of a sync and all views are consistent, but digests are not correct and there
is no log, so `verify` would fail.

Of 1,000,000 images in 100 runs, 50,000 change twice, half of them without changing their path;
10,000 are removed and half of those restored; 10,000 are added later.
"""

# ruff: noqa: S608  # the SQL consists of this module's own texts

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from benchmarks.reading import IMAGES, RUNS
from etl.database.engine import open_engine
from etl.database.migrate import upgrade
from etl.database.schema import current_images, field_changes, past_versions

if TYPE_CHECKING:
    from sqlalchemy import Connection

SOURCE: Final = "benchmark"

# Expressions that differ between the databases.
_EXPRESSIONS: Final[dict[str, dict[str, str]]] = {
    "sqlite": {
        "numbers": "with recursive s(n) as (select 1 union all select n + 1 from s where n < {0})"
        " select n from s",
        "hex": "printf('%08x', {0})",
        "day": "strftime('%Y-%m-%dT%H:%M:%fZ', '2026-08-01', ({0}) || ' days')",
        "digest": "cast({0} as blob)",
        "jsonb": "{0}",
        "json": "{0}",
    },
    "postgresql": {
        "numbers": "select generate_series(1, {0}) as n",
        "hex": "lpad(to_hex({0}), 8, '0')",
        "day": "timestamptz '2026-08-01 00:00Z' + ({0}) * interval '1 day'",
        "digest": "convert_to({0}, 'UTF8')",
        "jsonb": "cast({0} as jsonb)",
        "json": "cast({0} as json)",
    },
}


def main() -> None:
    """Write the record into the database at the given URL."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--images", type=int, default=IMAGES)
    arguments = parser.parse_args()
    write_ledger(arguments.url, images=arguments.images)


def write_ledger(url: str, *, images: int = IMAGES) -> None:
    """Create the schema, then write the rows of each table with one statement."""
    engine = open_engine(url)
    upgrade(engine)
    with engine.begin() as connection:
        for table in (current_images, past_versions, field_changes):
            for index in table.indexes:
                index.drop(connection)
        driver = connection.connection.cursor()
        for statement in _statements(connection, images):
            driver.execute(statement)
        for table in (current_images, past_versions, field_changes):
            for index in table.indexes:
                index.create(connection)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        connection.execute(text("analyze" if is_sqlite else "vacuum analyze"))
    engine.dispose()


def _statements(connection: Connection, images: int) -> list[str]:
    sql = _Expressions(_EXPRESSIONS[connection.dialect.name])
    part = images // 100  # removed, and also added later
    return [
        f"create temporary table number as {sql.numbers(images)}",
        _sync_runs(sql),
        _source_runs(sql),
        f"create temporary table life as {_lives(part)}",
        _current_images(sql),
        _past_versions(sql),
        *_changes(sql),
        _removals(sql),
        _held(sql),
        _rejects(sql),
        *_COUNTED,
    ]


class _Expressions:
    """The expressions of one kind of database, as methods."""

    def __init__(self, expressions: dict[str, str]) -> None:
        self._expressions = expressions

    def __getattr__(self, name: str) -> Any:
        return lambda *given: self._expressions[name].format(*given)


def _sync_runs(sql: _Expressions) -> str:
    return f"""
        insert into sync_runs (run_id, kind, started_at, finished_at, status, exit_code, version,
            host, pid)
        select n, 'sync', {sql.day("n")}, {sql.day("n")}, 'succeeded', 0, '0', 'benchmark', 1
        from number where n <= {RUNS}"""


_COUNTS: Final = (
    *("walks", "pages", "requests", "retries", "reported_total", "seen", "added", "changed"),
    *("unchanged", "removed", "restored", "in_scope", "out_of_scope", "held", "missing"),
    *("rejected", "present"),
)


def _source_runs(sql: _Expressions) -> str:
    return f"""
        insert into source_runs (run_id, source, status, observed_at, endpoint, project_id,
            certificate, walk_detail, {", ".join(_COUNTS)})
        select n, '{SOURCE}', 'succeeded', {sql.day("n")}, '', '', 'exact', {sql.json("'{}'")},
            {", ".join("0" for _ in _COUNTS)}
        from number where n <= {RUNS}"""


def _lives(part: int) -> str:
    """The life of each image: the runs in which it is added, changed, removed and restored."""
    return f"""
        select n,
            case when n > 6 * {part} and n <= 7 * {part} then 2 + n % {RUNS - 2} else 1 end as came,
            case when n <= 5 * {part} then 2 + n % {RUNS // 2 - 1} end as changed,
            case when n > 5 * {part} and n <= 6 * {part} then 2 + n % {RUNS - 2} end as gone,
            case when n > 5 * {part} and n <= 6 * {part} and n % 2 = 0 then 3 + n % {RUNS - 2}
                end as back
        from number"""


_LATER: Final = RUNS // 2  # runs between the two changes of an image


def _values(sql: _Expressions, version: str) -> dict[str, str]:
    """An image's values in one of its versions."""
    engine = "case n % 4 when 0 then 'pytorch' when 1 then 'tensorflow' when 2 then 'mindspore'"
    engine += " else 'mxnet' end"
    release = "(n % 3) || '.' || (n % 11) || '.' || (n % 2)"
    python = "'3.' || (6 + n % 7)"
    system = "case n % 5 when 0 then '18.04' when 1 then '20.04' when 2 then '16.04'"
    system += " when 3 then '24.04' else '22.04' end"
    tag = f"{release} || '-' || case when n % 2 = 0 then {version} else 1 end"
    path = f"'swr.example.com/atelier/' || {engine} || '-' || n || ':' || {tag}"
    found = (
        f"""'[["python","' || {python} || '"],["' || {engine} || '","' || {release} ||"""
        f""" '"],["ubuntu","' || {system} || '"]]'"""
    )
    return {
        "name": f"{engine} || '-' || {release} || '-team-' || (n % 250000)",
        "description": "'general algorithm development and training, number ' || (n % 1000)",
        "type": "case when n % 10 = 0 then 'DEDICATED' else 'BUILD_IN' end",
        "status": "case when n % 500 = 0 then 'ERROR' else 'ACTIVE' end",
        "arch": "case when n % 3 = 0 then 'aarch64' else 'x86_64' end",
        "tag": tag,
        "workspace_id": "'0'",
        "service_type": "case n % 3 when 0 then 'TRAIN' when 1 then 'INFERENCE' else 'COMMON' end",
        "size": f"1000000000 + n % 100000 + {version}",
        "swr_path": path,
        "swr_registry": "'swr.example.com'",
        "swr_organization": "case when n % 10 = 0 then 'team-' || (n % 100) else 'atelier' end",
        "swr_repository": f"{engine} || '-' || n",
        "swr_tag": tag,
        "dev_services": sql.jsonb("""'["NOTEBOOK","SSH"]'"""),
        "resource_categories": sql.jsonb("""'["CPU","GPU"]'"""),
        "tags": sql.jsonb("'[]'"),
        "created_at": sql.day("n % 300 - 400"),
        "updated_at": f"case when n % 3 > 0 then {sql.day('n % 300 - 300')} end",
        "extra": sql.json("'{}'"),
        "components": sql.jsonb(found),
    }


def _current_images(sql: _Expressions) -> str:
    version = "case when changed > 0 then 3 when back > 0 then 2 else 1 end"
    opened = f"case when changed > 0 then changed + {_LATER} else coalesce(back, came) end"
    is_gone = "gone > 0 and back is null"
    values = _values(sql, f"({version})")
    closed = f"case when {is_gone} then"
    return f"""
        insert into current_images (image_key, record_digest, fingerprint, state, source, image_id,
            version,
            valid_from, valid_to, opened_run_id, opened_as, closed_run_id, closed_as,
            first_seen_at, listing, {", ".join(values)})
        select n, {sql.digest(sql.hex("n"))}, {sql.digest(sql.hex("n"))},
            case when {is_gone} then 'removed' else 'present' end, '{SOURCE}', {_image_id(sql)},
            {version}, {sql.day(opened)}, {closed} {sql.day("gone")} end, {opened},
            case when changed > 0 then 'changed' when back > 0 then 'restored' else 'added' end,
            {closed} gone end, {closed} 'removed' end, {sql.day("came")},
            case when n % 10 = 0 then 'DEDICATED/0' else 'BUILD_IN/0' end,
            {", ".join(values.values())}
        from life"""


def _image_id(sql: _Expressions) -> str:
    """Ids whose order differs from that of the keys."""
    mixed = sql.hex("(n * 2654435761) % 4294967296")
    return f"{mixed} || '-' || {sql.hex('n')}"


def _past_versions(sql: _Expressions) -> str:
    parts = []
    for version, chosen, start, end, opened, closed in (
        (1, "changed > 0", "came", "changed", "added", "changed"),
        (2, "changed > 0", "changed", f"changed + {_LATER}", "changed", "changed"),
        (1, "back > 0", "came", "gone", "added", "removed"),
    ):
        values = _values(sql, str(version))
        del values["components"]
        parts.append(f"""
            select n, '{SOURCE}', {_image_id(sql)}, {version}, {sql.day(start)},
                {sql.day(end)}, {start}, '{opened}', {end}, '{closed}',
                {", ".join(values.values())}
            from life where {chosen}""")
    return f"""
        insert into past_versions (image_key, source, image_id, version, valid_from, valid_to,
            opened_run_id, opened_as, closed_run_id, closed_as, {", ".join(values)})
        {" union all ".join(parts)}"""


def _changes(sql: _Expressions) -> list[str]:
    statements = []
    for version, run in ((2, "changed"), (3, f"changed + {_LATER}")):
        old, new = _values(sql, str(version - 1)), _values(sql, str(version))
        for field in ("size", "tag", "swr_path", "swr_tag"):
            quote = "" if field == "size" else """'"' || """
            end = "" if field == "size" else """ || '"'"""
            chosen = "changed > 0" if field == "size" else "changed > 0 and n % 2 = 0"
            statements.append(f"""
                insert into field_changes (image_key, version, field, old_value, new_value, run_id)
                select n, {version}, '{field}', cast({quote}{old[field]}{end} as text),
                    cast({quote}{new[field]}{end} as text), {run}
                from life where {chosen}""")
    return statements


def _removals(sql: _Expressions) -> str:
    values = _values(sql, "1")
    detail = sql.json("""'{"request_id":"0123456789abcdef","status":404}'""")
    return f"""
        insert into image_removals (source, image_id, name, swr_path, version, run_id, removed_at,
            last_seen_at, missing_since, evidence, evidence_detail, restored_at, restored_run_id)
        select '{SOURCE}', {_image_id(sql)}, {values["name"]}, {values["swr_path"]}, 1, gone,
            {sql.day("gone")}, {sql.day("gone - 1")}, {sql.day("gone")}, 'lookup_not_found',
            {detail}, case when back > 0 then {sql.day("back")} end, back
        from life where gone > 0"""


def _held(sql: _Expressions) -> str:
    return f"""
        insert into held_removals (source, image_id, run_id, held_at, name, rule, evidence,
            evidence_detail)
        select '{SOURCE}', {_image_id(sql)}, {RUNS}, {sql.day(str(RUNS))}, 'held',
            'max_count', 'lookup_not_found', {sql.json("'{}'")}
        from life where n > 990000 and n <= 990600"""


def _rejects(sql: _Expressions) -> str:
    return f"""
        insert into rejects (reject_id, run_id, source, image_id, listing, page, position, reason,
            record, record_bytes, record_digest, rejected_at, resolved_at, resolved_run_id)
        select n, 1 + n % {RUNS}, '{SOURCE}', {sql.hex("n")}, 'BUILD_IN/0', 0, 0,
            'size: Expected `int | null`, got `str`', '{{"id":"x","size":"big"}}', 23,
            {sql.hex("n")}, {sql.day(f"1 + n % {RUNS}")},
            case when n % 2 = 0 then {sql.day(str(RUNS))} end,
            case when n % 2 = 0 then {RUNS} end
        from number where n <= 2000"""


_ADDED: Final = "select opened_run_id as run_id, opened_as as kind from {0}"
_CLOSED: Final = "select closed_run_id, closed_as from {0} where closed_as <> 'changed'"
_EVENTS: Final = " union all ".join(
    part.format(table)
    for table in ("current_images", "past_versions")
    for part in (_ADDED, _CLOSED)
)
_COUNTED: Final = [
    f"create temporary table event as {_EVENTS}",
    """create temporary table event_count as
        select run_id, kind, count(*) as times from event group by run_id, kind""",
    *(
        f"""update source_runs set {kind} = (select coalesce(max(times), 0) from event_count
            where event_count.run_id = source_runs.run_id and kind = '{kind}')"""
        for kind in ("added", "changed", "restored", "removed")
    ),
    """update source_runs set present = (
        select sum(s.added + s.restored - s.removed) from source_runs as s
        where s.run_id <= source_runs.run_id)""",
    "update source_runs set seen = present, unchanged = present - added - changed - restored",
    f"update source_runs set held = 600, status = 'held' where run_id = {RUNS}",
    f"update sync_runs set exit_code = 30, status = 'held' where run_id = {RUNS}",
]

if __name__ == "__main__":
    main()
