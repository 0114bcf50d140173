"""How are settings shown? As the commented example file, or in effect, with secrets masked."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any, Final

from etl.config.settings import (
    DISCOVERED,
    AuthSettings,
    DatabaseSettings,
    DiscoverSettings,
    HttpSettings,
    NotifySettings,
    RemovalSettings,
    Settings,
    SourceSettings,
    WalkSettings,
)

MASK: Final = "********"
_HEAD: Final = """\
# image-sync: every key with its default. Times and sizes say their unit in the key's name.
# ${NAME} in any text is an environment variable, ${NAME:-default} one that may be unset or empty.
"""


def example_toml() -> str:
    """A configuration that works as it is: every key, its default and a line of explanation."""
    source = _lines(SourceSettings)
    auth = _lines(AuthSettings, commented={f for f in _names(AuthSettings) if f != "method"})
    http = _lines(HttpSettings, commented=set(_names(HttpSettings)))
    parts = [
        _HEAD,
        _section("[database]", _lines(DatabaseSettings)),
        _section("[http]", _lines(HttpSettings)),
        _section("[walk]", _lines(WalkSettings)),
        _section("[removals]", _lines(RemovalSettings)),
        _section("[notify]", _lines(NotifySettings)),
        "# One for each project to read; as many as there are.\n" + _section("[[source]]", source),
        _section("[source.auth]", auth),
        "# Any key of [http], for this source alone.\n" + _section("[source.http]", http),
        _discover_example(),
    ]
    return "\n".join(parts)


def _discover_example() -> str:
    """The projects that credentials may use, each a source: commented out as a whole."""
    template = [f"{name} = {toml_value(value)}" for name, value in DISCOVERED.items()]
    parts = [
        _section("[[discover]]", _lines(DiscoverSettings)),
        _section("[discover.source]", template),
        _section("[discover.source.auth]", ['method = "aksk"']),
    ]
    told = (
        "Every project in the regions that the credentials may use, each read as a source.",
        "[discover.source]: any key of [[source]] but project_id; auth is for IAM, too.",
    )
    lines = [*told, *"\n".join(parts).splitlines()]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def masked(settings: Settings) -> dict[str, Any]:
    """The effective settings as plain values, in the shape of the file, without any secret."""
    return {
        "database": _plain(settings.database),
        "http": _plain(settings.http),
        "walk": _plain(settings.walk),
        "removals": _plain(settings.removals),
        "notify": _plain(settings.notify),
        "source": [_plain_source(source) for source in settings.sources],
        "discover": [
            {**_plain(each), "source": _plain_template(each.source)} for each in settings.discover
        ],
    }


def _plain_source(source: SourceSettings) -> dict[str, Any]:
    return {**_plain(source), "auth": _plain(source.auth), "http": _plain(source.http)}


def _plain_template(source: SourceSettings) -> dict[str, Any]:
    plain = _plain_source(source)
    del plain["project_id"]  # each project has its own
    return plain


def masked_toml(settings: Settings) -> str:
    """The same in the file's own spelling."""
    plain = masked(settings)
    parts = [_table(f"[{name}]", plain[name]) for name in plain if isinstance(plain[name], dict)]
    for source in plain["source"]:
        parts += _source_tables("[source]", source, head="[[source]]")
    for discover in plain["discover"]:
        template = discover.pop("source")
        parts += [_table("[[discover]]", discover)]
        parts += _source_tables("[discover.source]", template, head="[discover.source]")
    return "\n".join(parts)


def _source_tables(place: str, source: dict[str, Any], *, head: str) -> list[str]:
    auth, http = source.pop("auth"), source.pop("http")
    return [
        _table(head, source),
        _table(place.replace("]", ".auth]"), auth),
        _table(place.replace("]", ".http]"), http),
    ]


def _table(head: str, values: dict[str, Any]) -> str:
    return _section(head, [f"{name} = {toml_value(value)}" for name, value in values.items()])


def masked_url(url: str) -> str:
    """A URL whose password, if it has one, is masked (also one given as a query parameter)."""
    url = re.sub(r"(://[^/?#@:]*):.*@", rf"\1:{MASK}@", url)  # whatever a password holds
    return re.sub(r"(?i)([?&](?:password|sslpassword)=)[^&]*", rf"\1{MASK}", url)


def _names(kind: type) -> list[str]:
    return [f.name for f in dataclasses.fields(kind) if f.metadata]


def _section(head: str, lines: list[str]) -> str:
    return "\n".join([head, *lines]) + "\n"


def _lines(kind: type, *, commented: set[str] | frozenset[str] = frozenset()) -> list[str]:
    lines = []
    for spec in dataclasses.fields(kind):
        if not spec.metadata:
            continue
        value = spec.metadata["example"] if spec.default is dataclasses.MISSING else spec.default
        mark = "# " if spec.name in commented else ""
        lines.append(
            f"{mark}{spec.name} = {toml_value(value)}".ljust(44) + f" # {spec.metadata['text']}"
        )
    return lines


def toml_value(value: Any) -> str:
    """One plain value in TOML's spelling."""
    if isinstance(value, tuple | list):
        return "[" + ", ".join(toml_value(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _plain(section: Any) -> dict[str, Any]:
    plain = {}
    for spec in dataclasses.fields(section):
        if spec.metadata:
            value = getattr(section, spec.name)
            plain[spec.name] = list(value) if isinstance(value, tuple) else value
            if spec.metadata["secret"] and value:
                plain[spec.name] = masked_url(value) if spec.name == "url" else MASK
    return plain
