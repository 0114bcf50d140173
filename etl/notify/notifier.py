"""The order of the notifications around a run.

    ping "start" ─▶ the run with its commits ─▶ metrics ─▶ ping ─▶ webhook

A notification that fails is a warning; all failures of a run are reported in one event.
"""

from __future__ import annotations

import logging
import os
import platform
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

from etl.atomic_file import written_whole
from etl.clock import utc_now
from etl.config import NotifySettings, Settings
from etl.database.engine import snapshot
from etl.database.migrate import open_record
from etl.errors import (
    DatabaseUnavailable,
    ImageSyncError,
    Interrupted,
    SchemaNotAtHead,
    UsageError,
    exit_code_for,
)
from etl.model import RunOutcome
from etl.notify.sender import Sender
from etl.notify.webhook import Affected, Body, body_of, check_body, encoded, read_affected

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from sqlalchemy import Connection

Answer = TypeVar("Answer")

JOB: Final = "image-sync"
_MAX_LINES: Final = 100
# node_exporter runs as another user, whatever our umask; nothing in the file is secret.
_READABLE: Final = 0o644
_PING_RETRIES: Final = 1
_RETRIES: Final = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a command ended; `error` is the message of what ended it before it had an outcome."""

    command: str
    outcome: RunOutcome
    error: str | None = None

    @property
    def text(self) -> str:
        """A few lines for people, in a ping's log."""
        lines = [f"{self.command} {self.outcome.status}, exit code {self.outcome.exit_code}"]
        if self.error:
            lines.append(self.error)
        for each in self.outcome.sources[:_MAX_LINES]:
            counts = f"{each.present} images present, {each.held} removals held"
            lines.append(f"{each.name}: {each.status}: {each.error_message or counts}")
        return "\n".join(lines)


def run_with_notifications(
    command: str,
    settings: Settings,
    work: Callable[[], RunOutcome],
    *,
    metrics_file: str | None = None,
    now: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], object] = time.sleep,
) -> RunOutcome:
    """Runs `work`, notifies as `[notify]` says, and returns or raises what `work` does.

    `metrics_file` replaces the configured one.
    """
    notifier = _notifier(command, settings, metrics_file=metrics_file, now=now, sleep=sleep)
    started_at = now()
    notifier.ping("/start", f"{command} started", max_retries=0)
    try:
        outcome = work()
    except BaseException as error:
        if not (isinstance(error, UsageError) and command != "sync"):  # a person's typing error
            notifier.notify(_result_of(command, error, started_at=started_at, finished_at=now()))
        raise
    notifier.notify(Result(command=command, outcome=outcome))
    return outcome


