"""The configuration as text: commented example, effective settings without secrets, JSON Schema."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any, Final, get_type_hints

from etl.config import rules
from etl.config.settings import (
    DISCOVERED,
    SECTIONS,
    AuthSettings,
    DiscoverSettings,
    HttpSettings,
    Settings,
    SourceSettings,
)

MASK: Final = "********"
_HEAD: Final = """\
# image-sync: every key with its default. Keys of durations and sizes include the unit.
# ${NAME} in a text is replaced by an environment variable; ${NAME:-default} provides a default.
# Relative paths are relative to this file.
"""
_COMMENT_COLUMN: Final = 44


def example_toml(schema: str) -> str:
    """A working configuration: every key, its default and its explanation.

    `schema` is the location of the JSON Schema, which editors use to complete and check keys.
    """
    source = _key_lines(SourceSettings)
    auth = _key_lines(AuthSettings, commented={*_key_names(AuthSettings)} - {"method"})
    http = _key_lines(HttpSettings, commented={*_key_names(HttpSettings)})
    return "\n".join(
        [
            f"#:schema {schema}\n{_HEAD}",
            *(_table(f"[{name}]", _key_lines(kind)) for name, kind in SECTIONS.items()),
            "# One [[source]] for each project to read.\n" + _table("[[source]]", source),
            _table("[source.auth]", auth),
            "# Any key of [http], for this source only.\n" + _table("[source.http]", http),
            _discover_example(),
        ]
    )


def _discover_example() -> str:
    """`[[discover]]`, commented out as a whole."""
    template = [f"{name} = {toml_value(value)}" for name, value in DISCOVERED.items()]
    parts = [
        _table("[[discover]]", _key_lines(DiscoverSettings)),
        _table("[discover.source]", template),
        _table("[discover.source.auth]", ['method = "aksk"']),
    ]
    lines = [
        "Read every project in these regions that the credentials may use, each as a source.",
        "[discover.source] takes every key of [[source]] except project_id; auth is also for IAM.",
        *"\n".join(parts).splitlines(),
    ]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def masked(settings: Settings) -> dict[str, Any]:
    """The effective settings in the structure of the file, without secrets."""
    return {
        **{name: _plain(getattr(settings, name)) for name in SECTIONS},
        "source": [_plain_source(source) for source in settings.sources],
        "discover": [
            {**_plain(each), "source": _plain_template(each.source)} for each in settings.discover
        ],
    }


def masked_toml(settings: Settings) -> str:
    """The effective settings as TOML, without secrets."""
    plain = masked(settings)
    parts = [_values_table(f"[{name}]", plain[name]) for name in SECTIONS]
    for source in plain["source"]:
        parts += _source_tables("source", source, head="[[source]]")
    for discover in plain["discover"]:
        template = discover.pop("source")
        parts += [_values_table("[[discover]]", discover)]
        parts += _source_tables("discover.source", template, head="[discover.source]")
    return "\n".join(parts)


def masked_url(url: str) -> str:
    """A URL with its password masked, also one that is a query parameter."""
    url = re.sub(r"(://[^/?#@:]*):.*@", rf"\1:{MASK}@", url)  # a password may contain anything
    return re.sub(r"(?i)([?&](?:password|sslpassword)=)[^&]*", rf"\1{MASK}", url)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the configuration file."""
    source = _object(SourceSettings)
    source["properties"] |= {"auth": _object(AuthSettings), "http": _object(HttpSettings)}
    template = {
        "properties": {n: s for n, s in source["properties"].items() if n != "project_id"},
        "additionalProperties": False,
    }
    discover = _object(DiscoverSettings)
    discover["properties"]["source"] = {"type": "object", **template}
    lists = {"source": source, "discover": discover}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of image-sync",
        "type": "object",
        "properties": {
            **{name: _object(kind) for name, kind in SECTIONS.items()},
            **{name: {"type": "array", "items": items} for name, items in lists.items()},
        },
        "additionalProperties": False,
    }


