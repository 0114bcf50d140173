"""docs/from-zero-to-cron.md, typed as it stands: from `git clone` to the mail and the removal.

Differences from a user's host: the paths lie under a scratch directory, the system user has a name
of its own, the project is cloned from this checkout, systemctl is a stub, and the endpoint is the
sample API, which accepts only the keys of the page.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "from-zero-to-cron.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(sh systemd|sh|toml)\n(.*?)^```", PAGE, flags=re.S | re.M)
ENDPOINT = "https://modelarts.cn-north-4.myhuaweicloud.com"
PLACES = ("/opt/image-sync", "/usr/local/", "/etc/", "/var/lib/image-sync")
TOOLS = ("useradd", "userdel", "runuser", "git", "sqlite3")


def open_python() -> str | None:
    """An interpreter that every user may run; root's own may lie in a private directory."""
    for name in (sys.executable, *(f"/usr/bin/python3.{minor}" for minor in range(20, 10, -1))):
        path = Path(name).resolve()
        if path.exists() and all(each.stat().st_mode & 0o001 for each in (path, *path.parents)):
            return name
    return None


pytestmark = [
    pytest.mark.xdist_group("e2e"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the page is for root"),
    pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason=f"needs {', '.join(TOOLS)}"),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout"),
    pytest.mark.skipif(not open_python(), reason="no Python that other users may run"),
]


@dataclass
class Host:
    """A scratch directory in which the page's commands run."""

    place: Path
    user: str
    environment: dict[str, str] = field(default_factory=dict)
    directory: str = "/"
    api: subprocess.Popen[str] | None = None

    def translate(self, text: str) -> str:
        """The text with this host's places, user and clone."""
        text = text.replace("https://git.example.com/image-sync", f"file://{ROOT}")
        for path in PLACES:
            text = re.sub(rf"(?<![\w.-]){re.escape(path)}", f"{self.place}{path}", text)
        return text.replace("imagesync", self.user)

    def type(self, script: str) -> str:
        """Run a block like a terminal that stays open; it fails where a command fails."""
        ending = "\nenv -0 > $PLACE/.environment; pwd > $PLACE/.directory"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.translate(script) + ending],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, script + done.stdout + done.stderr
        pairs = (self.place / ".environment").read_text().rstrip("\0").split("\0")
        self.environment = dict(pair.split("=", 1) for pair in pairs)
        self.directory = (self.place / ".directory").read_text().strip()
        return done.stdout

    def serve(self) -> str:
        """Start the installed sample API, which accepts the page's keys, and return its URL."""
        keys = re.findall(r'^(access|secret)_key = "(\w+)"', PAGE, flags=re.M)
        self.api = subprocess.Popen(
            [f"{self.place}/opt/image-sync/bin/image-sync", "sample-api", "--signed", "--port=0"],
            env={f"HUAWEICLOUD_SDK_{kind[0].upper()}K": value for kind, value in keys},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.api.stdout is not None
        found = re.search(r"http://[\w.:]+", self.api.stdout.readline())
        assert found
        return found[0]

    def close(self) -> None:
        """End what was started and remove the user and the directory."""
        if self.api is not None:
            self.api.terminate()
            self.api.communicate()
        subprocess.run(["userdel", self.user], capture_output=True, check=False)
        shutil.rmtree(self.place)

    def cron(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as cron does; what it prints would be mailed."""
        home = f"{self.place}/var/lib/image-sync"
        environment = {"HOME": home, "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
        return subprocess.run(
            ["/usr/sbin/runuser", "-u", self.user, "--", "/bin/sh", "-c", command],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


@pytest.fixture
def host() -> Iterator[Host]:
    """Directories, an interpreter on PATH and a stub of systemctl; no user is left behind."""
    place = Path(tempfile.mkdtemp(prefix="zero-"))
    user = f"imagesync{os.getpid()}"
    place.chmod(0o755)
    for path in ("bin", "usr/local/src", "usr/local/bin", "opt", "var/lib", "etc/cron.d"):
        (place / path).mkdir(parents=True)
    (place / "etc/systemd/system").mkdir(parents=True)
    (place / "bin" / "python3").symlink_to(str(open_python()))
    (place / "bin" / "systemctl").write_text("#!/bin/sh\n")
    (place / "bin" / "systemctl").chmod(0o755)
    path = f"{place}/bin:{place}/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    host = Host(place, user, {**kept, "PATH": path, "HOME": "/root", "PLACE": str(place)})
    yield host
    host.close()


def test_the_page_leads_from_zero_to_cron_and_back(host):
    output = ""
    for kind, text in BLOCKS:
        if kind == "toml":
            config = host.place / "etc/image-sync/config.toml"
            assert ENDPOINT in text
            config.write_text(host.translate(text).replace(ENDPOINT, host.serve()))
        elif "rm -f /etc/cron.d/image-sync" in text:
            assert_cron_works(host)
            output += host.type(text)
        else:
            output += host.type(text)
        if "key init" in text:
            assert_only_the_job_reads_secrets(host)
    assert re.search(r"^image-sync[, ].*\d+\.\d+\.\d+", output, flags=re.M)
    assert "Run 1 succeeded" in output
    assert "exit code 40" in output
    assert_nothing_is_left(host)


def assert_only_the_job_reads_secrets(host):
    config = (host.place / "etc/image-sync/config.toml").stat()
    key = (host.place / "var/lib/image-sync/signing-key.pem").stat()
    assert (config.st_uid, config.st_mode & 0o777) == (0, 0o640)
    assert key.st_uid != 0
    assert key.st_mode & 0o777 == 0o600


def assert_cron_works(host):
    """Each line of the installed file prints nothing on success, and a failure prints its cause."""
    text = (host.place / "etc/cron.d/image-sync").read_text()
    assert "MAILTO=ops@example.com" in text
    lines = re.findall(r"^(?:[\d*]+ ){5}(\w+) (.*)$", host.translate(text), flags=re.M)
    assert len(lines) == 3
    for user, command in lines:
        assert user == host.user
        done = host.cron(command)
        assert (done.returncode, done.stdout) == (0, ""), command
    sync = next(command for _, command in lines if command.endswith(" sync"))
    mail = host.cron(f"{sync} --source nowhere")
    assert mail.returncode == 2
    assert "nowhere" in mail.stdout


def assert_nothing_is_left(host):
    left = [path for path in host.place.rglob("*image-sync*") if "systemd" not in path.parts]
    assert left == []
    assert subprocess.run(["id", host.user], capture_output=True, check=False).returncode == 1
