"""Rows against each other: invariants, and columns that are computed from others.

`invariants.sql` contains the invariants. Recomputed here: digests of values, components, and the
digests of who removed images.
"""

# ruff: noqa: S608  # the SQL is put together from our own names, never from input

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, text

from etl.audit.verify.findings import UNREADABLE, Finding
from etl.load.attribution import read_actor
from etl.load.sql import image_columns, image_of
from etl.transform import ComponentRules, fingerprint

MAX_ROWS: Final = 20  # of one invariant: more of the same say nothing new
_BLOCK: Final = 2_000


def check_rows(connection: Connection, rules: ComponentRules | None) -> Iterator[Finding]:
    """Check all invariants and derived columns.

    Components only where the source's latest run read by `rules`.
    """
    yield from _check_invariants(connection)
    yield from _check_images(connection, rules)
    yield from _check_actors(connection)


def _of(run_id: Any, source: Any, row: str, problem: str) -> Finding:
    number = run_id if isinstance(run_id, int) else None
    return Finding(source=source and str(source), run_id=number, row=row, problem=problem)


def _check_invariants(connection: Connection) -> Iterator[Finding]:
    for table, problem, statement in _invariants(connection.dialect.name):
        result = connection.execute(text(f"{statement} limit {MAX_ROWS}"))
        names = [*result.keys()][2:]
        for run_id, source, *key in result:
            named = [f"{name} {value}" for name, value in zip(names, key, strict=True)]
            yield _of(run_id, source, ", ".join([table, *named]), problem)


@cache
def _invariants(dialect: str) -> list[tuple[str, str, str]]:
    """Table, problem and statement of each invariant."""
    from jinja2 import Template

    template = (files("etl.audit.verify") / "invariants.sql").read_text("utf-8")
    sql = Template(template).render()
    if dialect == "sqlite":  # before 3.39 it does not know the standard's spelling
        sql = sql.replace("is distinct from", "is not")
    return re.findall(r"(?m)^-- (\w+): (.+)\n((?:(?!--).*\n?)+)", sql)


def _check_images(connection: Connection, rules: ComponentRules | None) -> Iterator[Finding]:
    comparable = _sources_read_by(connection, rules) if rules else frozenset()
    statement = f"""
        select c.source, c.opened_run_id, c.image_id, c.fingerprint,
            cast(c.components as text), {image_columns(connection, "c")}
        from current_images as c order by c.image_key
    """
    rows = connection.execute(text(statement), execution_options={"yield_per": _BLOCK})
    for source, run_id, image_id, stored, components, *values in rows:
        row = f"current_images, image_id {image_id}"
        try:
            image = image_of(values)
            if bytes(stored) != fingerprint(image):
                yield _of(run_id, source, row, "fingerprint is not that of its values")
            if rules and source in comparable:
                found = msgspec.json.decode(msgspec.json.encode(rules.components(image)))
                if msgspec.json.decode(components) != found:
                    yield _of(run_id, source, row, "components are not those of its values")
        except UNREADABLE as error:
            yield _of(run_id, source, row, f"cannot be read: {error}")


def _sources_read_by(connection: Connection, rules: ComponentRules) -> frozenset[str]:
    latest = connection.execute(text(_LATEST_RULES), {"rules": rules.digest})
    return frozenset(latest.scalars())


def _check_actors(connection: Connection) -> Iterator[Finding]:
    """Names of those who removed images, against the digests that the log contains."""
    for source, image_id, version, run_id, digest in connection.execute(text(_NAMED)).all():
        opening = read_actor(connection, (source, image_id, version))
        if opening is None or sha256(opening).hexdigest() != digest:
            row = f"image_removals, image_id {image_id}, version {version}"
            yield _of(run_id, source, row, "who removed it is not what was logged")


_LATEST_RULES: Final = """
    select r.source from source_runs as r
    where r.component_rules = :rules and r.entry = (
        select max(entry) from source_runs as l where l.source = r.source
    )
"""
_NAMED: Final = """
    select r.source, r.image_id, r.version, r.attributed_run_id, a.actor_digest
    from image_removals as r
    join removal_attributions as a on a.source = r.source and a.image_id = r.image_id
        and a.version = r.version and a.run_id = r.attributed_run_id
    where r.actor_salt is not null
"""
