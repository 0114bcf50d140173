"""A new user's way from `pip install` to the first report, exactly as README shows it.

The code blocks are used in order: shell is executed, TOML becomes config.toml, SQL is queried.
Differences from a user's host: the wheel that was built here is already installed, and the endpoint
is the sample API, which accepts only requests signed with the keys that README exports.
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.fake_api import generation

pytestmark = pytest.mark.xdist_group("e2e")  # one worker builds and installs for all

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
PRESENT = len([each for each in generation(1) if each["status"] != "DELETED"])
ENDPOINT = "https://modelarts.cn-north-4.myhuaweicloud.com"
INSTALLATION = re.compile(r"^(?:python3 -m venv|pip install) .*\n", flags=re.M)


def blocks(title):
    """The (language, text) of each code block under a heading."""
    section = README.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^```(\w+)\n(.*?)^```", section, flags=re.S | re.M)


class Shell:
    """A terminal in one folder, with the installed command on PATH."""

    def __init__(self, installed, folder):
        self.environ = {"PATH": f"{installed.environment}/bin:{os.environ['PATH']}"}
        self.folder = folder
        self.output = ""

    def type(self, script):
        """Execute a block; it fails where a command fails. Exported variables persist."""
        done = subprocess.run(
            ["bash", "-e", "-c", f"{script}\nenv -0 > .environ"],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, script + done.stdout + done.stderr
        self.output += done.stdout
        pairs = (self.folder / ".environ").read_text().rstrip("\0").split("\0")
        self.environ = dict(pair.split("=", 1) for pair in pairs)


@pytest.fixture(scope="module")
def keys():
    """The keys that README exports."""
    return dict(re.findall(r"(HUAWEICLOUD_SDK_\wK)=(\S+)", README))


@pytest.fixture(scope="module")
def api(installed, keys):
    """The sample API, started by its own command; it checks signatures."""
    command = [f"{installed.environment}/bin/image-sync", "sample-api", "--signed", "--port", "0"]
    with subprocess.Popen(command, env=keys, stdout=subprocess.PIPE, text=True) as process:
        yield re.search(r"http://[\w.:]+", process.stdout.readline())[0]
        process.terminate()


def test_from_installation_to_the_first_report(installed, api, tmp_path):
    shell = Shell(installed, tmp_path)
    installations = 0
    for language, text in [*blocks("Your own catalogue"), *blocks("Reading the data")]:
        if language == "sh":
            script, count = INSTALLATION.subn("", text)  # the fixture has done that
            installations += count
            shell.type(script)
        elif language == "toml":
            assert ENDPOINT in text
            (tmp_path / "config.toml").write_text(text.replace(ENDPOINT, api))
        elif language == "sql":
            answers = query(tmp_path / "images.db", text)
            assert len(answers[0]) == PRESENT
    assert installations == 2
    assert "Run 1 succeeded: 1 source in" in shell.output
    assert re.search(r"^ok +beijing: ", shell.output, flags=re.M)
    assert (tmp_path / "catalogue.html").stat().st_size > 10_000
    assert (tmp_path / "images.csv").read_text().startswith("source,")


def query(path, script):
    """The rows of each statement."""
    with closing(sqlite3.connect(path)) as connection:
        return [connection.execute(each).fetchall() for each in script.split(";") if each.strip()]


def test_a_mistyped_key_is_reported_with_the_next_step(installed, api, tmp_path):
    (_, text) = next(block for block in blocks("Your own catalogue") if block[0] == "toml")
    (tmp_path / "config.toml").write_text(text.replace(ENDPOINT, api))
    shell = Shell(installed, tmp_path)
    shell.environ |= {"HUAWEICLOUD_SDK_AK": "YOUR_ACCESS_KEY", "HUAWEICLOUD_SDK_SK": "mistyped"}
    with pytest.raises(AssertionError, match=r"(?s)failed +beijing: .*401.*access_key"):
        shell.type("image-sync check")
