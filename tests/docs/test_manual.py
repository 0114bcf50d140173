"""docs/commands.md and the manual page say what the help says, and a reader can read them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from tests.support.manual import PAGES, commands, exit_codes, roff

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_what_the_help_says(page):
    assert (ROOT / page).read_text("utf-8") == PAGES[page](), "run `make docs`"


def test_every_command_and_option_is_in_them():
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    for name, command in commands():
        (section,) = re.findall(rf"^## {name}\n(.*?)(?=^## |\Z)", text, flags=re.M | re.S)
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert f"`{option.opts[0]}" in section
                assert option.help


def test_the_exit_codes_are_in_the_manual_page():
    assert len(exit_codes()) > 10
    for code, _ in exit_codes():
        assert f"\n.B {code}\n" in roff()


@pytest.mark.skipif(not shutil.which("groff"), reason="there is no groff")
def test_the_manual_page_is_good_roff():
    told = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z"],
        input=roff(),
        text=True,
        capture_output=True,
        check=True,
    )
    complaints = [line for line in told.stderr.splitlines() if "can't break" not in line]
    assert complaints == []
