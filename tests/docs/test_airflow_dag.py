"""The example DAG, seen without Airflow: it compiles, and what it calls is there."""

import ast
from pathlib import Path

from tests.docs.test_invocations import parse

ROOT = Path(__file__).parents[2]
DAG = ROOT / "deploy" / "airflow" / "image_sync.py"
README = (ROOT / "README.md").read_text()


def test_it_compiles():
    compile(DAG.read_text(), str(DAG), "exec")


def command_lines():
    """The arguments of each call of the command in the DAG, a variable as a word."""
    for node in ast.walk(ast.parse(DAG.read_text())):
        starts = isinstance(node, ast.List) and node.elts and isinstance(node.elts[0], ast.Starred)
        if starts:
            yield [each.value if isinstance(each, ast.Constant) else "x" for each in node.elts[1:]]


def test_its_commands_and_options_are_there():
    lines = list(command_lines())
    assert [line[0] for line in lines] == ["sources", "-q"]
    for line in lines:
        parse(["--config", "x", *line])


def test_its_exit_codes_are_the_programs():
    values = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(DAG.read_text()).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
    }
    assert set(values) == {"LOOK", "HOPELESS"}
    for codes in values.values():
        assert all(f"\n| {code} | " in README for code in codes)
