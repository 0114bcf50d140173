"""Tables for people: complete in a pipe, legible on a terminal of any width."""

from datetime import UTC, datetime

import pytest

from etl.audit.query import Rows
from etl.cli.output import Table
from etl.text import shown_width

AT = datetime(2026, 11, 2, 8, 0, 0, 123000, tzinfo=UTC)
ID = "0d4f8c36-b5a1-4e79-9f02-7c3e6a1d2040"


def table(*rows, columns, width=None, shown=(), optional=(), is_vertical=False):
    return Table(Rows(columns, iter(rows), shown, optional), width=width, is_vertical=is_vertical)


def lines(*rows, **how):
    return list(table(*rows, **how).lines())


def test_columns_align_whatever_the_width_of_their_characters():
    rows = [("镜像", "a", 2), ("🐍", None, 30), ("x\u0301", "b", 4)]
    assert lines(*rows, columns=("n", "b", "count")) == [
        "N     B  COUNT",
        "镜像  a      2",
        "🐍          30",
        "x\u0301     b      4",
    ]


def test_only_the_columns_for_people_are_shown():
    assert lines((1, 2, 3), columns=("a", "b", "c"), shown=("c", "a")) == ["C  A", "3  1"]


def test_nothing_is_cut_in_a_pipe():
    long = "x" * 5000
    header, row = lines((long, AT, [{"k": 1}]), columns=("name", "at", "tags"))
    assert row == f'{long}  2026-11-02T08:00:00.123Z  [{{"k": 1}}]'
    assert header.startswith("NAME ")


def test_cells_are_one_line_in_a_pipe():
    assert lines(("a\nb", ["p", "q"], True), columns=("name", "l", "f"))[1] == "a\\nb  p, q  yes"


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize(
    "name", ["ocr", "镜像" * 40, "pytorch_1.11.0-cann_6.3.2-py_3.7", "x" * 300]
)
def test_identifiers_and_times_never_break_and_lines_fit(width, name):
    found = table(
        (ID, AT, name, "ACTIVE"),
        columns=("image_id", "created_at", "name", "status"),
        optional=("status", "created_at"),
        width=width,
    )
    text = list(found.lines())
    assert any(ID in line for line in text)
    assert "created_at" in found.left_out or any("2026-11-02 08:00:00Z" in line for line in text)
    assert max(map(shown_width, text)) <= width
    cells = "".join(text).replace(ID, "").replace("2026-11-02 08:00:00Z", "")
    assert name in "".join(cells.replace("ACTIVE", "").split())


def test_the_least_important_columns_are_left_out_first_and_reported():
    columns = ("image_id", "state", "type", "arch")
    found = table((ID, "present", "BUILD_IN", "x86_64"), columns=columns, width=50,
                  optional=("arch", "type", "state"))  # fmt: skip
    assert next(found.lines()).split() == ["IMAGE_ID", "STATE"]
    assert found.left_out == ("type", "arch")
    assert not found.is_vertical


@pytest.mark.parametrize("width", [None, 80])
def test_an_optional_column_without_values_takes_no_room(width):
    found = table((1, None), (2, None), columns=("a", "b"), optional=("b",), width=width)
    assert list(found.lines()) == ["A", "1", "2"]
    assert found.left_out == ()


def test_rows_that_fit_no_other_way_become_blocks():
    found = table((ID, AT), (ID, None), columns=("image_id", "valid_from"), width=40)
    assert found.is_vertical
    assert list(found.lines()) == [
        f"image_id    {ID}",
        "valid_from  2026-11-02T08:00:00.123Z",
        "",
        f"image_id    {ID}",
        "valid_from",
    ]


def test_a_vertical_table_has_every_column():
    found = lines((1, 2), columns=("a", "b"), shown=("a",), is_vertical=True)
    assert found == ["a  1", "b  2"]


def test_text_wraps_between_words_and_items_of_a_list_start_a_line():
    changed = ['description: "an old text" → "a new text"', "size: 1 → 2"]
    assert lines((1, changed), columns=("version", "changed"), width=30) == [
        "VERSION  CHANGED",
        '      1  description: "an old',
        '         text" → "a new text"',
        "         size: 1 → 2",
    ]


def test_a_word_longer_than_the_column_breaks_at_a_mark_or_anywhere():
    assert lines(("aaaaaaaaaaaa-bbbbbbbbbbbb",), columns=("name",), width=16)[1:] == [
        "aaaaaaaaaaaa-",
        "bbbbbbbbbbbb",
    ]
    assert lines(("x" * 20,), columns=("name",), width=16)[1:] == ["x" * 16, "x" * 4]


def test_many_rows_are_not_held_in_memory_and_none_is_lost():
    rows = ((number, None if number < 1500 else "late") for number in range(2000))
    found = list(Table(Rows(("a", "b"), rows, (), ("b",)), width=80).lines())
    assert len(found) == 2001
    assert found[-1] == "1999  late"


@pytest.mark.parametrize("width", [None, 80])
@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b1m", "a\u202eb", "\ud800", "\x00"])
def test_hostile_text_is_harmless(width, text):
    rows = (text, [text], {text: text})
    assert all(line.isprintable() for line in lines(rows, columns=("name", "l", "o"), width=width))
