"""What do the global options ask for? Settings and the database, opened when a command wants them.

One `CliContext` for one command line. Commands take it with `pass_cli`.
"""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from etl.clock import utc_now
from etl.signals import raise_if_interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from etl.config import ReadingSettings, Settings
    from etl.log import Format
    from etl.transform import ComponentTables

NAME: Final = "image-sync"
Read = TypeVar("Read", "Settings", "ReadingSettings")
_log = logging.getLogger(__name__)


@dataclass
class CliContext:
    """The global options, and what follows from them.

    `exit_code` is what the command has come to, should its output find no reader any more.
    """

    config: str | None = None
    database: str | None = None
    log_format: Format = "text"
    verbose: int = 0
    is_quiet: bool = False
    exit_code: int = 0

    @staticmethod
    def clock() -> datetime:
        """Now."""
        return utc_now()

    @property
    def verbosity(self) -> int:
        """-1 quiet, 0 usual, 1 and 2 as `-v` and `-vv` ask."""
        return -1 if self.is_quiet else self.verbose

    @cached_property
    def settings(self) -> Settings:
        """The effective configuration; raises `ConfigError` with all its mistakes."""
        from etl.config import read_settings

        return self._read(read_settings)

    @cached_property
    def reading(self) -> ReadingSettings:
        """The part of the configuration that readers need; the rest may be wrong, or unset."""
        from etl.config import read_reading_settings

        return self._read(read_reading_settings)

    @cached_property
    def component_tables(self) -> ComponentTables:
        """The component names and end-of-life dates: the built-in ones and those of the user."""
        from etl.transform.component_tables import builtin_tables

        return builtin_tables()

    def _read(self, read: Callable[..., Read]) -> Read:
        from etl.config import find_config

        path = find_config(self.config, os.environ)
        settings = read(path, os.environ, database_url=self.database or "")
        for warning in settings.warnings:
            _log.warning(warning)
        return settings

    @contextmanager
    def engine(self, opened: Callable[..., Engine]) -> Iterator[Engine]:
        """The database, its schema whatever it is; its errors in our words.

        `opened`: how, by a function of `etl.database.engine`.
        """
        from etl.database.engine import our_errors

        settings = self.reading.database
        engine = opened(settings.url, schema=settings.schema)
        try:
            with our_errors(engine):
                raise_if_interrupted()
                yield engine
        finally:
            engine.dispose()

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """A connection that can't write, to a database at head; `snapshot` holds its state."""
        from etl.database.record import open_record

        database = self.reading.database
        with open_record(database.url, schema=database.schema) as connection:
            raise_if_interrupted()
            yield connection

    def tell(self, words: str, **fields: Any) -> None:
        """The one line on standard error: an event where a collector reads JSON."""
        if self.log_format == "json":
            _log.error(words, extra=fields)
        else:
            click.echo(f"image-sync: {words}", err=True)

    def again(self, arguments: str) -> str:
        """A command line that looks into the same database, for people to copy."""
        given = [("--config", self.config), ("--database", self._shown_database)]
        options = [f"{name} {shlex.quote(value)}" for name, value in given if value]
        return " ".join([shlex.quote(self.program), *options, arguments])

    @property
    def program(self) -> str:
        """The command as it can be typed here: by its path when PATH does not lead to it."""
        typed = sys.argv[0]
        is_script = os.path.basename(typed) == NAME and os.path.exists(typed)
        if not is_script:  # python -m etl, or another program calls
            return NAME
        found = shutil.which(NAME)
        return NAME if found and os.path.samefile(found, typed) else typed

    @property
    def _shown_database(self) -> str | None:
        """The URL given as an option, unless it holds a password: that is never shown."""
        from etl.config.show import masked_url

        url = self.database or ""
        is_given = url != os.environ.get("IMAGE_SYNC_DATABASE_URL", "")
        return url if is_given and masked_url(url) == url else None


pass_cli = click.make_pass_decorator(CliContext)
