"""What can go wrong, who must act, and the exit code that says so.

    ImageSyncError                      1   a bug: report it
    ├── UsageError                      2   whoever typed the command
    │   └── ConfigError                 2   whoever wrote the configuration
    ├── SourceError                     -   (one source failed; the run goes on with the others)
    │   ├── SourceRefused              10   whoever grants access: 401, 403, no such project or API
    │   ├── SourceUnavailable          11   nobody, or the network: try again later
    │   └── SourceBroken               12   whoever runs the API: it broke its own contract
    ├── DatabaseUnavailable            20   whoever runs the database
    ├── SchemaNotAtHead                21   whoever upgrades: `image-sync db upgrade`
    ├── LockHeld                       22   nobody: another run is at work
    ├── EnvironmentFailure             50   whoever runs this machine
    ├── LedgerBroken                   41   whoever audits: the ledger does not add up
    └── Interrupted               130, 143  nobody: a signal ended the run

The codes are an interface: cron jobs and monitors rely on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime


class ImageSyncError(Exception):
    """An error that a person reads: what happened, and in `hint` what to do next.

    `run_id`: the run that it ended, if there was one already.
    """

    exit_code: int = 1
    run_id: int | None = None

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(ImageSyncError):
    """The command line asks for something that is not there."""

    exit_code = 2


class ConfigError(UsageError):
    """The configuration holds mistakes: all of them, each with its place."""

    def __init__(self, place: str, mistakes: list[str]) -> None:
        super().__init__("\n".join([f"{place}:", *(f"  {mistake}" for mistake in mistakes)]))
        self.mistakes = mistakes
        self.in_one_line = f"{place}: {'; '.join(mistakes)}"


class SourceError(ImageSyncError):
    """A source could not be read; `kind` goes into `source_runs.error_kind`.

    `is_foreign`: the answer was text or a page, no JSON: a proxy's word rather than the API's.
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
    """The source does not let us in, or there is no such project or API."""

    exit_code = 10
    kind = "refused"


class SourceUnavailable(SourceError):
    """The source did not answer in time, or said that it can't now (429, 5xx)."""

    exit_code = 11
    kind = "unavailable"


class SourceBroken(SourceError):
    """The source answered what its contract rules out: not JSON, wrong shape, endless pages."""

    exit_code = 12
    kind = "broken"


class DatabaseUnavailable(ImageSyncError):
    """The database can't be reached, written or used."""

    exit_code = 20


class SchemaNotAtHead(ImageSyncError):
    """The database's schema is another than this program's, and it may not be upgraded now."""

    exit_code = 21


class LockHeld(ImageSyncError):
    """Another run writes the same source."""

    exit_code = 22


class EnvironmentFailure(ImageSyncError):
    """Something outside the program is wrong: the clock, a folder, an output."""

    exit_code = 50


class LedgerBroken(ImageSyncError):
    """`verify` found rows that do not add up."""

    exit_code = 41


class Interrupted(ImageSyncError):
    """A signal asked the run to end; `exit_code` is 128 plus the signal's number."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"interrupted by signal {signal_number}")
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number
