"""Options that several commands share, and what a shell can complete in them."""

from __future__ import annotations

import os
import platform
import pwd
import tomllib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from etl import log
from etl.sync_options import parse_shard

_MOST_CHOICES: Final = 8


def source_names(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Completions: the configured sources. Never fails and opens no database."""
    from etl.config import find_config

    names: list[Any] = []
    with suppress(OSError, ValueError, TypeError, AttributeError):
        if path := find_config(context.obj.config, os.environ):
            tables = tomllib.loads(path.read_text("utf-8")).get("source", [])
            names = [table.get("name") for table in tables]
    texts = (name for name in names if isinstance(name, str))
    return [CompletionItem(name) for name in texts if name.startswith(incomplete)]


def _remember(context: click.Context, option: click.Parameter, value: Any) -> None:
    """Stores a global option, whether it stands before or after the command."""
    if value:
        setattr(context.obj, str(option.name), value)
        log.set_up(context.obj.log_format, verbosity=context.obj.verbosity)


def _global(*names: str, **settings: Any) -> click.Option:
    return click.Option(names, expose_value=False, callback=_remember, **settings)


GLOBAL_OPTIONS: Final = (
    _global(
        "--config",
        "-c",
        metavar="PATH",
        type=click.Path(),
        help="Configuration file; default: $IMAGE_SYNC_CONFIG, then ./config.toml.",
    ),
    _global(
        "--database",
        metavar="URL",
        envvar="IMAGE_SYNC_DATABASE_URL",
        help="Database; default: $IMAGE_SYNC_DATABASE_URL, then the configuration.",
    ),
    _global(
        "--log-format",
        type=click.Choice(["text", "json"]),
        help="Format of the log on standard error.",
    ),
    _global("-v", "verbose", count=True, help="Log each step; -vv: each request."),
    _global("-q", "is_quiet", is_flag=True, help="Print nothing unless something is wrong."),
)


def require_text(
    _context: click.Context | None, _option: click.Parameter | None, value: Any
) -> Any:
    """Rejects empty text, and bytes of an argument that are not UTF-8: no database holds them."""
    for each in value if isinstance(value, tuple) else (value,):
        if each is not None and not each.strip():
            raise click.BadParameter("the value is empty")
        try:
            (each or "").encode()
        except UnicodeEncodeError:
            raise click.BadParameter(f"{each!r} is not UTF-8") from None
    return value


def _shard(_context: click.Context, _option: click.Parameter, value: str | None) -> Any:
    return parse_shard(value) if value else None


class Known(click.ParamType):  # type: ignore[type-arg]  # it is not generic in click 8.2
    """A value that must be one of those that `choices` returns."""

    def __init__(self, kind: str, choices: Callable[[], Iterable[str]]) -> None:
        self.name = kind
        self._choices = choices

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The value without surrounding blanks; raises `UsageError` if it is unknown."""
        from etl.text import require_known

        require_text(ctx, param, value)
        require_known(self.name, value.strip(), self._choices())
        return value.strip()

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The choices, if they are few."""
        del param, ctx
        choices = list(self._choices())
        return f"[{'|'.join(choices)}]" if len(choices) <= _MOST_CHOICES else "NAME"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The choices that begin with what was typed."""
        del ctx, param
        return [CompletionItem(each) for each in self._choices() if each.startswith(incomplete)]


class Time(click.ParamType):  # type: ignore[type-arg]  # it is not generic in click 8.2
    """A time as people type it, which a function of `etl.audit.arguments` reads."""

    name = "time"

    def __init__(self, read: str) -> None:
        self._read = read

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime | int:
        """The instant, or the number of a run where that is possible. Raises `UsageError`."""
        from etl.audit import arguments

        require_text(ctx, param, value)
        read: Callable[..., datetime | int] = getattr(arguments, self._read)
        return read(value, now=click.get_current_context().obj.clock())


NUMBER: Final = click.IntRange(min=1, max=2**63 - 1)
"""The number of a run."""


def source_option_as(parameter: str) -> Callable[[Any], Any]:
    """The option --source of a command that receives the names as `parameter`."""
    return click.option(
        "--source",
        parameter,
        callback=require_text,
        multiple=True,
        metavar="NAME",
        shell_complete=source_names,
        help="Only this source; may be repeated.",
    )


source_option: Final = source_option_as("sources")
shard_option: Final = click.option(
    "--shard",
    metavar="K/N",
    callback=_shard,
    help="Only the sources of shard K of N (1 ≤ K ≤ N), the same ones on every host.",
)
output_option: Final = click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text for people or JSON for programs.",
)
wait_option: Final = click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(min=0),
    default=0,
    metavar="SECONDS",
    help="Wait up to SECONDS for another run's lock instead of exiting with 22.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionOptions:
    """The options of a command that records a person's decision."""

    actor: str
    reason: str | None
    wait_seconds: float


def default_actor() -> str:
    """The operating system's user, whatever the environment says, and the host."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run with a user id that has no name
        user = f"uid {os.getuid()}"
    return f"{user}@{platform.node()}"


DECISION_OPTIONS: Final = (
    click.option(
        "--by",
        "actor",
        metavar="NAME",
        callback=require_text,
        default=default_actor,
        help="Who decides; default: your user and host name.",
    ),
    click.option(
        "--reason", metavar="TEXT", callback=require_text, help="Why; stored with the run."
    ),
    wait_option,
)


def gathered(
    kind: type[Any], options: tuple[Any, ...], *, name: str = "given"
) -> Callable[[Any], Any]:
    """Adds options to a command, which receives them as one value of the dataclass `kind`.

    A field without an option keeps its default.
    """

    def decorate(command: Callable[..., Any]) -> Any:
        @wraps(command)
        def gathering(*args: Any, **values: Any) -> Any:
            fields = [field for field in kind.__slots__ if field in values]
            given = kind(**{field: values.pop(field) for field in fields})
            return command(*args, **{name: given}, **values)

        for option in reversed(options):
            gathering = option(gathering)
        return gathering

    return decorate
