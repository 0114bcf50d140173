"""What the global options select: configuration, database and log, opened when they are needed.

There is one `CliContext` per command line; commands receive it through `pass_cli`.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import click

from etl.clock import utc_now
from etl.signals import raise_if_interrupted
from etl.text import printable

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from etl.config import Settings
    from etl.log import Format
    from etl.transform import ComponentTables

NAME: Final = "image-sync"
_log = logging.getLogger(__name__)


@dataclass
class CliContext:
    """The global options and what follows from them.

    `exit_code` is the command's result so far. It is returned even if standard output is closed
    before everything is printed.
    """

    config: str | None = None
    database: str | None = None
    log_format: Format = "text"
    verbose: int = 0
    is_quiet: bool = False
    exit_code: int = 0
    _warned: set[str] = field(default_factory=set)

    @staticmethod
    def clock() -> datetime:
        """The current time; tests replace it."""
        return utc_now()

    @property
    def verbosity(self) -> int:
        """-1 with -q, 0 by default, 1 with -v, 2 with -vv."""
        return -1 if self.is_quiet else self.verbose

    @cached_property
    def settings(self) -> Settings:
        """The effective configuration, completely checked. Raises `ConfigError`."""
        return self._settings(None)

    @cached_property
    def record_settings(self) -> Settings:
        """The same for commands that only read the record: a mistake in a source is no error."""
        return self._settings(("database", "components"))

    @cached_property
    def proof_settings(self) -> Settings:
        """The same with `[proof]` and `[http]` checked, for commands that sign or verify."""
        return self._settings(("database", "components", "proof", "http"))

    @cached_property
    def component_tables(self) -> ComponentTables:
        """The component names and end-of-life dates: the built-in ones and those of the user."""
        from etl.transform import component_tables

        return component_tables(self.record_settings.components.file)

    def _settings(self, sections: tuple[str, ...] | None) -> Settings:
        from etl.config import find_config, read_settings

        path = find_config(self.config, os.environ)
        given = self.database or ""
        settings = read_settings(path, os.environ, database_url=given, sections=sections)
        for warning in settings.warnings:
            if warning not in self._warned:
                self._warned.add(warning)
                _log.warning("configuration readable by others", extra={"detail": warning})
        return settings

    @contextmanager
    def engine(self, opened: Callable[..., Engine]) -> Iterator[Engine]:
        """The database whatever its schema, opened by a function of `etl.database.engine`."""
        from etl.database.engine import translated_errors

        settings = self.record_settings.database
        engine = opened(settings.url, schema=settings.schema)
        try:
            with translated_errors(engine):
                raise_if_interrupted()
                yield engine
        finally:
            engine.dispose()

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """A read-only connection to a database whose schema is current."""
        from etl.database.migrate import open_record

        database = self.record_settings.database
        with open_record(database.url, schema=database.schema) as connection:
            raise_if_interrupted()
            yield connection

    def report(
        self, message: str, *, event: str, level: int = logging.ERROR, **fields: Any
    ) -> None:
        """Prints a message on standard error; with --log-format json it is an event."""
        message = self.with_options(message)
        if self.log_format == "json":
            _log.log(level, event, extra={"detail": message, **fields})
            return
        for line in f"{NAME}: {message}".split("\n"):
            click.echo(printable(line), err=True)

    def note(self, remark: str, *, event: str) -> None:
        """Prints a remark about the result on standard error; none with -q."""
        if not self.is_quiet:
            self.report(remark, event=event, level=logging.INFO)

    def command_line(self, arguments: str) -> str:
        """A command on the same configuration and database, to be copied and pasted."""
        given = [("--config", self.config), ("--database", self._shown_database)]
        options = [f"{name} {shlex.quote(value)}" for name, value in given if value]
        return " ".join([shlex.quote(self.program), *options, arguments])

    def with_options(self, message: str) -> str:
        """The message with the global options in its commands, so that they can be pasted."""
        return re.sub(rf"`{NAME} (?!-)", lambda _: f"`{self.command_line('')}", message)

    @property
    def program(self) -> str:
        """The command as it can be typed here: its path unless PATH leads to it."""
        typed = sys.argv[0]
        is_script = os.path.basename(typed) == NAME and os.path.exists(typed)
        if not is_script:  # python -m etl, or another program calls
            return NAME
        found = shutil.which(NAME)
        return NAME if found and os.path.samefile(found, typed) else typed

    @property
    def _shown_database(self) -> str | None:
        """The URL given as an option, unless it contains a password."""
        from etl.config.rules import masked_url

        url = self.database or ""
        is_given = url != os.environ.get("IMAGE_SYNC_DATABASE_URL", "")
        return url if is_given and masked_url(url) == url else None


pass_cli = click.make_pass_decorator(CliContext)
