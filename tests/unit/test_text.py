"""No text steers a terminal, and a misspelt name is answered with similar ones."""

import json

import pytest

from etl.errors import UsageError
from etl.text import (
    clipped,
    count_text,
    printable,
    printable_json,
    require_known,
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


def test_escapes_identify_the_characters():
    assert printable("\x1b\n\u202e\U000e0041\u3000") == "\\x1b\\n\\u202e\\U000e0041 "


@pytest.mark.parametrize("text", HOSTILE)
def test_json_with_escapes_is_equivalent(text):
    printed = printable_json(json.dumps({"a": text}, ensure_ascii=False))
    assert printed.isprintable()
    assert json.loads(printed) == {"a": text}


def test_a_cell_keeps_its_lines_and_tabs():
    assert without_controls("a\n\tb\x1b") == "a\n\tb\\x1b"


def test_width_counts_columns_not_letters():
    assert [shown_width(each) for each in ("abc", "镜像", "e\u0301")] == [3, 4, 1]


def test_a_count_with_its_noun():
    printed = [count_text(count, "image") for count in (0, 1, 2000)]
    assert printed == ["0 images", "1 image", "2,000 images"]
    assert [count_text(count, "log entry") for count in (1, 2)] == ["1 log entry", "2 log entries"]


def test_clipped_text_ends_with_an_ellipsis():
    assert clipped("abcdef", 4) == "abc…"
    assert clipped("abcd", 4) == "abcd"


def refused(value, known):
    with pytest.raises(UsageError) as raised:
        require_known("source", value, known)
    return str(raised.value)


def test_a_known_name_passes():
    require_known("source", "a", ["a"])


def test_a_misspelt_name_is_refused_with_the_similar_and_the_valid_ones():
    assert refused("bejing", ["shanghai", "beijing"]) == (
        "unknown source 'bejing'; did you mean 'beijing'? valid: beijing, shanghai"
    )
    assert "did you mean 'Beijing'?" in refused("beijing", ["Beijing"])


def test_a_name_like_no_other_is_refused_with_the_valid_ones():
    assert refused("x", ["beijing"]) == "unknown source 'x'; valid: beijing"
    assert refused("x", []) == "unknown source 'x'; none is known yet"


def test_many_valid_names_are_counted():
    assert refused("x", [f"source-{number:04}" for number in range(1020)]).endswith(
        "source-0039 and 980 more"
    )


def test_a_name_that_steers_a_terminal_is_shown_as_an_escape():
    assert "unknown source '\\x1b[2J'" in refused("\x1b[2J", ["a"])
