"""The configuration as text: commented example, effective settings without secrets, JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from etl.config.settings import (
    TEMPLATE,
    DiscoverSettings,
    Key,
    Settings,
    SourceSettings,
    keys_of,
)

_HEAD: Final = """\
# image-sync: every key with its default. Keys of durations and sizes include the unit.
# ${NAME} in a text is replaced by an environment variable; ${NAME:-default} provides a default.
# Relative paths are relative to this file.
"""
_NOTES: Final = {
    "[[source]]": "# One [[source]] for each project to read.\n",
    "[source.http]": "# Any key of [http], for this source only.\n",
}
_DISCOVER_NOTE: Final = """\
Read every project in these regions that the credentials may use, each as a source.
[discover.source] takes every key of [[source]] except project_id; auth is also for IAM."""
_COMMENT_COLUMN: Final = 44


def example_toml(schema: str) -> str:
    """A working configuration: every key, its default and its explanation.

    `schema` is the location of the JSON Schema, which editors use to complete and check keys.
    """
    example = Settings(sources=(_example(SourceSettings),))
    tables = [
        _NOTES.get(head, "") + _table(head, [_explained(key, value, head) for key, value in values])
        for head, values in _tables(example)
    ]
    return "\n".join([f"#:schema {schema}\n{_HEAD}", *tables, _discover_example()])


def _example(section: type) -> Any:
    return section(**{key.attribute: key.default for key in keys_of(section) if key.is_required})


def _explained(key: Key, value: Any, head: str) -> str:
    """A line with its explanation as a comment; keys that few sources need are commented out."""
    is_rare = head == "[source.http]" or (head == "[source.auth]" and key.name != "method")
    line = f"{'# ' if is_rare else ''}{key.name} = {toml_value(value)}"
    return f"{line.ljust(_COMMENT_COLUMN)} # {key.text}"


def _discover_example() -> str:
    """`[[discover]]`, commented out as a whole."""
    (head, values), (_, template), *_ = _tables(_example(DiscoverSettings), "discover", "[[{}]]")
    parts = [
        _table(head, [_explained(key, value, head) for key, value in values]),
        _table("[discover.source]", [_line(key, value) for key, value in template[:2]]),
        _table("[discover.source.auth]", ['method = "aksk"']),
    ]
    lines = [*_DISCOVER_NOTE.splitlines(), *"\n".join(parts).splitlines()]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def masked(section: Any) -> dict[str, Any]:
    """The settings in the structure of the file, without secrets."""
    return {key.name: _masked_value(key, value) for key, value in _values(section)}


def _masked_value(key: Key, value: Any) -> Any:
    if key.section:
        return [*map(masked, value)] if key.is_list else masked(value)
    return key.mask(value) if key.mask else _as_json(value)


def _as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def masked_toml(settings: Settings) -> str:
    """The effective settings as TOML, without secrets."""
    return "\n".join(
        _table(head, [_line(key, _masked_value(key, value)) for key, value in values])
        for head, values in _tables(settings)
    )


def _values(section: Any) -> Iterator[tuple[Key, Any]]:
    """The keys of a table with their values, without the project id that a template gets later."""
    kind: type = type(section)
    for key in keys_of(kind):
        value = getattr(section, key.attribute)
        if (key.name, value) != ("project_id", TEMPLATE.project_id):
            yield key, value


def _tables(
    section: Any, path: str = "", head: str = "[{}]"
) -> Iterator[tuple[str, list[tuple[Key, Any]]]]:
    """The heads of a table and of all tables in it, with the values that are no tables."""
    values = [*_values(section)]
    if path:
        yield head.format(path), [(key, value) for key, value in values if not key.section]
    for key, value in values:
        inner = f"{path}.{key.name}" if path else key.name
        if key.is_list:
            for each in value:
                yield from _tables(each, inner, "[[{}]]")
        elif key.section:
            yield from _tables(value, inner)


def _line(key: Key, value: Any) -> str:
    return f"{key.name} = {toml_value(value)}"


def _table(head: str, lines: list[str]) -> str:
    return "\n".join([head, *lines]) + "\n"


def toml_value(value: Any) -> str:
    """A plain value as TOML."""
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{json.dumps(name)} = {toml_value(v)}" for name, v in value.items())
        return f"{{{pairs}}}"
    return json.dumps(value, ensure_ascii=False)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the configuration file."""
    schema = _object(Settings)
    template = schema["properties"]["discover"]["items"]["properties"]["source"]
    del template["properties"]["project_id"], template["required"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of image-sync",
        **schema,
    }


def _object(section: type) -> dict[str, Any]:
    """The schema of one table."""
    keys = keys_of(section)
    required = [key.name for key in keys if key.is_required]
    return {
        "description": (section.__doc__ or "").splitlines()[0],
        "type": "object",
        "properties": {key.name: _key_schema(key) for key in keys},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _key_schema(key: Key) -> dict[str, Any]:
    """The schema of one key. `${NAME}` may stand for any text, so no rule applies to it."""
    if key.section:
        schema = _object(key.section)
        return {"type": "array", "items": schema} if key.is_list else schema
    rule = key.rule.schema
    text: dict[str, Any] = {"type": "string"}
    if rule and key.type is str:
        text = {"anyOf": [{"type": "string", **rule}, {"type": "string", "pattern": r"\$\{"}]}
    schema = {
        str: text,
        bool: {"type": "boolean"},
        int: {"type": "integer", **rule},
        float: {"type": "number", **rule},
        tuple[str, ...]: {"type": "array", "items": {"type": "string"}, **rule},
        Mapping[str, str]: {"type": "object", "additionalProperties": {"type": "string"}, **rule},
    }[key.type]
    default = {} if key.is_required else {"default": _as_json(key.default)}
    return {"description": key.text, **schema, **default}
