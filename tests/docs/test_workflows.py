"""Workflow files: valid for their schema, pinned, and calling make targets that exist.

The forge has not run them yet, so this is all that can be checked here.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FORGE = ROOT / ".github"
WORKFLOWS = sorted((FORGE / "workflows").glob("*.yml"))

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def run_linter(*arguments: str) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def steps(path):
    workflow = yaml.safe_load(path.read_text())
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def matrix(job, axis):
    workflow = yaml.safe_load((FORGE / "workflows" / "check.yml").read_text())
    return workflow["jobs"][job]["strategy"]["matrix"][axis]


def test_workflows_match_the_published_schema():
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    run_linter(*check, "vendor.github-workflows", *map(str, WORKFLOWS))
    run_linter(*check, "vendor.dependabot", str(FORGE / "dependabot.yml"))


def test_static_analysis_finds_no_weakness():
    zizmor = Path(sys.executable).parent / "zizmor"
    run_linter(str(zizmor), "--offline", "--quiet", "--persona", "auditor", str(FORGE))


@each_workflow
def test_a_workflow_says_that_it_has_not_run_yet(path):
    assert "Not yet run" in path.read_text()


@each_workflow
def test_every_action_is_pinned_to_a_commit_and_names_its_release(path):
    used = re.findall(r"uses: (\S+)(.*)", path.read_text())
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


@each_workflow
def test_the_make_targets_exist(path):
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([\w-]+):", makefile, flags=re.M))
    calls = [line for step in steps(path) for line in step.get("run", "").splitlines()]
    called = {name for line in calls if line.startswith("make ") for name in line.split()[1:]}
    assert called <= targets


def test_every_supported_python_is_tested():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [each.rpartition(" ")[2] for each in project["classifiers"] if ":: 3." in each]
    assert named == matrix("python", "python")
    assert project["requires-python"] == f">={named[0]}"


def test_every_supported_postgresql_is_tested():
    versions = [int(each) for each in matrix("postgresql", "postgresql")]
    assert versions == list(range(14, versions[-1] + 1))
