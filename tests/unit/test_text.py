"""No text steers a terminal."""

import json

import pytest

from etl.text import (
    clipped,
    count_text,
    printable,
    printable_json,
    shown_width,
    without_controls,
)

HOSTILE = [
    "\x1b[2Jx",
    "\x9b31m",
    "a\u202eb",
    "\u200bhidden",
    "line\nend\r\t",
    "\ud800",
    "\U000e0041",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_unprintable_is_left(text):
    assert printable(text).isprintable()
    assert printable(text) != text


def test_plain_text_in_any_script_stays_as_it_is():
    assert printable("镜像 ubuntu-20.04 ü") == "镜像 ubuntu-20.04 ü"


def test_escapes_say_what_stood_there():
    assert printable("\x1b\n\u202e\U000e0041\u3000") == "\\x1b\\n\\u202e\\U000e0041 "


@pytest.mark.parametrize("text", HOSTILE)
def test_json_says_the_same_in_escapes(text):
    told = printable_json(json.dumps({"a": text}, ensure_ascii=False))
    assert told.isprintable()
    assert json.loads(told) == {"a": text}


def test_a_cell_keeps_its_lines_and_tabs():
    assert without_controls("a\n\tb\x1b") == "a\n\tb\\x1b"


def test_width_counts_columns_not_letters():
    assert [shown_width(each) for each in ("abc", "镜像", "e\u0301")] == [3, 4, 1]


def test_a_count_has_its_noun():
    told = [count_text(count, "image") for count in (0, 1, 2000)]
    assert told == ["0 images", "1 image", "2,000 images"]


def test_clipped_text_ends_with_an_ellipsis():
    assert clipped("abcdef", 4) == "abc…"
    assert clipped("abcd", 4) == "abcd"
