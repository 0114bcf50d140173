"""What the program reports on standard error while it works: log events, and progress.

Events are one per line, as text or as JSON. An event is a fixed phrase with fields:
`_log.info("source read", extra={"pages": 3})`. The run and the source that it belongs to are bound
once, with `bound`. A new thread takes them over through `contextvars.copy_context().run`.

Progress is shown as bars on a terminal, otherwise not at all. The code that works reports what it
has reached; `shown_progress` decides once whether it is shown.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from etl.clock import instant_text
from etl.text import printable, printable_json

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

Format = Literal["text", "json"]

_BOUND: Final[ContextVar[Mapping[str, Any]]] = ContextVar("bound", default={})  # noqa: B039  # never changed in place, only replaced
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up(form: Format = "text", *, verbosity: int = 0) -> None:
    """Sends the program's events to standard error; may be called again.

    `verbosity`: -1 errors, 0 also warnings (as JSON also information, because a collector reads
    it), 1 also information, 2 also every request.
    """
    levels = {-1: logging.ERROR, 0: logging.INFO if form == "json" else logging.WARNING}
    level = levels.get(verbosity, logging.INFO if verbosity == 1 else logging.DEBUG)
    handler = _StderrHandler()
    handler.setFormatter(_JsonFormatter() if form == "json" else _TextFormatter())
    logger = logging.getLogger("etl")
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False
    # A dead channel for alerts or for the proof is reported even with -q: otherwise nobody would
    # notice it.
    for name in ("etl.notify", "etl.publish"):
        logging.getLogger(name).setLevel(min(level, logging.WARNING))
    # It logs lost connections with a traceback; the command's own error reports them already.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Add fields, such as `run` and `source`, to every event inside the block."""
    known = {name: value for name, value in fields.items() if value is not None}
    token = _BOUND.set({**_BOUND.get(), **known})
    try:
        yield
    finally:
        _BOUND.reset(token)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """The fields of an event: bound ones, then its own."""
    own = {name: value for name, value in vars(record).items() if name not in _OWN}
    return {**_BOUND.get(), **own}


class _StderrHandler(logging.StreamHandler[Any]):
    """Writes to the current standard error, which tests and callers may have replaced."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """A log that can't be written (a closed pipe) ends no run."""


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={_plain(value)}" for name, value in fields_of(record).items())
        line = f"{_at(record)} {record.levelname.lower()}: {record.getMessage()}{fields}"
        trace = f"\n{_trace(record)}" if record.exc_info else ""
        return printable(line) + "\n".join(printable(each) for each in trace.split("\n"))


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **fields_of(record),
        }
        if record.exc_info:
            event["trace"] = _trace(record)
        return printable_json(json.dumps(event, ensure_ascii=False, default=str))


def _at(record: logging.LogRecord) -> str:
    return instant_text(datetime.fromtimestamp(record.created, UTC))


def _trace(record: logging.LogRecord) -> str:
    exception = record.exc_info[1] if record.exc_info else None
    return "".join(traceback.format_exception(exception)).rstrip() if exception else ""


def _plain(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or " " in text else text


class Progress:
    """Shows nothing. Its methods may be called from several threads."""

    def begin(self, source: str) -> None:
        """Starts a source."""

    def advance(self, source: str, listing: object, *, rows: int, total: int) -> None:
        """Reports a page with its rows, and the total that it announces for its listing."""

    def end(self, source: str, *, note: str) -> None:
        """Ends a source; `note` is its status in one word."""


@dataclass(slots=True)
class _Bar:
    """The bar of a source, and what its pages added up to."""

    task: TaskID
    pages: int = 0
    rows: int = 0
    totals: dict[object, int] = field(default_factory=dict)


class TerminalProgress(Progress):
    """A bar for each source, with its pages and rows."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._by_source: dict[str, _Bar] = {}

    def begin(self, source: str) -> None:
        task = self._bars.add_task(printable(source), total=None, pages=0, note="connecting")
        self._by_source[source] = _Bar(task)

    def advance(self, source: str, listing: object, *, rows: int, total: int) -> None:
        bar = self._by_source[source]
        bar.pages += 1
        bar.rows += rows
        bar.totals[listing] = total
        total = max(bar.rows, sum(bar.totals.values()))
        self._bars.update(bar.task, completed=bar.rows, total=total, pages=bar.pages, note="")

    def end(self, source: str, *, note: str) -> None:
        bar = self._by_source[source]
        done = max(bar.rows, 1)
        self._bars.update(bar.task, total=done, completed=done, note=note)


@contextmanager
def shown_progress(*, is_wanted: bool = True) -> Iterator[Progress]:
    """Progress for the length of a run: shown when wanted and standard error is a terminal."""
    if not (is_wanted and sys.stderr.isatty()):
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    bars = RichProgress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pages]} pages", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
    with bars:
        yield TerminalProgress(bars)
