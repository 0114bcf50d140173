"""The example DAG without Airflow: its commands and exit codes are those of the program."""

import ast
import json
import re
from pathlib import Path

import pytest

from tests.support.invocations import parse

ROOT = Path(__file__).parents[2]
DAG = ROOT / "deploy" / "airflow" / "image_sync.py"
TREE = ast.parse(DAG.read_text())
MAX_MAP_LENGTH = 1024  # Airflow's default limit of a mapped task


@pytest.fixture(scope="module")
def dag():
    """The module's constants and plain functions, without what needs Airflow."""
    plain = [
        node
        for node in TREE.body
        if isinstance(node, ast.Assign | ast.FunctionDef)
        and not getattr(node, "decorator_list", [])
    ]
    names = {"json": json, "os": type("os", (), {"environ": {}})}
    exec(compile(ast.Module(plain, []), str(DAG), "exec"), names)  # noqa: S102 (the project's own file)
    return names


def command_lines():
    """The arguments of each call of the command, with `*options` as a placeholder."""
    for node in ast.walk(TREE):
        if isinstance(node, ast.List) and node.elts and isinstance(node.elts[0], ast.Starred):
            yield [each.value for each in node.elts if isinstance(each, ast.Constant)]


def test_the_commands_and_options_exist(dag):
    lines = list(command_lines())
    assert [line[0] for line in lines] == ["sources", "sync"]
    for line in lines:
        parse(["--config", "x", *line])


@pytest.mark.parametrize("count", [0, 1, 1000, 1001, 5000])
def test_any_number_of_sources_stays_below_the_limit_of_mapped_tasks(dag, count):
    options = dag["shares"]([f"source-{number}" for number in range(count)])
    assert len(options) <= MAX_MAP_LENGTH
    for each in options[:3]:
        parse(["sync", *each])
    if count > dag["MAX_TASKS"]:
        total = dag["SHARDS"]
        assert options == [["--shard", f"{number}/{total}"] for number in range(1, total + 1)]


def test_only_sources_that_could_not_be_read_are_tried_again(dag):
    sources = [{"name": "a", "status": "failed"}, {"name": "b", "status": "partial"}]
    assert dag["failed_sources"](json.dumps({"sources": sources}).encode()) == ["a"]


def test_the_exit_codes_are_documented(dag):
    codes = set(re.findall(r"^\| (\d+)", (ROOT / "README.md").read_text(), flags=re.M))
    assert {str(code) for code in (*dag["REVIEW"], *dag["PERMANENT"])} <= codes