def check_notifications(
    settings: Settings,
    *,
    now: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[tuple[str, str]]:
    """Sends a test to each configured channel; yields (key of the channel, error or "")."""
    notifier = _notifier("check", settings, metrics_file=None, now=now, sleep=sleep)
    for channel, test in notifier.tests():
        with notifier.no_failure(channel):
            test()
        yield channel, notifier.failures.get(channel, "")


def _notifier(
    command: str,
    settings: Settings,
    *,
    metrics_file: str | None,
    now: Callable[[], datetime],
    sleep: Callable[[float], object],
) -> _Notifier:
    notify = settings.notify
    if metrics_file is not None:
        notify = replace(notify, metrics_file=metrics_file)
    sender = Sender(
        http=settings.http, timeout_seconds=notify.timeout_seconds, now=now, sleep=sleep
    )
    return _Notifier(command=command, settings=settings, notify_settings=notify, sender=sender)


def _result_of(
    command: str, error: BaseException, *, started_at: datetime, finished_at: datetime
) -> Result:
    """A run that an error ended. An unexpected error may contain anything, so only its type."""
    is_expected = isinstance(error, ImageSyncError)
    return Result(
        command=command,
        error=str(error) if is_expected else f"internal error: {type(error).__name__}",
        outcome=RunOutcome(
            run_id=error.run_id if isinstance(error, ImageSyncError) else None,
            status="interrupted" if isinstance(error, Interrupted) else "failed",
            exit_code=exit_code_for(error),
            started_at=started_at,
            finished_at=finished_at,
            is_dry_run=False,
            sources=(),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Notifier:
    """Sends the notifications of one execution. `failures` maps a channel to its first error."""

    command: str
    settings: Settings
    notify_settings: NotifySettings
    sender: Sender
    execution_id: uuid.UUID = field(default_factory=uuid.uuid4)
    failures: dict[str, str] = field(default_factory=dict)

    def notify(self, result: Result) -> None:
        """Sends everything that follows the end of a run."""
        notify = self.notify_settings
        if notify.metrics_file or notify.pushgateway_url:
            self._send_metrics(result)
        code = result.outcome.exit_code
        self.ping(f"/{code}" if code else "", result.text, max_retries=_PING_RETRIES)
        if notify.webhook_url:
            with self.no_failure("webhook"):
                self._send_events(result)
        if self.failures:
            _log.warning("notification failed", extra=self.failures)

    def ping(self, suffix: str, text: str, *, max_retries: int) -> None:
        """Pings a monitor of cron jobs. Its `rid` connects the start and the end of one run."""
        if not self.notify_settings.ping_url or self.command not in {"sync", "check"}:
            return
        parts = urlsplit(self.notify_settings.ping_url)
        query = "&".join(filter(None, [parts.query, f"rid={self.execution_id}"]))
        url = parts._replace(path=parts.path + suffix, query=query).geturl()
        with self.no_failure("ping"):
            self.sender.send(url, text.encode("utf-8", "replace"), max_retries=max_retries)

    def tests(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """Each configured channel with a function that tests it."""
        notify = self.notify_settings
        if notify.metrics_file:
            yield "metrics_file", lambda: _check_folder(Path(notify.metrics_file))
        if notify.pushgateway_url:
            yield "pushgateway", lambda: self._push(None)
        if notify.ping_url:
            yield "ping", lambda: self.ping("/log", "image-sync check", max_retries=0)
        if notify.webhook_url:
            body = check_body(host=platform.node(), at=self.sender.now())
            yield "webhook", lambda: self._post(body, max_retries=0)

    @contextmanager
    def no_failure(self, channel: str) -> Iterator[None]:
        """Records an error instead of raising it. An unexpected one may contain anything."""
        try:
            yield
        except Interrupted:
            raise
        except Exception as error:
            is_expected = isinstance(error, ImageSyncError)
            self.failures.setdefault(channel, str(error) if is_expected else type(error).__name__)

    def _send_metrics(self, result: Result) -> None:
        from etl.notify import metrics  # imported only if metrics are wanted

        notify = self.notify_settings
        sources = self._read(lambda record: metrics.read_sources(record, self.settings))
        if notify.metrics_file:
            with self.no_failure("metrics_file"):
                path = Path(notify.metrics_file)
                previous = path.read_text("utf-8") if sources is None and path.exists() else ""
                registry = metrics.registry_of(
                    result, sources, labels=notify.metrics_labels, previous=previous
                )
                with written_whole(path) as file:
                    os.fchmod(file.fileno(), _READABLE)
                    file.write(metrics.text_of(registry))
        if notify.pushgateway_url:
            with self.no_failure("pushgateway"):
                registry = metrics.registry_of(result, sources, labels=notify.metrics_labels)
                self._push(registry, replaces_all=sources is not None)

    def _push(self, registry: CollectorRegistry | None, *, replaces_all: bool = False) -> None:
        """Pushes metrics in a group of this installation; otherwise families keep their values."""
        from prometheus_client import CollectorRegistry, push_to_gateway, pushadd_to_gateway

        push = push_to_gateway if replaces_all else pushadd_to_gateway
        push(
            self.notify_settings.pushgateway_url,
            JOB,
            registry or CollectorRegistry(),
            grouping_key=dict(self.notify_settings.metrics_labels),
            handler=self._push_handler,
        )

    def _push_handler(
        self,
        url: str,
        method: str,
        timeout: float | None,  # noqa: ARG002  # the sender has its own
        headers: list[tuple[str, str]],
        data: bytes,
    ) -> Callable[[], None]:
        """A handler of prometheus_client that uses our sender."""
        content_type = dict(headers)["Content-Type"]
        return lambda: self.sender.send(
            url, data, method=method, content_type=content_type, max_retries=_RETRIES
        )

    def _send_events(self, result: Result) -> None:
        affected = None
        if any(each.removed or each.held for each in result.outcome.sources):
            affected = self._read(lambda record: read_affected(record, result.outcome))
        wanted = self.notify_settings.webhook_events
        body = body_of(result, affected or Affected(), wanted=wanted, host=platform.node())
        if body is not None:
            self._post(body, max_retries=_RETRIES)

    def _post(self, body: Body, *, max_retries: int) -> None:
        self.sender.send(
            self.notify_settings.webhook_url,
            encoded(body),
            content_type="application/json",
            secret=self.notify_settings.webhook_secret,
            max_retries=max_retries,
        )

    def _read(self, question: Callable[[Connection], Answer]) -> Answer | None:
        """An answer from one state of the record, or None if it cannot be read."""
        database = self.settings.database
        try:
            with open_record(database.url, schema=database.schema) as record, snapshot(record):
                return question(record)
        except (DatabaseUnavailable, SchemaNotAtHead) as error:
            _log.info("notification without data from the database", extra={"cause": str(error)})
            return None


def _check_folder(path: Path) -> None:
    """Writes a file beside the metrics file and removes it."""
    probe = path.with_name(f".image-sync-check-{os.getpid()}")
    with written_whole(probe):
        pass
    probe.unlink()
