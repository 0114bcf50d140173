"""One event a line, with the run and the source that it belongs to."""

import json
import logging

import pytest

from etl import log

logger = logging.getLogger("etl.some")


def test_json_events_contain_bound_fields(capsys):
    log.set_up("json")
    with log.bound(run=3), log.bound(source="a b"):
        logger.info("page read", extra={"page": 7})
    logger.warning("alone")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first.pop("at").endswith("Z")
    assert first == {"level": "info", "event": "page read", "run": 3, "source": "a b", "page": 7}
    assert "run" not in second


def test_text_events_are_one_line_whatever_is_in_them(capsys):
    log.set_up("text", verbosity=1)
    with log.bound(source="a b"):
        logger.info("bad\n\x1b[2Jthing", extra={"empty": ""})
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert line.endswith('info: bad\\n\\x1b[2Jthing source="a b" empty=""')


@pytest.mark.parametrize(
    ("form", "verbosity", "logged"),
    [
        ("text", -1, ["error"]),
        ("text", 0, ["warning", "error"]),
        ("json", 0, ["info", "warning", "error"]),
        ("text", 1, ["info", "warning", "error"]),
        ("text", 2, ["debug", "info", "warning", "error"]),
    ],
)
def test_levels(form, verbosity, logged, capsys):
    log.set_up(form, verbosity=verbosity)
    levels = ("debug", "info", "warning", "error")
    for level in levels:
        getattr(logger, level)(f"<{level}>")
    printed = capsys.readouterr().err
    assert [level for level in levels if f"<{level}>" in printed] == logged


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_event_includes_its_traceback(form, capsys):
    log.set_up(form)
    try:
        raise ValueError("why")
    except ValueError:
        logger.exception("failed")
    printed = capsys.readouterr().err
    assert "ValueError: why" in printed
    assert (len(printed.splitlines()) == 1) == (form == "json")


def test_a_log_that_cannot_be_written_is_no_error(monkeypatch):
    class Closed:
        def write(self, _text):
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Closed())
    log.set_up()
    logger.error("nobody hears")
