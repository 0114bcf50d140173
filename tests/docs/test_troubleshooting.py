"""docs/troubleshooting.md explains every exit code."""

from __future__ import annotations

import re
from pathlib import Path

from etl import errors

PAGE = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text("utf-8")


def test_every_exit_code_has_a_section():
    tree = [errors.ImageSyncError]
    for error in tree:
        tree.extend(error.__subclasses__())
    codes = {error.exit_code for error in tree} | {0, 3, 30, 40, 130, 143}
    headings = re.findall(r"^### (\d[^:]*):", PAGE, flags=re.M)
    explained = {int(code) for heading in headings for code in re.findall(r"\d+", heading)}
    assert explained == codes
