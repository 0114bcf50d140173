"""The rules of the house that a tool can see, besides ruff's, mypy's and the import contract's."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "etl").rglob("*.py"))
LONGEST_MODULE = 350
STANDALONE = {"check.py"}  # copied into every evidence file
LONGEST_FUNCTION = 50
NAMES_THAT_GATHER = {"utils", "util", "helpers", "base", "core", "common", "manager", "misc"}

each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))


@each_module
def test_a_module_is_short_and_named_for_what_it_does(path):
    assert path.name in STANDALONE or len(path.read_text().splitlines()) <= LONGEST_MODULE
    assert path.stem not in NAMES_THAT_GATHER


@each_module
def test_a_module_says_which_question_it_answers(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


@each_module
def test_functions_are_short(path):
    functions = (
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}
