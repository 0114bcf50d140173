"""Rows in each format for programs."""

import csv
import json
from datetime import UTC, datetime

import pytest

from etl.audit.export import lines_of
from etl.audit.query import Rows

AT = datetime(2026, 11, 2, 8, 0, 0, 123000, tzinfo=UTC)


def given(form, *rows, columns=("a", "b")):
    return list(lines_of(Rows(columns, iter(rows)), form))


def test_json_keeps_types_and_names():
    lines = given("json", (1, None), (AT, ["x"]), ({"k": True}, ""))
    assert json.loads("".join(lines)) == [
        {"a": 1, "b": None},
        {"a": "2026-11-02T08:00:00.123Z", "b": ["x"]},
        {"a": {"k": True}, "b": ""},
    ]


def test_json_has_one_object_per_line():
    assert given("json", (1, 2)) == ['[{"a": 1, "b": 2}]']
    lines = given("json", (1, 2), (3, 4), (5, 6))
    assert lines == ['[{"a": 1, "b": 2},', '{"a": 3, "b": 4},', '{"a": 5, "b": 6}]']


def test_json_without_rows_is_an_empty_array_and_jsonl_has_no_line():
    assert given("json") == ["[]"]
    assert given("jsonl") == []


def test_jsonl_has_one_object_per_line():
    assert [json.loads(line) for line in given("jsonl", (1, 2), (3, "\n"))] == [
        {"a": 1, "b": 2},
        {"a": 3, "b": "\n"},
    ]


def test_csv_distinguishes_null_from_empty():
    assert given("csv", (None, ""), (True, -5)) == ["a,b", ',""', "true,-5"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_csv_cell_becomes_a_formula(start):
    text = "\n".join(given("csv", (f"{start}1+1", "x")))
    cell = next(iter(list(csv.reader(text.splitlines(keepends=True)))[1:]))[0]
    assert cell.startswith("'")


def test_csv_is_read_back_by_a_csv_reader():
    values = ['say "a, b"', "line\nend", "镜像"]
    text = "\n".join(given("csv", values, columns=("a", "b", "c")))
    assert list(csv.reader(text.splitlines(keepends=True)))[1] == values


def test_lists_and_objects_are_json_in_csv():
    assert given("csv", (["x", "y"], {"k": 1})) == ["a,b", '"[""x"",""y""]","{""k"":1}"']


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b1m", "a\u202eb", "\ud800", "\x00"])
def test_hostile_text_is_harmless_in_every_format(form, text):
    assert all(line.isprintable() for line in given(form, (text, [text]), ({text: text}, text)))
