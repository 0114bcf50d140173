"""Errors that a person reads, by who has to act, with their exit codes.

    ImageSyncError                      1   a bug: report it
    ├── UsageError                      2   whoever typed the command
    │   └── ConfigError                 2   whoever wrote the configuration
    ├── SourceError                     -   (one source failed; the run continues with the others)
    │   ├── SourceRefused              10   whoever grants access: 401, 403, no such project or API
    │   ├── SourceUnavailable          11   nobody, or the network: try again later
    │   └── SourceBroken               12   whoever runs the API: the response is invalid
    ├── DatabaseUnavailable            20   whoever runs the database
    ├── SchemaNotAtHead                21   whoever upgrades: `image-sync db upgrade`
    ├── LockHeld                       22   nobody: another run is active
    ├── RecordInconsistent             41   whoever audits: the record is inconsistent
    ├── EnvironmentFailure             50   whoever runs this host: full disk, missing folder
    └── Interrupted               130, 143  nobody: a signal ended the run

Three codes are not those of errors: `PARTIAL`, `HELD` and `STALE`.
The codes are an interface: cron jobs and monitors rely on them.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

PARTIAL: Final = 3  # a source failed, a walk was not certified, or a record was rejected
HELD: Final = 30  # removals wait for a person
STALE: Final = 40  # `status --max-age`: a source was not read for too long


class ImageSyncError(Exception):
    """An error for people: the cause, then its location; `hint` is the next step.

    `run_id` is the run that it ended, if the run had begun.
    """

    exit_code: int = 1
    run_id: int | None = None

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class UsageError(ImageSyncError):
    """The command line is invalid or names something that does not exist."""

    exit_code = 2


class ConfigError(UsageError):
    """The configuration is invalid; `mistakes` has all mistakes, each with its location."""

    def __init__(self, location: str, mistakes: list[str]) -> None:
        lines = [f"{location}:", *(f"  {mistake}" for mistake in mistakes)]
        self.in_one_line = f"{location}: {'; '.join(mistakes)}"
        super().__init__("\n".join(lines) if len(mistakes) > 1 else self.in_one_line)
        self.mistakes = mistakes


class SourceError(ImageSyncError):
    """A source could not be read; `kind` is stored in `source_runs.error_kind`.

    `is_foreign`: the response is text or a page instead of JSON, so a proxy may have sent it.
    """

    kind: ClassVar[str] = "source"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        error_code: str = "",
        request_id: str = "",
        received_at: datetime | None = None,
        is_foreign: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.is_foreign = is_foreign
        self.status = status
        self.error_code = error_code
        self.request_id = request_id
        self.received_at = received_at


class SourceRefused(SourceError):
    """Access is refused, or there is no such project or API."""

    exit_code = 10
    kind = "refused"


class SourceUnavailable(SourceError):
    """No response in time, or a temporary one (429, 5xx)."""

    exit_code = 11
    kind = "unavailable"


class SourceBroken(SourceError):
    """The response is invalid: not JSON, wrong shape, endless paging."""

    exit_code = 12
    kind = "broken"


class DatabaseUnavailable(ImageSyncError):
    """The database cannot be reached, written or used."""

    exit_code = 20


class SchemaNotAtHead(ImageSyncError):
    """The database's schema is not this program's, and it may not be upgraded now."""

    exit_code = 21


class LockHeld(ImageSyncError):
    """Another run writes the same source."""

    exit_code = 22


class RecordInconsistent(ImageSyncError):
    """The record is inconsistent."""

    exit_code = 41


class EnvironmentFailure(ImageSyncError):
    """This host lacks something that every program needs: disk space, a folder, a platform."""

    exit_code = 50


class Interrupted(ImageSyncError):
    """A signal ended the run; `exit_code` is 128 plus the signal's number."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"interrupted by signal {signal_number}")
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number


def exit_code_for(error: BaseException) -> int:
    """The exit code for any error that ends a command, apart from those of the command line."""
    if isinstance(error, ImageSyncError):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return 130
    is_environment = isinstance(error, OSError | MemoryError)
    return EnvironmentFailure.exit_code if is_environment else ImageSyncError.exit_code
