"""The program reaches for no host but the configured ones: not when imported, started, or run.

A process of its own refuses every other address by an audit hook, which nothing in Python gets
around, and says at its end whom it met.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fake_api import FakeApi, generation

GUARDED = """
import json, sys
allowed, met = json.loads(sys.argv[1]), []

def audit(event, arguments):
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        met.append(str(arguments[1]))
        if str(arguments[1]) not in allowed:
            raise AssertionError(f"reached out to {arguments[1]}")
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        met.append(str(arguments[0]))
        if str(arguments[0]) not in allowed:
            raise AssertionError(f"wanted the address of {arguments[0]}")

sys.addaudithook(audit)
import importlib, pkgutil
import etl
for module in pkgutil.walk_packages(etl.__path__, "etl."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
assert not met, met
from etl.cli.main import run
codes = [run(json.loads(each)) for each in sys.argv[2:]]
print("MET", json.dumps([codes, sorted(set(met))]))
"""


def guarded(*commands: list[str], allowed: list[str], cwd: Path) -> tuple[list[int], list[str]]:
    """The commands' exit codes, and every address that was asked for."""
    arguments = [json.dumps(allowed), *map(json.dumps, commands)]
    done = subprocess.run(
        [sys.executable, "-c", GUARDED, *arguments], cwd=cwd, capture_output=True, text=True
    )
    assert "MET" in done.stdout, done.stderr
    codes, met = json.loads(done.stdout.partition("MET ")[2])
    return codes, met


def config_for(folder: Path, url: str) -> str:
    path = folder / "config.toml"
    path.write_text(
        f'[database]\nurl = "sqlite:///{folder}/record.db"\n[http]\nmax_retries = 0\n'
        f'[[source]]\nname = "s"\nendpoint = "{url}"\nproject_id = "p"\n'
    )
    return str(path)


def test_only_the_configured_endpoint_is_reached(tmp_path: Path) -> None:
    with FakeApi(generation(1)) as api:
        port = int(api.url.rpartition(":")[2])
        config = config_for(tmp_path, api.url)
        commands = [["--version"], ["--help"]]
        commands += [["-c", config, each] for each in ("sync", "check", "status", "verify")]
        codes, met = guarded(
            *commands, allowed=["127.0.0.1", str(("127.0.0.1", port))], cwd=tmp_path
        )
    assert codes == [0] * len(commands)
    assert met == [str(("127.0.0.1", port)), "127.0.0.1"]


@pytest.mark.parametrize("allowed", [[], ["127.0.0.1"]])
def test_the_network_guard_blocks_other_hosts(allowed: list[str], tmp_path: Path) -> None:
    with FakeApi(generation(1)) as api:
        config = config_for(tmp_path, api.url)
        codes, met = guarded(["-c", config, "sync"], allowed=allowed, cwd=tmp_path)
    assert codes != [0]
    assert met
