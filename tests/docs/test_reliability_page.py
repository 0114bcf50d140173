"""The table in docs/reliability.md is one that `make reliability` generates."""

from __future__ import annotations

import re
import shutil

from tests.support.counts import BEGIN, END, PAGE, ROWS, table, write

NOTES = [
    {"kind": "cut", "tried": 1},
    {"kind": "cut", "tried": 1},
    {"kind": "model", "runs": 20, "faults": 3, "killed": 2, "met": 4, "databases": 2},
    {"kind": "schedules", "reader": "image-sync, sqlite", "schedules": 5, "runs": 9},
    {"kind": "schedules", "reader": "absent is removed", "schedules": 5, "false_removals": 4},
    {"kind": "signal", "tried": 1, "seconds": 0.25},
]


def test_the_table_adds_up_the_counts():
    text = table(NOTES)
    assert "cut before or after a statement | 2 | nothing |" in text
    assert "(3 with a fault, 2 killed, 4 with a second run at the same time, 0 that decided" in text
    assert "| 20 | nothing |" in text
    assert "(9 runs) | 5 | nothing |" in text
    assert "| 5 | 4 existing images removed |" in text
    assert "took 0.25 seconds" in text
    assert "edits" not in text


def test_a_new_table_replaces_the_previous_one(tmp_path):
    page = tmp_path / "page.md"
    shutil.copy(PAGE, page)
    for text in ("one", "two"):
        write(page, text)
    result = page.read_text("utf-8")
    assert f"{BEGIN}\ntwo\n{END}" in result
    assert result.replace("\ntwo\n", "\n") == PAGE.read_text("utf-8").replace(current(), "\n")


def current():
    """The text between the marks."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


def test_each_row_of_the_page_is_one_that_the_tests_produce():
    rows = [line for line in current().splitlines() if line.startswith("| ")][1:]
    known = [row.tried for row in ROWS] + ["the same schedules"]
    assert [row for row in rows if not any(row[2:].startswith(each) for each in known)] == []


def test_each_guarantee_names_its_test():
    tables = re.findall(r"\| guarantee \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE.read_text("utf-8"))
    guarantees = [row for rows in tables for row in rows.splitlines()]
    assert guarantees
    assert [row for row in guarantees if "`test_" not in row.split(" | ")[-1]] == []