def _object(kind: type) -> dict[str, Any]:
    """The schema of one table."""
    keys = _keys(kind)
    hints = get_type_hints(kind)
    required = [each.name for each in keys if _has_no_default(each)]
    return {
        "description": (kind.__doc__ or "").splitlines()[0],
        "type": "object",
        "properties": {each.name: _key_schema(each, hints[each.name]) for each in keys},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _key_schema(spec: dataclasses.Field[Any], kind: Any) -> dict[str, Any]:
    """The schema of one key. `${NAME}` may stand for any text, so no rule applies to it."""
    rule = spec.metadata["rule"].schema
    text: dict[str, Any] = {"type": "string"}
    if kind is str and rule:
        text = {"anyOf": [{"type": "string", **rule}, {"type": "string", "pattern": r"\$\{"}]}
    schema = {
        str: text,
        bool: {"type": "boolean"},
        int: {"type": "integer", **rule},
        float: {"type": "number", **rule},
        tuple[str, ...]: {"type": "array", "items": {"type": "string"}, **rule},
        Mapping[str, str]: {
            "type": "object",
            "additionalProperties": {"type": "string"},
            **rule,
        },
    }[kind]
    default = {} if _has_no_default(spec) else {"default": _jsonable(_default(spec))}
    return {"description": spec.metadata["text"], **schema, **default}


def _keys(kind: type) -> list[dataclasses.Field[Any]]:
    return [each for each in dataclasses.fields(kind) if each.metadata]


def _key_names(kind: type) -> list[str]:
    return [each.name for each in _keys(kind)]


def _has_no_default(spec: dataclasses.Field[Any]) -> bool:
    return spec.default is spec.default_factory is dataclasses.MISSING


def _default(spec: dataclasses.Field[Any]) -> Any:
    """The default of a key, or what the example shows instead."""
    if _has_no_default(spec):
        return spec.metadata["example"]
    if spec.default_factory is not dataclasses.MISSING:
        return spec.default_factory()
    return spec.default


def _key_lines(kind: type, *, commented: set[str] | frozenset[str] = frozenset()) -> list[str]:
    """One line for each key of a table, with its explanation as a comment."""
    lines = []
    for spec in _keys(kind):
        mark = "# " if spec.name in commented else ""
        line = f"{mark}{spec.name} = {toml_value(_default(spec))}"
        lines.append(f"{line.ljust(_COMMENT_COLUMN)} # {spec.metadata['text']}")
    return lines


def _plain_source(source: SourceSettings) -> dict[str, Any]:
    return {**_plain(source), "auth": _plain(source.auth), "http": _plain(source.http)}


def _plain_template(source: SourceSettings) -> dict[str, Any]:
    plain = _plain_source(source)
    del plain["project_id"]  # each project has its own
    return plain


def _plain(section: Any) -> dict[str, Any]:
    """The keys of a table with their values, secrets masked."""
    plain = {}
    for spec in _keys(type(section)):
        value = getattr(section, spec.name)
        is_shown = not spec.metadata["secret"] or not value
        if spec.name == "url":
            value = masked_url(value)
        elif spec.metadata["path"]:
            value = MASK if rules.is_pem(value) else value
        elif not is_shown:
            value = MASK
        plain[spec.name] = _jsonable(value)
    return plain


def _source_tables(place: str, source: dict[str, Any], *, head: str) -> list[str]:
    auth, http = source.pop("auth"), source.pop("http")
    return [
        _values_table(head, source),
        _values_table(f"[{place}.auth]", auth),
        _values_table(f"[{place}.http]", http),
    ]


def _values_table(head: str, values: dict[str, Any]) -> str:
    return _table(head, [f"{name} = {toml_value(value)}" for name, value in values.items()])


def _table(head: str, lines: list[str]) -> str:
    return "\n".join([head, *lines]) + "\n"


def _jsonable(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def toml_value(value: Any) -> str:
    """A plain value as TOML."""
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{json.dumps(name)} = {toml_value(v)}" for name, v in value.items())
        return f"{{{pairs}}}"
    return json.dumps(value, ensure_ascii=False)
