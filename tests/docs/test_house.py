"""The style rules that ruff, mypy and the import contract do not check."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "etl").rglob("*.py"))
STANDALONE = {"etl/proof/check.py"}  # copied into every evidence file, so it cannot be divided
MAX_MODULE_LINES = 350
MAX_FUNCTION_LINES = 50
COLLECTIVE_NAMES = {"utils", "util", "helpers", "base", "core", "common", "manager", "misc"}

each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))


def nodes(path: Path, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
    return (
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, kinds)
    )


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@each_module
def test_a_module_is_short_and_named_for_its_responsibility(path):
    if name(path) not in STANDALONE:
        assert len(path.read_text("utf-8").splitlines()) <= MAX_MODULE_LINES
    assert path.stem not in COLLECTIVE_NAMES


@each_module
def test_a_module_begins_with_a_statement_about_it(path):
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert docstring
    assert "?" not in docstring.splitlines()[0]


@each_module
def test_no_docstring_asks_a_question(path):
    documented = nodes(path, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    first_lines = {
        node.name: (ast.get_docstring(node) or "").partition("\n")[0] for node in documented
    }
    assert [each for each, line in first_lines.items() if line.endswith("?")] == []


@each_module
def test_functions_are_short(path):
    lengths = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in nodes(path, ast.FunctionDef, ast.AsyncFunctionDef)
    }
    too_long = {each: lines for each, lines in lengths.items() if lines > MAX_FUNCTION_LINES}
    assert name(path) in STANDALONE or too_long == {}


@each_module
def test_every_exemption_from_a_check_states_its_reason(path):
    lines = path.read_text("utf-8").splitlines()
    exempt = re.compile(
        r"#\s*(?:type: ignore(?:\[[\w, -]+\])?|noqa: ?[A-Z\d, ]+|pragma: \w[\w ]*)\s*"
    )
    found = {number: exempt.split(line, 1) for number, line in enumerate(lines, 1)}
    assert [line for line, parts in found.items() if len(parts) > 1 and not parts[1].strip()] == []
