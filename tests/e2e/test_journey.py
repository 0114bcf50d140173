"""A new user's way from `pip install` to the first report, as README tells it, word for word.

README's blocks are read in their order: shell is typed, TOML becomes config.toml, SQL is asked.
What differs from a user's own: pip installs the wheel that was built here, and the endpoint is the
sample API, which lets in only who signs with the keys that README exports.
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

README = (Path(__file__).parents[2] / "README.md").read_text()
PRESENT = len([each for each in generation(1) if each["status"] != "DELETED"])
ENDPOINT = "https://modelarts.cn-north-4.myhuaweicloud.com"
INSTALLING = (
    "python3 -m venv ~/image-sync && . ~/image-sync/bin/activate\npip install '.[postgres]'"
)


def blocks(title):
    """The (language, text) of each code block under a heading."""
    section = README.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^```(\w+)\n(.*?)^```", section, flags=re.S | re.M)


class Shell:
    """What the user types into, in one folder, with the installed command on PATH."""

    def __init__(self, installed, folder):
        self.environ = {"PATH": f"{installed.environment}/bin:{os.environ['PATH']}"}
        self.folder = folder
        self.told = ""

    def type(self, script):
        """A block, line by line; it fails where a command does. What it exports stays."""
        told = subprocess.run(
            ["bash", "-e", "-c", f"{script}\nenv -0 > .environ"],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert told.returncode == 0, script + told.stdout + told.stderr
        self.told += told.stdout
        pairs = (self.folder / ".environ").read_text().rstrip("\0").split("\0")
        self.environ = dict(pair.split("=", 1) for pair in pairs)


@pytest.fixture(scope="module")
def keys():
    """The keys that README exports."""
    return dict(re.findall(r"(HUAWEICLOUD_SDK_\wK)=(\S+)", README))


@pytest.fixture(scope="module")
def api(installed, keys):
    """The sample API by its own command; it checks signatures."""
    command = [f"{installed.environment}/bin/image-sync", "sample-api", "--signed", "--port", "0"]
    with subprocess.Popen(command, env=keys, stdout=subprocess.PIPE, text=True) as process:
        yield re.search(r"http://\S+", process.stdout.readline())[0]
        process.terminate()


def test_from_installing_to_the_first_report_and_on(installed, api, tmp_path):
    shell = Shell(installed, tmp_path)
    for language, text in [*blocks("Your own catalogue"), *blocks("Reading")]:
        if language == "sh":
            if INSTALLING.split("\n")[0] in text:
                text = re.sub(r" *#.*", "", text)
                assert INSTALLING in text
                text = text.replace(INSTALLING, "")  # the fixture did that
            shell.type(text)
        elif language == "toml":
            assert ENDPOINT in text
            (tmp_path / "config.toml").write_text(text.replace(ENDPOINT, api))
        elif language == "sql":
            answers = asked(tmp_path / "images.db", text)
            assert len(answers[0]) == PRESENT
    assert "Run 1 succeeded: 1 source in" in shell.told
    assert re.search(r"^ok +beijing: ", shell.told, flags=re.M)
    assert "end-of-life" in shell.told
    assert (tmp_path / "current_images.html").stat().st_size > 10_000
    assert (tmp_path / "images.csv").read_text().startswith("source,")


def asked(path, script):
    """The rows of each statement."""
    with closing(sqlite3.connect(path)) as connection:
        return [connection.execute(each).fetchall() for each in script.split(";") if each.strip()]


def test_a_wrong_key_is_told_with_the_next_step(installed, api, tmp_path):
    """What a mistyped key looks like at the step where it is first used."""
    (_, text) = next(block for block in blocks("Your own catalogue") if block[0] == "toml")
    (tmp_path / "config.toml").write_text(text.replace(ENDPOINT, api))
    shell = Shell(installed, tmp_path)
    shell.environ |= {"HUAWEICLOUD_SDK_AK": "YOUR_ACCESS_KEY", "HUAWEICLOUD_SDK_SK": "mistyped"}
    with pytest.raises(AssertionError, match=r"(?s)FAILED +beijing: .*401.*check access_key"):
        shell.type("image-sync check")
