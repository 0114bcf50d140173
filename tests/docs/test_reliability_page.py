"""The table of docs/reliability.md is one that `make reliability` wrote."""

from __future__ import annotations

import re
import shutil

from tests.support.tally import BEGIN, END, PAGE, ROWS, table, write

NOTES = [
    {"kind": "cut", "tried": 1},
    {"kind": "cut", "tried": 1},
    {"kind": "model", "runs": 20, "faults": 3, "killed": 2, "met": 4, "databases": 2},
    {"kind": "schedules", "reader": "image-sync, sqlite", "schedules": 5, "runs": 9},
    {"kind": "schedules", "reader": "absent is removed", "schedules": 5, "false_removals": 4},
    {"kind": "signal", "tried": 1, "seconds": 0.25},
]


def test_the_table_sums_what_was_noted():
    made = table(NOTES)
    assert "before or after it | 2 | nothing |" in made
    assert "(3 with a fault, 2 killed, 4 with a second one at their side, 0 that decided" in made
    assert "| 20 | nothing |" in made
    assert "(9 runs) | 5 | nothing |" in made
    assert "| 5 | 4 living images removed |" in made
    assert "took 0.25 seconds" in made
    assert "edits" not in made


def test_the_table_takes_the_place_of_the_last_one(tmp_path):
    page = tmp_path / "page.md"
    shutil.copy(PAGE, page)
    for made in ("one", "two"):
        write(page, made)
    told = page.read_text("utf-8")
    assert f"{BEGIN}\ntwo\n{END}" in told
    assert told.replace("\ntwo\n", "\n") == PAGE.read_text("utf-8").replace(kept(), "\n")


def kept():
    """What stands between the marks now."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


def test_each_row_of_the_page_is_one_that_the_tests_make():
    rows = [line for line in kept().splitlines() if line.startswith("| ")][1:]
    made = [row.tried for row in ROWS] + ["the same schedules"]
    assert [row for row in rows if not any(row[2:].startswith(each) for each in made)] == []


def test_each_promise_names_its_test():
    tables = re.findall(r"\| promise \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE.read_text("utf-8"))
    promises = [row for rows in tables for row in rows.splitlines()]
    assert promises
    assert [row for row in promises if "`test_" not in row.split(" | ")[-1]] == []
