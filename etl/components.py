"""The tables of software components that a configuration names."""

from __future__ import annotations

from pathlib import Path

from etl.errors import ConfigError
from etl.transform import ComponentRules, ComponentTables
from etl.transform.component_tables import builtin_rules, builtin_tables, extended_tables


def component_tables(file: str) -> ComponentTables:
    """The built-in tables, extended by a file (empty: none). Raises `ConfigError`."""
    if not file:
        return builtin_tables()
    try:
        text = Path(file).read_text("utf-8")
    except OSError as error:
        raise ConfigError(file, [f"cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError(file, ["not UTF-8"]) from None
    return extended_tables(text, place=file)


def component_rules(file: str) -> ComponentRules:
    """The rules of these tables in the form in which they are applied. Raises `ConfigError`."""
    return component_tables(file).compiled() if file else builtin_rules()
