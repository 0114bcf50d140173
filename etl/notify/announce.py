"""The order of the notices around a run, and nothing else: read here who is told when.

    the run ─▶ its commits ─▶ metrics file

Whatever becomes of a notice, the run's outcome is what it was: a notice that fails is a warning.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from etl.audit.outfile import written_whole
from etl.errors import ImageSyncError
from etl.job import utc_now
from etl.notify.ended import Ended, RunOutcome, ended_by, ended_well
from etl.notify.facts import SourceFacts, open_record, read_sources
from etl.notify.metrics import metrics_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from etl.config import Settings

Outcome = TypeVar("Outcome", bound=RunOutcome)

# Whoever scrapes is another user, whatever this one's umask; nothing in the file is secret.
_READABLE: Final = 0o644
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Announcer:
    """Tells those whom `[notify]` names of the runs of one command."""

    command: str
    settings: Settings
    metrics_file: str
    now: Callable[[], datetime]

    def __call__(self, work: Callable[[], Outcome]) -> Outcome:
        """Does `work`, and tells what it came to; its outcome or error is handed on as it is."""
        started_at = self.now()
        try:
            outcome = work()
        except BaseException as error:
            at = self.now()
            self._tell(ended_by(self.command, error, started_at=started_at, finished_at=at))
            raise
        self._tell(ended_well(self.command, outcome))
        return outcome

    def _tell(self, ended: Ended) -> None:
        if self.metrics_file:
            with _unharmed("the metrics file was not written"):
                self._write_metrics(ended, Path(self.metrics_file))

    def _write_metrics(self, ended: Ended, path: Path) -> None:
        sources = self._sources()
        before = path.read_text("utf-8") if sources is None and path.exists() else ""
        text = metrics_text(ended, sources, before=before)
        with written_whole(path) as file:
            os.fchmod(file.fileno(), _READABLE)
            file.write(text.encode())

    def _sources(self) -> list[SourceFacts] | None:
        """What is on record of the configured sources; None where the record can't be read."""
        try:
            with open_record(self.settings.database) as connection:
                return read_sources(connection, [each.name for each in self.settings.sources])
        except ImageSyncError as error:
            _log.info("the record can't be read for the metrics file: %s", error)
            return None


def announcing(
    command: str,
    settings: Settings,
    *,
    metrics_file: str | None = None,
    now: Callable[[], datetime] = utc_now,
) -> _Announcer:
    """What does a piece of work and tells of it; `metrics_file` stands for the configured one."""
    path = settings.notify.metrics_file if metrics_file is None else metrics_file
    return _Announcer(command=command, settings=settings, metrics_file=path, now=now)


@contextmanager
def _unharmed(what: str) -> Iterator[None]:
    """Makes a warning of whatever goes wrong inside."""
    try:
        yield
    except Exception as error:
        told = str(error) if isinstance(error, ImageSyncError) else type(error).__name__
        _log.warning("%s: %s", what, told)
