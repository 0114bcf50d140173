"""What the Tab key offers, and that the scripts for the shells ask for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from etl.cli.context import CliContext
from etl.cli.main import program, run

CONFIG = """
unknown = 1
[[source]]
name = "beijing"
endpoint = "${NOT_SET}"
[[source]]
name = "shanghai"
[[source]]
project_id = "nameless"
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return path


def offered(*words):
    """What the last word may become."""
    shell = ShellComplete(program, {"obj": CliContext()}, "image-sync", "_IMAGE_SYNC_COMPLETE")
    return [each.value for each in shell.get_completions(list(words[:-1]), words[-1])]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["re"], ["replay-rejects", "removals", "rejects", "report"]),
        (["db", "up"], ["upgrade"]),
        (["sync", "--sou"], ["--source"]),
        (["sync", "--source", ""], ["beijing", "shanghai"]),
        (["probe", "sh"], ["shanghai"]),
        (["images", "--source", "b"], ["beijing"]),
        (["report", "end"], ["end-of-life"]),
        (["export", "x.csv", "--relation", "image_v"], ["image_versions"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["--log-format", "j"], ["json"]),
    ],
)
@pytest.mark.usefixtures("config")
def test_completions(words, wanted):
    assert offered(*words) == wanted


@pytest.mark.parametrize("text", ["not toml", "source = 3", "source = [3]", "", "source = []"])
def test_a_configuration_that_cannot_be_read_offers_nothing(config, text):
    config.write_text(text)
    assert offered("sync", "--source", "") == []


def test_a_missing_configuration_offers_nothing(config):
    assert offered("--config", "elsewhere.toml", "sync", "--source", "") == []
    config.unlink()
    assert offered("sync", "--source", "") == []


def test_completion_reads_the_configuration_of_the_global_option(config):
    other = config.with_name("other.toml")
    other.write_text('[[source]]\nname = "guiyang"\n')
    assert offered("--config", str(other), "sync", "--source", "") == ["guiyang"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_for_this_command(shell, capsys):
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_IMAGE_SYNC_COMPLETE={shell}_complete" in script
    if found := shutil.which(shell):
        subprocess.run([found, "-n"], input=script, text=True, check=True)


def test_completion_in_a_real_bash(config):
    """The script in a real shell, with the command as it is installed."""
    lines = [
        'eval "$(image-sync completion bash)"',
        'try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()',
        '  _image_sync_completion "$1"; echo "${COMPREPLY[*]}"; }',
        "try image-sync app",
        'try image-sync sync --source ""',
    ]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    printed = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=config.parent,
        env={"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert printed.stdout.splitlines() == ["approve", "beijing shanghai"]
    assert printed.stderr == ""
