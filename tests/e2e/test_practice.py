"""docs/practice.md, typed as it stands, except that the sample API listens on a free port.

Instead of sleeping for a second, the test waits until the sample API accepts connections.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("e2e")  # one worker builds and installs for all

PAGE = (Path(__file__).parents[2] / "docs" / "practice.md").read_text("utf-8")
SITUATIONS = re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, flags=re.M | re.S)
EXPECTED = {
    "An ordinary run": ["Run 1 succeeded", "Run 2 succeeded"],
    "A mass removal": ["approve 3", "dismiss 3", "exit code 30", "approve 5", "Run 6 succeeded"],
    "A refused access key": ["exit code 10", "failed"],
    "A list that keeps changing": ["exit code 3", "partial"],
    "An API that does not answer": ["exit code 11", "exit code 40"],
}


def blocks(text, port):
    """The shell blocks of a situation."""
    ready = f"until (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null; do sleep 0.05; done"
    text = text.replace("sample-api", f"sample-api --port {port}").replace("sleep 1", ready)
    return re.findall(r"^```sh\n(.*?)^```", text, flags=re.S | re.M)


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def test_each_situation_ends_as_the_page_says(installed, tmp_path, port):
    (config,) = re.findall(r"^```toml\n(.*?)^```", PAGE, flags=re.S | re.M)
    (tmp_path / "config.toml").write_text(config.replace("8080", str(port)))
    environment = {"PATH": f"{installed.environment}/bin:{os.environ['PATH']}"}
    assert [title for title, _ in SITUATIONS] == [*EXPECTED]
    for title, text in SITUATIONS:
        output = ""
        for script in blocks(text, port):
            done = subprocess.run(
                ["bash", "-c", script],
                cwd=tmp_path,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
                check=False,
            )
            output += done.stdout
        assert appear_in_order(EXPECTED[title], output), output


def appear_in_order(phrases, output):
    return re.search(".*?".join(map(re.escape, phrases)), output, flags=re.S)
