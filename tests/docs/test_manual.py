"""The generated pages are current and complete, and the manual page is valid roff."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from etl.config.render import example_toml
from tests.support.manual import PAGES, commands, configuration_page, exit_codes, manual_page

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_page_is_current(page):
    assert (ROOT / page).read_text("utf-8") == PAGES[page](), "run `make docs`"


def test_every_command_and_option_has_a_description():
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    for name, command in commands():
        (section,) = re.findall(rf"^## {name}\n(.*?)(?=^## |\Z)", text, flags=re.M | re.S)
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert f"`{option.opts[0]}" in section
                assert option.help


def test_every_key_of_the_example_configuration_is_on_the_page():
    page = configuration_page()
    place = ""
    for line in example_toml("x").splitlines():
        if table := re.match(r"(?:# )?(\[+[\w.]+\]+)", line):
            place = table[1]
            assert f"\n## {place}\n" in page or place == "[discover.source.auth]"
        elif (key := re.match(r"(?:# )?(\w+) = ", line)) and place not in ("[source.http]",):
            assert f"\n| `{key[1]}` |" in page


def test_the_exit_codes_are_in_the_manual_page():
    assert len(exit_codes()) > 10
    for code, _ in exit_codes():
        assert f"\n.B {code}\n" in manual_page()


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_the_manual_page_is_valid_roff():
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z"],
        input=manual_page(),
        text=True,
        capture_output=True,
        check=True,
    )
    warnings = [line for line in done.stderr.splitlines() if "can't break" not in line]
    assert warnings == []
