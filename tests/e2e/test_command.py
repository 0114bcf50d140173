"""The installed command, as a person types it and as cron starts it, on the built-in sample."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("e2e")  # one worker builds and installs for all

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


@pytest.fixture
def home(tmp_path):
    """A folder with the example configuration, and nothing of the checkout."""
    shutil.copy(EXAMPLE, tmp_path / "config.toml")
    return tmp_path


@pytest.fixture(scope="module")
def synced(installed, tmp_path_factory):
    """A folder with the record of one run, for what only reads it."""
    folder = tmp_path_factory.mktemp("synced")
    shutil.copy(EXAMPLE, folder / "config.toml")
    installed.run("sync", cwd=folder)
    return folder


def test_help_lists_the_commands(installed, tmp_path):
    printed = installed.run("--help", cwd=tmp_path)
    assert printed.returncode == 0
    assert "sync" in printed.stdout
    assert printed.stderr == ""


def test_python_m_etl_is_the_command(installed, tmp_path):
    as_module = installed.execute(["python", "-m", "etl", "--version"], cwd=tmp_path)
    assert as_module.stdout == installed.run("--version", cwd=tmp_path).stdout
    assert as_module.returncode == 0


def test_the_schema_comes_with_the_wheel(installed, home):
    assert installed.run("db", "upgrade", cwd=home).returncode == 0
    assert installed.run("db", "check", cwd=home).returncode == 0


def test_two_runs_of_the_sample_report_additions_and_changes(installed, home):
    first = installed.run("sync", cwd=home)
    assert first.returncode == 0, first.stderr
    assert "added" in first.stdout
    before = count_present(home / "images.db")

    second = installed.run("sync", "--output", "json", cwd=home)
    assert second.returncode == 0, second.stderr
    (source,) = json.loads(second.stdout)["sources"]
    assert min(source["changed"], source["removed"], source["restored"]) > 0
    assert count_present(home / "images.db") - before == (
        source["added"] + source["restored"] - source["removed"]
    )


def count_present(path):
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute(
            "select count(*) from images where state = 'present'"
        ).fetchone()
    return count


def test_the_next_step_that_a_summary_names_works(installed, home):
    """As it is typed: by its path, since PATH does not lead to it; by its name where it does."""
    named = details_of(installed.run("sync", cwd=home).stdout)
    program = f"{installed.environment}/bin/image-sync"
    assert named.startswith(f"{program} ")
    assert installed.shell(named, cwd=home).returncode == 0
    path = f"PATH={installed.environment}/bin:$PATH"
    summary = installed.shell(f"{path} image-sync sync", cwd=home).stdout
    assert details_of(summary) == "image-sync changes --run 2"


def details_of(summary):
    """The command on the summary's line that names it."""
    (line,) = [line for line in summary.splitlines() if line.startswith("Details: ")]
    return line.removeprefix("Details: ")


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_what_is_printed_can_be_read_back(installed, synced, form):
    listed = installed.run("images", "--format", form, cwd=synced)
    assert listed.returncode == 0
    assert listed.stdout.count("image_id") >= 1


def test_q_prints_nothing_on_success(installed, home, tmp_path_factory):
    """No environment, no terminal, closed standard input, another folder, a narrow umask."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    database = home / "current_images.db"
    started = [f"--config={home}/config.toml", f"--database=sqlite:///{database}", "-q"]
    program = str(installed.environment / "bin" / "image-sync")
    for command in (["sync"], ["sync"], ["status", "--max-age", "3h"]):
        printed = installed.shell(
            'exec "$@" <&-', program, *started, *command, cwd=elsewhere, umask=0o077
        )
        assert (printed.returncode, printed.stdout, printed.stderr) == (0, "", ""), command
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    assert list(elsewhere.iterdir()) == []


def test_q_prints_one_line_on_failure(installed, home):
    printed = installed.run("-q", "--database", "sqlite:////nowhere/x.db", "sync", cwd=home)
    assert printed.returncode == 20
    assert printed.stdout == ""
    assert printed.stderr.startswith("image-sync: ")
    assert printed.stderr.count("\n") == 1


def test_postgresql_without_its_driver_names_the_extra(installed, home):
    printed = installed.run("--database", "postgresql+psycopg://nobody@/x", "sync", cwd=home)
    assert printed.returncode == 20
    assert "modelarts-image-sync[postgres]" in printed.stderr


def test_a_closed_pipe_ends_the_program_quietly(installed, synced):
    program = str(installed.environment / "bin" / "image-sync")
    printed = installed.shell('"$@" | head -n 1', program, "images", "--format", "csv", cwd=synced)
    assert printed.stdout.count("\n") == 1
    assert printed.stderr == ""
