"""Log events are fixed phrases: whatever varies is a field, so that log systems can group them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
MODULES = sorted((ROOT / "etl").rglob("*.py"))


def events(path):
    """The first argument of each call that logs."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            logger, level = ast.unparse(node.func.value), node.func.attr
            if logger in {"_log", "log"} and level in LEVELS:
                yield node


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_event_is_a_fixed_phrase(path):
    for call in events(path):
        text = call.args[0]
        if path.parent.name == "cli" and isinstance(text, ast.Name):  # a parameter: its callers
            continue
        assert isinstance(text, ast.Constant), ast.unparse(call)
        assert len(call.args) == 1, ast.unparse(call)
        assert "%" not in text.value
        assert text.value[0].islower()


def test_some_events_are_found():
    assert sum(len([*events(path)]) for path in MODULES) > 10
