"""Log events on standard error: one per line, as text or as JSON.

An event is a fixed phrase with fields: `_log.info("source read", extra={"pages": 3})`. The run and
the source that it belongs to are bound once, with `bound`. A new thread takes them over through
`contextvars.copy_context().run`.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, Literal

from etl.clock import instant_text
from etl.text import printable, printable_json

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
