"""Names that a reading command is given, checked against what is on record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, func, select

from etl.audit.query import ask
from etl.database.schema import source_runs, sync_runs
from etl.errors import UsageError
from etl.text import require_known

if TYPE_CHECKING:
    from etl.transform import ComponentTables

_DOCUMENTED: Final[dict[str, tuple[str, ...]]] = {
    "arch": ("x86_64", "aarch64"),
    "type": ("BUILD_IN", "DEDICATED"),
    "dev_service": ("NOTEBOOK", "SSH", "AI_FLOW"),
}
"""Values of the API that are valid even if no image on record has them."""


def require_sources(
    connection: Connection, names: Iterable[str], *, configured: Iterable[str] = ()
) -> None:
    """Raises `UsageError` for a source that is neither on record nor configured."""
    wanted = list(names)
    if not wanted:
        return
    known = {*configured, *connection.scalars(select(source_runs.c.source).distinct())}
    for name in wanted:
        require_known("source", name, known)


def require_run(connection: Connection, run_id: int) -> None:
    """Raises `UsageError` for a run that is not on record: it never began, or it was pruned."""
    if connection.scalar(select(sync_runs.c.run_id).where(sync_runs.c.run_id == run_id)):
        return
    first, last = connection.execute(
        select(func.min(sync_runs.c.run_id), func.max(sync_runs.c.run_id))
    ).one()
    if last is None:
        raise UsageError(f"unknown run {run_id}", hint="there are no runs yet")
    if not 0 < run_id <= last:
        raise UsageError(f"unknown run {run_id}", hint=f"the latest is {last}")
    hint = f"runs on record: {first} to {last}, without those that were pruned"
    raise UsageError(f"run {run_id} was pruned", hint=hint)


def require_values(
    connection: Connection, filters: Mapping[str, Any], tables: Callable[[], ComponentTables]
) -> None:
    """Raises `UsageError` for a filter that no image on record ever matched.

    `filters`: of `arch`, `type`, `dev_service` and `component`. This reads the whole catalogue:
    call it when a question has no answer.
    """
    for name in ("arch", "type", "dev_service", "component"):
        if value := filters.get(name):
            known = {*_DOCUMENTED.get(name, ()), *_recorded(connection, name)}
            if name == "component":
                known |= set(tables().rules)
            require_known(name.replace("_", " "), value, known)


def versions_of(connection: Connection, component: str) -> list[str]:
    """The versions of a component that images on record have."""
    rows = ask(connection, "known_values", name="version", component=component).rows
    return [row[0] for row in rows if row[0] is not None]


def _recorded(connection: Connection, name: str) -> set[str]:
    rows = ask(connection, "known_values", name=name).rows
    return {row[0] for row in rows if row[0] is not None}
