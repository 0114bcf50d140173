"""docs/troubleshooting.md explains every exit code."""

from __future__ import annotations

import re
from pathlib import Path

from etl import errors

PAGE = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text("utf-8")


def test_every_exit_code_is_in_the_table():
    tree = [errors.ImageSyncError]
    for error in tree:
        tree.extend(error.__subclasses__())
    codes = {error.exit_code for error in tree} | {0, 3, 30, 40, 130, 143}
    rows = re.findall(r"^\| (\d[\d, ]*) \|", PAGE, flags=re.M)
    explained = {int(code) for row in rows for code in row.split(",")}
    assert explained == codes
