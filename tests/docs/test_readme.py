"""Pages show what is so: a real run, links that lead somewhere, tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

from etl import sample

ROOT = Path(__file__).parents[2]


def test_the_run_it_shows_is_one_of_the_sample():
    count = len([each for each in sample.generation(2) if each["status"] != "DELETED"])
    assert f"sample: {count} images seen" in (ROOT / "README.md").read_text()


def test_what_it_points_to_is_there():
    pages = [ROOT / "README.md", *ROOT.glob("[A-Z]*.md"), *ROOT.glob("docs/**/*.md")]
    missing = [
        (page.name, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert missing == []


def test_every_test_that_the_promises_name_is_there():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "reliability.md").read_text()))
    sources = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"def (test_\w+)\(", "\n".join(sources)))
    assert named
    assert named - there == set()
