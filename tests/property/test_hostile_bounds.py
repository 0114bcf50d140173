"""The worst that JSON can carry, in each field and around it: bounded time, memory and reject."""

from __future__ import annotations

import contextlib
import os
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from etl.database.engine import open_reader
from etl.errors import SourceBroken
from etl.load.rejects import RECORD_BYTES
from etl.transform import builtin_rules, image_of_show, listed_rows, split_page
from etl.transform.fields import FIELDS, MAX_ID_LENGTH
from tests.support.fake_api import Response
from tests.support.normalised import Normalised, normalise
from tests.support.syncing import place
from tests.support.verified import assert_consistent

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
MEGABYTES = 10 if IS_SOAK else 1
DEEP, LONG = 10_000, MEGABYTES << 20
VALUES: dict[str, bytes] = {
    "NUL": rb'"a\u0000b"',
    "a NUL byte": b'"a\x00b"',
    "a lone surrogate": rb'"\ud800"',
    "surrogates the wrong way round": rb'"\udc00\ud800"',
    "a raw lone surrogate": b'"\xed\xa0\x80"',
    "no UTF-8": b'"\xff\xfe"',
    "nested arrays": b"[" * DEEP + b"]" * DEEP,
    "nested objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "nested and not closed": b"[" * DEEP,
    "a doubled key": b'{"key":"a","key":"b","value":"c","value":1}',
    "400 digits": b"9" * 400,
    "400 digits below zero": b"-" + b"9" * 400,
    "400 digits after the point": b"0." + b"9" * 400,
    "an exponent": b"1e400",
    "a large exponent": b"1e9999999999",
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "less than that": b"-Infinity",
    "true": b"true",
    "false": b"false",
    "minus nothing": b"-0",
    "a fraction": b"1.0",
    "an empty text": b'""',
    "a null list": b"[null]",
    "a list of lists": b"[[[]]]",
}
HUGE: dict[str, bytes] = {
    "megabytes of text": b'"' + b"x" * LONG + b'"',
    "megabytes of escapes": b'"' + rb"\u0000" * (LONG // 6) + b'"',
    "megabytes of surrogates": b'"' + rb"\ud800" * (LONG // 6) + b'"',
    "megabytes of list": b"[" + b'"a",' * (LONG // 4) + b'"a"]',
    "megabytes of brackets": b"[" * LONG,
    "megabytes of digits": b"9" * LONG,
    "megabytes of white space": b" " * LONG + b"1",
    "megabytes of quotes": b'"' * LONG,
    "megabytes of backslashes": b'"' + b"\\" * LONG,
}
NO_JSON = {"a NUL byte", "nested and not closed"}  # a page with it is none
NAMES = [*(field.name for field in FIELDS), "support_res_categories", "novelty"]


def records_with(value: bytes) -> Iterator[bytes]:
    """The value in each field, as the whole record, as a key, and twice."""
    yield value
    yield b'{"id":%b}' % value
    for name in NAMES[1:]:
        yield b'{"id":"x","%b":%b}' % (name.encode(), value)
    yield b'{"id":"x","name":"a","name":%b}' % value
    yield b'{"id":"x","tags":[{"key":"a","value":%b}],"dev_services":[%b]}' % (value, value)
    if value.startswith(b'"'):
        yield b'{"id":"x",%b:1}' % value


def is_taken(record: bytes) -> None:
    """An image or a reason, both of what a database holds; nothing is raised."""
    read = normalise(record)
    image_of_show(record)
    if isinstance(read, Normalised):
        told = repr(read.image)
        assert len(read.image.image_id) <= MAX_ID_LENGTH
        builtin_rules().components(read.image)
    else:
        told = f"{read.reason} {read.image_id}"
        assert len(read.reason) < 300
        assert read.image_id is None or len(read.image_id) <= MAX_ID_LENGTH
    assert "\\x00" not in told
    told.encode()


def is_page_or_broken(body: bytes) -> None:
    with contextlib.suppress(SourceBroken):
        page = split_page(body)
        assert len(listed_rows(page.data)) == len(page.data)
        assert 0 <= page.total < 2**63


@pytest.mark.parametrize("name", VALUES)
def test_any_value_in_any_field_is_an_image_or_a_reason(name: str) -> None:
    value = VALUES[name]
    for record in records_with(value):
        is_taken(record)
        for body in (
            b'{"data":[%b,{"id":"y"}],"total":2}' % record,
            b'{"data":[{"id":"y"}],"total":1,"novelty":%b}' % value,
            b'{"data":[{"id":"y"}],"total":%b}' % value,
            b'{"data":%b,"total":1}' % value,
        ):
            is_page_or_broken(body)


@pytest.mark.parametrize("name", HUGE)
def test_megabytes_take_little_time(name: str) -> None:
    """In proportion: at most some seconds for each, whatever they hold."""
    for field in (b"id", b"name", b"tags", b"novelty") if IS_SOAK else (b"name", b"tags"):
        record = b'{"id":"x","%b":%b}' % (field, HUGE[name])
        began = time.process_time()
        is_taken(record)
        assert time.process_time() - began < 3 * MEGABYTES


@pytest.mark.parametrize("name", ["megabytes of text", "megabytes of escapes"])
def test_megabytes_take_memory_in_proportion(name: str) -> None:
    record = b'{"id":"x","name":%b}' % HUGE[name]
    tracemalloc.start()
    is_taken(record)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * LONG


def without_log(tables: dict[str, Any]) -> dict[str, Any]:
    """The tables without the log, which has an entry for every run."""
    return {name: rows for name, rows in tables.items() if not name.startswith("log_")}


def test_whatever_is_listed_the_run_ends_and_the_record_adds_up(database_url: str) -> None:
    """And what is kept of a reject is bounded."""
    hostile = {
        **VALUES,
        **{name: HUGE[name] for name in ("megabytes of text", "megabytes of list")},
    }
    listed = [
        b'{"id":"%b %d","type":"BUILD_IN","%b":%b}' % (name.encode(), number, field, value)
        for number, field in enumerate((b"name", b"size", b"tags", b"novelty"))
        for name, value in hostile.items()
        if name not in NO_JSON
    ]
    body = b'{"data":[%b],"total":%d}' % (b",".join(listed), len(listed))
    with place(database_url) as here:
        here.api.before_request = lambda request: (
            Response(200, body) if request.path.endswith("/images") else None
        )
        here.cover(http={"timeout_seconds": 60, "max_response_bytes": 1 << 30})
        outcome = here.sync()
        assert outcome.status == "partial"
        assert outcome.seen == len(listed)
        assert outcome.added + outcome.rejected == len(listed)
        rows = here.rows("select reason, record, image_id, record_bytes from rejects")
        assert len(rows) == outcome.rejected
        assert max(len(row["record"].encode()) for row in rows) <= 3 * RECORD_BYTES
        assert max(row["record_bytes"] for row in rows) > LONG
        before = without_log(here.tables())
        assert here.sync().unchanged == outcome.added
        assert without_log(here.tables()) == before
        engine = open_reader(database_url)
        with engine.connect() as connection:
            assert_consistent(connection)
        engine.dispose()
