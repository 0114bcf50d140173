"""The order of the notices around a run, and nothing else: read here who is told when.

    ping "start" ─▶ the run, its commits ─▶ metrics file ─▶ ping ─▶ webhook

Whatever becomes of a notice, the run's outcome is what it was: a notice that fails is a warning.
"""

from __future__ import annotations

import logging
import os
import platform
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from etl.atomic_file import written_whole
from etl.clock import utc_now
from etl.errors import ImageSyncError, Interrupted, UsageError
from etl.notify.ended import Ended, ended_by, ended_well, in_words
from etl.notify.events import Affected, body_of, encoded
from etl.notify.facts import known, read_affected, read_sources
from etl.notify.metrics import metrics_text
from etl.notify.post import Post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from etl.config import NotifySettings, Settings
    from etl.model import RunOutcome

# Whoever scrapes is another user, whatever this one's umask; nothing in the file is secret.
_READABLE: Final = 0o644
_PING_RETRIES: Final = 1
_WEBHOOK_RETRIES: Final = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Announcer:
    """Tells those whom `[notify]` names of the runs of one command."""

    command: str
    settings: Settings
    notify: NotifySettings
    post: Post
    now: Callable[[], datetime]

    def __call__(self, work: Callable[[], RunOutcome]) -> RunOutcome:
        """Does `work`, and tells what it came to; its outcome or error is handed on as it is."""
        started_at = self.now()
        self._ping("/start", f"{self.command} begins", max_retries=0)
        try:
            outcome = work()
        except BaseException as error:
            at = self.now()
            if not self._is_mistyped(error):
                self._tell(ended_by(self.command, error, started_at=started_at, finished_at=at))
            raise
        self._tell(ended_well(self.command, outcome))
        return outcome

    def _is_mistyped(self, error: BaseException) -> bool:
        """Whether a person asked for what is not there; a sync is asked for by machines."""
        return isinstance(error, UsageError) and self.command != "sync"

    def _tell(self, ended: Ended) -> None:
        if self.notify.metrics_file:
            with _unharmed("the metrics file was not written"):
                self._write_metrics(ended, Path(self.notify.metrics_file))
        suffix = f"/{ended.exit_code}" if ended.exit_code else ""
        self._ping(suffix, in_words(ended), max_retries=_PING_RETRIES)
        if self.notify.webhook_url:
            with _unharmed("the webhook was not told"):
                self._call_webhook(ended)

    def _ping(self, suffix: str, words: str, *, max_retries: int) -> None:
        if self.notify.ping_url and self.command == "sync":
            text = words.encode("utf-8", "replace")
            with _unharmed("the ping was not heard"):
                self.post.send(self.notify.ping_url, text, suffix=suffix, max_retries=max_retries)

    def _call_webhook(self, ended: Ended) -> None:
        affected = None
        if any(each.removed or each.held for each in ended.sources):
            affected = known(self.settings.database, lambda record: read_affected(record, ended))
        body = body_of(
            ended, affected or Affected(), wanted=self.notify.webhook_events, host=platform.node()
        )
        if body is not None:
            self.post.send(
                self.notify.webhook_url,
                encoded(body),
                kind="application/json",
                secret=self.notify.webhook_secret,
                max_retries=_WEBHOOK_RETRIES,
            )

    def _write_metrics(self, ended: Ended, path: Path) -> None:
        sources = known(self.settings.database, lambda record: read_sources(record, self.settings))
        before = path.read_text("utf-8") if sources is None and path.exists() else ""
        text = metrics_text(ended, sources, before=before)
        with written_whole(path) as file:
            os.fchmod(file.fileno(), _READABLE)
            file.write(text.encode())


def announcing(
    command: str,
    settings: Settings,
    *,
    metrics_file: str | None = None,
    now: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], object] = time.sleep,
) -> _Announcer:
    """What does a piece of work and tells of it; `metrics_file` stands for the configured one."""
    notify = settings.notify
    if metrics_file is not None:
        notify = replace(notify, metrics_file=metrics_file)
    post = Post(http=settings.http, timeout_seconds=notify.timeout_seconds, now=now, sleep=sleep)
    return _Announcer(command=command, settings=settings, notify=notify, post=post, now=now)


@contextmanager
def _unharmed(what: str) -> Iterator[None]:
    """Makes a warning of whatever goes wrong inside."""
    try:
        yield
    except Interrupted:
        raise
    except Exception as error:
        told = error.message if isinstance(error, ImageSyncError) else type(error).__name__
        _log.warning("%s: %s", what, told)
