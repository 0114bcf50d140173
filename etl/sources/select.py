"""Selection of sources for a command: all, a shard, or those named, including discovered ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl import choices
from etl.context import open_context
from etl.database.engine import our_errors
from etl.errors import UsageError
from etl.sources.discover import with_discovered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl.config import Settings, SourceSettings
    from etl.context import RunContext
    from etl.model import Outcome
    from etl.shard import Shard


def refuse_unknown(settings: Settings, names: Sequence[str], *, shard: Shard | None = None) -> None:
    """Raises `UsageError` as `chosen` does, before anything is opened, where that can be known."""
    if not settings.discover:
        chosen(settings, names, shard=shard)


def require_known(settings: Settings, names: Sequence[str]) -> None:
    """Raises `UsageError` for a source that the configuration does not have."""
    for name in names:
        choices.require_known("source", name, (source.name for source in settings.sources))


def find_sources(
    settings: Settings,
    names: Sequence[str] = (),
    *,
    shard: Shard | None = None,
    writes: bool = False,
) -> tuple[tuple[SourceSettings, ...], tuple[Outcome, ...]]:
    """The sources that a sync would read, and what failed in discovering them.

    `writes`: discovered ones are noted. Raises `UsageError` as `chosen` does.
    """
    if not settings.discover:
        return chosen(settings, names, shard=shard), ()
    with open_context(settings, is_read_only=not writes) as context:
        return sources_of(context, names, shard=shard, writes=writes)


def sources_of(
    context: RunContext,
    names: Sequence[str] = (),
    *,
    shard: Shard | None = None,
    writes: bool = False,
) -> tuple[tuple[SourceSettings, ...], tuple[Outcome, ...]]:
    """The sources chosen, discovered ones among them, and what failed in discovering them."""
    with our_errors(context.engine):
        context, failed = with_discovered(context, names, writes=writes)
    if failed and not (names or context.settings.sources):
        return (), failed
    return chosen(context.settings, names, shard=shard), failed


def chosen_of(context: RunContext, names: Sequence[str]) -> tuple[SourceSettings, ...]:
    """The sources of these names, which must be there."""
    return sources_of(context, names)[0]


def chosen(
    settings: Settings, names: Sequence[str], *, shard: Shard | None = None
) -> tuple[SourceSettings, ...]:
    """The sources of these names, or of a share, which may be none.

    Raises `UsageError` for a name that is not there, and where there is no source at all.
    """
    if names and shard:
        raise UsageError("either --source or --shard: a share is taken of all sources")
    require_known(settings, names)
    known = {source.name: source for source in settings.sources}
    if not known and settings.discover:
        hint = "check discover.regions, and what the credentials may use"
        raise UsageError(f"{settings.place}: no project was found to read", hint=hint)
    if not known:
        raise UsageError(
            f"{settings.place}: there is no [[source]] to read",
            hint="`image-sync config init` writes a configuration to begin with",
        )
    if names:
        return tuple(known[name] for name in dict.fromkeys(names))
    return tuple(each for each in settings.sources if shard is None or shard.has(each.name))
