"""Selection of sources for a command: all, a shard, or those named, including discovered ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from etl.config import Settings, SourceSettings
from etl.database.engine import translated_errors
from etl.errors import UsageError
from etl.model import Outcome
from etl.run_context import RunContext, open_context
from etl.sources.discover import with_discovered
from etl.text import require_known

if TYPE_CHECKING:
    from etl.sync_options import Shard


def refuse_unknown(settings: Settings, names: Sequence[str], *, shard: Shard | None = None) -> None:
    """Raise `UsageError` like `select` before anything is opened, if no project is discovered."""
    if not settings.discover:
        select(settings, names, shard=shard)


def find_sources(
    settings: Settings,
    names: Sequence[str] = (),
    *,
    shard: Shard | None = None,
    writes: bool = False,
) -> tuple[tuple[SourceSettings, ...], tuple[Outcome, ...]]:
    """The sources that a sync would read, and the discoveries that failed.

    `writes` records discovered sources. Raises `UsageError` as `select` does.
    """
    if not settings.discover:
        return select(settings, names, shard=shard), ()
    with open_context(settings, is_read_only=not writes) as context:
        return sources_of(context, names, shard=shard, writes=writes)


def sources_of(
    context: RunContext,
    names: Sequence[str] = (),
    *,
    shard: Shard | None = None,
    writes: bool = False,
) -> tuple[tuple[SourceSettings, ...], tuple[Outcome, ...]]:
    """The selected sources, including discovered ones, and the discoveries that failed."""
    with translated_errors(context.engine):
        context, failed = with_discovered(context, names, writes=writes)
    if failed and not (names or context.settings.sources):
        return (), failed
    return select(context.settings, names, shard=shard), failed


def select(
    settings: Settings, names: Sequence[str], *, shard: Shard | None = None
) -> tuple[SourceSettings, ...]:
    """The sources with these names, or those of a shard, which may be none.

    Raises `UsageError` for an unknown name, and if there is no source at all.
    """
    if names and shard:
        raise UsageError("--source and --shard cannot be combined")
    by_name = {source.name: source for source in settings.sources}
    if not by_name and settings.discover:
        hint = "check discover.regions and the permissions of the credentials"
        raise UsageError(f"{settings.location}: no project was discovered", hint=hint)
    if not by_name:
        hint = "create a configuration with `image-sync config init`"
        raise UsageError(f"{settings.location}: no [[source]] is configured", hint=hint)
    for name in names:
        require_known("source", name, by_name)
    if names:
        return tuple(by_name[name] for name in dict.fromkeys(names))
    return tuple(each for each in settings.sources if shard is None or shard.has(each.name))
