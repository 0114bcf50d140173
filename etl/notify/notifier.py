"""The notifications around a run, and their delivery.

    ping "start" ─▶ the run with its commits ─▶ metrics ─▶ ping ─▶ webhook

A notification that fails is a warning; all failures of a run are reported in one event. URLs of
notifications are secrets, because everyone who knows one can use it: messages contain only the
host.
"""

from __future__ import annotations

import logging
import os
import platform
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

from etl.atomic_file import atomic_write
from etl.client.auth import Authenticator
from etl.client.hosts import Hosts
from etl.client.http_client import Client, Endpoint
from etl.client.messages import Request
from etl.clock import utc_now
from etl.config import Settings
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

if TYPE_CHECKING:
    from sqlalchemy import Connection

Answer = TypeVar("Answer")

JOB: Final = "image-sync"
CHECK: Final = "check"
MAX_RETRIES: Final = 2
_MAX_WAIT_SECONDS: Final = 10.0  # between two attempts, whatever the host asks for
_ACCEPTED: Final = frozenset(range(200, 300))
_MAX_LINES: Final = 100
# node_exporter runs as another user, whatever our umask; nothing in the file is secret.
_READABLE: Final = 0o644
_JSON: Final = "application/json"
_TEXT: Final = "text/plain; charset=utf-8"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a command ended; `error` is the message of what ended it before it had an outcome."""

    command: str
    outcome: RunOutcome
    error: str | None = None

    @property
    def is_test(self) -> bool:
        """Whether it only tests the channels: the result of `check`."""
        return self.command == CHECK

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
    if metrics_file is not None:
        notify = replace(settings.notify, metrics_file=metrics_file)
        settings = replace(settings, notify=notify)
    notifier = _Notifier(command=command, settings=settings, now=now, sleep=sleep)
    started_at = now()
    notifier.start()
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
) -> dict[str, str]:
    """Sends a test to each configured channel; returns its error or "" by channel."""
    notifier = _Notifier(command=CHECK, settings=settings, now=now, sleep=sleep)
    at = now()
    notifier.send(Result(command=CHECK, outcome=_outcome("succeeded", 0, at, at)))
    return notifier.errors


def _result_of(
    command: str, error: BaseException, *, started_at: datetime, finished_at: datetime
) -> Result:
    """A run that an error ended. An unexpected error may contain anything, so only its type."""
    status = "interrupted" if isinstance(error, Interrupted) else "failed"
    outcome = _outcome(status, exit_code_for(error), started_at, finished_at)
    if isinstance(error, ImageSyncError):
        outcome = replace(outcome, run_id=error.run_id)
        return Result(command=command, error=str(error), outcome=outcome)
    message = f"internal error: {type(error).__name__}"
    return Result(command=command, error=message, outcome=outcome)


def _outcome(
    status: str, exit_code: int, started_at: datetime, finished_at: datetime
) -> RunOutcome:
    """The outcome of a command that read no source."""
    return RunOutcome(
        run_id=None,
        status=status,
        exit_code=exit_code,
        started_at=started_at,
        finished_at=finished_at,
        is_dry_run=False,
        sources=(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Notifier:
    """Sends the notifications of one execution.

    `errors` contains the first error, or an empty string, of each channel that was used.
    """

    command: str
    settings: Settings
    now: Callable[[], datetime]
    sleep: Callable[[float], object]
    execution_id: uuid.UUID = field(default_factory=uuid.uuid4)
    errors: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Sends what precedes a run, once: a monitor that does not respond delays no run."""
        if self.settings.notify.ping_url:
            text = f"{self.command} started"
            self._attempt("ping", lambda: self._ping("/start", text, is_repeated=False))

    def notify(self, result: Result) -> None:
        """Sends everything that follows the end of a run; failures are a warning."""
        self.send(result)
        if failures := {channel: error for channel, error in self.errors.items() if error}:
            _log.warning("notification failed", extra=failures)

    def send(self, result: Result) -> None:
        """Uses each channel that is configured."""
        notify = self.settings.notify
        if notify.metrics_file:
            self._attempt("metrics_file", lambda: self._write_metrics(result))
        if notify.pushgateway_url:
            self._attempt("pushgateway", lambda: self._push_metrics(result))
        if notify.ping_url:
            code = result.outcome.exit_code
            suffix = "/log" if result.is_test else f"/{code}" if code else ""
            self._attempt("ping", lambda: self._ping(suffix, result.text))
        if notify.webhook_url:
            self._attempt("webhook", lambda: self._post_events(result))

    def _attempt(self, channel: str, send: Callable[[], object]) -> None:
        """Records an error instead of raising it. An unexpected one may contain anything."""
        error = ""
        try:
            send()
        except Interrupted:
            raise
        except ImageSyncError as failure:
            error = str(failure)
        except Exception as failure:
            error = type(failure).__name__
        self.errors[channel] = self.errors.get(channel) or error

    def _ping(self, suffix: str, text: str, *, is_repeated: bool = True) -> None:
        """Pings a monitor of cron jobs. Its `rid` connects the start and the end of one run."""
        if self.command not in {"sync", CHECK}:
            return
        parts = urlsplit(self.settings.notify.ping_url)
        query = "&".join(filter(None, [parts.query, f"rid={self.execution_id}"]))
        url = parts._replace(path=parts.path + suffix, query=query).geturl()
        body = text.encode("utf-8", "replace")
        self._send(url, body, content_type=_TEXT, is_repeated=is_repeated)

    def _write_metrics(self, result: Result) -> None:
        from etl.notify import metrics  # imported only if metrics are wanted

        path = Path(self.settings.notify.metrics_file)
        if result.is_test:
            path = path.with_name(f".image-sync-check-{os.getpid()}")
            with atomic_write(path):
                pass
            path.unlink()
            return
        sources = self._read(lambda record: metrics.read_sources(record, self.settings))
        labels = self.settings.notify.metrics_labels
        previous = path.read_text("utf-8") if sources is None and path.exists() else ""
        text = metrics.text_of(metrics.registry_of(result, sources, labels=labels), previous)
        with atomic_write(path) as file:
            os.fchmod(file.fileno(), _READABLE)
            file.write(text)

    def _push_metrics(self, result: Result) -> None:
        """Pushes metrics in a group of this installation; otherwise families keep their values."""
        from prometheus_client import CollectorRegistry, push_to_gateway, pushadd_to_gateway

        from etl.notify import metrics

        notify = self.settings.notify
        sources, registry = None, CollectorRegistry()
        if not result.is_test:
            sources = self._read(lambda record: metrics.read_sources(record, self.settings))
            registry = metrics.registry_of(result, sources, labels=notify.metrics_labels)
        push = pushadd_to_gateway if sources is None else push_to_gateway
        push(
            notify.pushgateway_url,
            JOB,
            registry,
            grouping_key=dict(notify.metrics_labels),
            handler=self._push_handler,
        )

    def _push_handler(
        self,
        url: str,
        method: str,
        timeout: float | None,  # noqa: ARG002  # our requests have their own
        headers: list[tuple[str, str]],
        data: bytes,
    ) -> Callable[[], None]:
        """A handler of prometheus_client that uses our delivery."""
        content_type = dict(headers)["Content-Type"]
        return lambda: self._send(url, data, content_type=content_type, method=method)

    def _post_events(self, result: Result) -> None:
        from etl.notify import webhook  # imported only if there is one

        notify = self.settings.notify
        affected = None
        if any(each.removed or each.held for each in result.outcome.sources):
            affected = self._read(lambda record: webhook.read_affected(record, result.outcome))
        affected = affected or webhook.Affected()
        wanted = notify.webhook_events
        body = webhook.body_of(result, affected, wanted=wanted, host=platform.node())
        if body is not None:
            data = webhook.encoded(body)
            secret = notify.webhook_secret
            self._send(notify.webhook_url, data, content_type=_JSON, secret=secret)

    def _send(
        self,
        url: str,
        body: bytes,
        *,
        content_type: str,
        method: str = "POST",
        secret: str = "",
        is_repeated: bool = True,
    ) -> None:
        """Sends `body`, signed in each attempt if there is a secret.

        Any 2xx response counts as delivered. Raises `SourceError` if it was not.
        """
        request = Request(
            method,
            query=urlsplit(url).query,
            headers={"Content-Type": content_type},
            body=body,
            accepted=_ACCEPTED,
            is_json=False,
            is_notification=True,
        )
        hosts = Hosts(sleep=lambda seconds: self.sleep(min(seconds, _MAX_WAIT_SECONDS)))
        timeout = self.settings.notify.timeout_seconds
        max_retries = MAX_RETRIES if is_repeated else 0
        client = Client(
            Endpoint(urlsplit(url)._replace(query="").geturl(), "the URL in [notify]"),
            auth=self._signer(url, secret),
            http=replace(self.settings.http, timeout_seconds=timeout, max_retries=max_retries),
            clock=self.now,
            hosts=hosts,
        )
        try:
            client.send(request)
        finally:
            client.close()
            hosts.close()

    def _signer(self, url: str, secret: str) -> Authenticator:
        """Signs the body if there is a secret; the parts of the URL are secret in any case."""
        parts = urlsplit(url)

        def signed(request: Request) -> Mapping[str, str]:
            if not secret:
                return {}
            from etl.notify import webhook

            return {webhook.SIGNATURE: webhook.signature(secret, request.body, at=self.now())}

        return Authenticator(
            "the receiver rejected it: check the URL and the secret",
            headers=signed,
            secrets=lambda: (secret, parts.path, parts.query, *parts.path.split("/")),
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
