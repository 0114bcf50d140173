"""Read the configuration file: from TOML to checked settings, with all mistakes at once.

`${NAME}` in a string is the value of an environment variable, and an unset variable is a mistake.
`${NAME:-default}` is used if the variable is unset or empty, as in a shell.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from etl.config import rules
from etl.config.settings import (
    NO_FILE,
    SAMPLE_ENDPOINT,
    TEMPLATE,
    AuthSettings,
    DatabaseSettings,
    DiscoverSettings,
    HttpSettings,
    Key,
    NotifySettings,
    Settings,
    SourceSettings,
    keys_of,
)
from etl.errors import ConfigError
from etl.text import similar_names

T = TypeVar("T")
Mistakes = Iterator[tuple[str, str]]
"""Locations and texts."""

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_SQLITE_FILE: Final = re.compile(r"(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:|\?|$)([^?]+)(.*)")
_TYPE_NAMES: Final[dict[Any, str]] = {
    str: "text",
    bool: "true or false",
    int: "an integer",
    float: "a number",
    tuple[str, ...]: "a list of text",
    Mapping[str, str]: "a table of text",
}
_NEEDED: Final = {
    "token": ("token",),
    "password": ("iam_endpoint", "domain", "user", "password"),
}


def find_config(path: str | None, environ: Mapping[str, str]) -> Path | None:
    """The file to read: `path`, else `$IMAGE_SYNC_CONFIG`, else `./config.toml` if it exists."""
    named = path or environ.get("IMAGE_SYNC_CONFIG")
    if named:
        return Path(named)
    default = Path("config.toml")
    return default if default.exists() else None


def read_settings(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    database_url: str = "",
    sections: Collection[str] | None = None,
) -> Settings:
    """Reads the settings from the file at `path`, or the defaults without one.

    `database_url` replaces the file's; a relative path in it is relative to the working directory.
    `sections` names the tables that must be valid (None: the whole file). Mistakes elsewhere are
    ignored, so that commands which only read the record need no source's secrets.

    Raises:
        ConfigError: With every mistake and its location.
    """
    location = str(path) if path else NO_FILE
    tables = _parse(path) if path else {}
    database = tables.get("database", {})
    if database_url and isinstance(database, dict):
        tables["database"] = {**database, "url": _absolute_url(database_url, os.getcwd())}
    reader = _Reader(environ, folder=os.path.abspath(path.parent if path else "."))
    settings = reader.settings(tables)
    mistakes = [
        f"{where}: {mistake}" if where else mistake
        for where, mistake in reader.mistakes
        if sections is None or re.split(r"[.\[]", where)[0] in sections
    ]
    if mistakes:
        raise ConfigError(location, mistakes)
    secrets = [each for each in reader.secrets if not (database_url and each == "database.url")]
    warnings = _readable_secrets(path, secrets) if path else ()
    return replace(settings, location=location, warnings=warnings)


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        hint = "create it with `image-sync config init`"
        raise ConfigError(str(path), [f"cannot be read: {error.strerror}; {hint}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), [f"is not valid TOML: {error}"]) from None


def _absolute_url(url: str, folder: str) -> str:
    """A database URL whose SQLite file no longer depends on the working directory."""
    found = _SQLITE_FILE.fullmatch(url)
    if not found:
        return url
    return found[1] + os.path.normpath(os.path.join(folder, found[2])) + found[3]


def _readable_secrets(path: Path, places: list[str]) -> tuple[str, ...]:
    """A warning if other users can read secrets in the file."""
    if places and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        listed = ", ".join(places)
        advice = f"run `chmod 600 {path}`, or write ${{NAME}} and set the variable"
        return (f"other users can read the secrets in {path} ({listed}): {advice}",)
    return ()


class _Reader:
    """Turns TOML tables into settings; collects mistakes, and the locations of literal secrets."""

    def __init__(self, environ: Mapping[str, str], *, folder: str) -> None:
        self.environ = environ
        self.folder = folder
        self.mistakes: list[tuple[str, str]] = []
        self.secrets: list[str] = []
        self.http = HttpSettings()

    def settings(self, tables: dict[str, Any]) -> Settings:
        url = _absolute_url(DatabaseSettings().url, self.folder)
        settings = self._section(Settings(database=DatabaseSettings(url=url)), tables, location="")
        self.mistakes += _ca_mistakes(settings, self.environ)
        return settings

    def _section(self, base: T, table: Any, *, location: str) -> T:
        """The settings of one table; keys that it does not set come from `base`."""
        if not isinstance(table, dict):
            self.mistakes.append((location, "expected a table"))
            table = {}
        kind: type = type(base)
        keys = {key.name: key for key in keys_of(kind)}
        for name in table:
            if name not in keys:
                hint = similar_names(name, sorted(keys))
                self.mistakes.append((_joined(location, name), f"unknown key; {hint}"))
        values = {
            key.attribute: self._value(key, base, table, location=_joined(location, name))
            for name, key in keys.items()
        }
        section = replace(base, **values)  # type: ignore[type-var]  # every section is a dataclass
        for name, mistake in _CHECKS.get(kind, _no_mistakes)(section):
            self._report_once(_joined(location, name), mistake)
        return section

    def _value(self, key: Key, base: Any, table: dict[str, Any], *, location: str) -> Any:
        """The value of a key, from the table or from `base`, also after a mistake."""
        default = getattr(base, key.attribute)
        if key.section and key.is_list:
            return self._list(key.section, table.get(key.name, []), location=location)
        if key.section is HttpSettings:  # sources inherit [http], which is read before them
            http = self._section(self.http, table.get(key.name, {}), location=location)
            self.http = http if location == "http" else self.http
            return http
        if key.section:
            return self._section(default, table.get(key.name, {}), location=location)
        if key.name in table and default == TEMPLATE.project_id:
            self.mistakes.append((location, "not allowed: it is discovered"))
        elif key.name in table:
            value = self._checked(key, table[key.name], location=location)
            return default if value is None else value
        elif key.is_required and not default:
            self.mistakes.append((location, f"required ({key.text})"))
        return default

    def _list(self, section: type, tables: Any, *, location: str) -> tuple[Any, ...]:
        if not isinstance(tables, list):
            self.mistakes.append((location, f"expected [[{location}]], a list of tables"))
            return ()
        blank = section(**{key.attribute: "" for key in keys_of(section) if key.is_required})
        return tuple(
            self._section(blank, table, location=f"{location}[{index}]")
            for index, table in enumerate(tables)
        )

    def _report_once(self, location: str, mistake: str) -> None:
        """Reports a mistake unless it may be the consequence of another one."""
        others = (other for other, _ in self.mistakes)
        if not any(other == location or other.startswith(f"{location}.") for other in others):
            self.mistakes.append((location, mistake))

    def _checked(self, key: Key, raw: Any, *, location: str) -> Any:
        """The value of a key as its type, or None after a mistake."""
        count = len(self.mistakes)
        value = self._expanded(raw, location=location)
        if len(self.mistakes) > count:
            return None
        try:
            value = self._completed(key, msgspec.convert(value, key.type))
        except msgspec.ValidationError:
            expected = _TYPE_NAMES[key.type]
        else:
            is_unset = key.default == value == ""
            expected = "" if is_unset else key.rule.check(value)
        if expected:
            shown = "the given value" if key.mask else rules.masked_url(repr(raw))
            self.mistakes.append((location, f"expected {expected}, not {shown}"))
            return None
        if key.mask and key.mask(raw) != raw and not _VARIABLE.search(raw):
            self.secrets.append(location)
        return value

    def _completed(self, key: Key, value: Any) -> Any:
        """A secret without the final newline of its file; a path independent of where we are."""
        if key.mask:
            value = value.rstrip("\r\n")
        if key.mask is rules.masked_url:
            return _absolute_url(value, self.folder)
        if key.is_path and value and not rules.is_pem(value):
            return os.path.normpath(os.path.join(self.folder, os.path.expanduser(value)))
        return value

    def _expanded(self, raw: Any, *, location: str) -> Any:
        """A value with each `${NAME}` replaced, also within lists and tables."""
        if isinstance(raw, list):
            return [self._expanded(each, location=location) for each in raw]
        if isinstance(raw, dict):
            return {name: self._expanded(each, location=location) for name, each in raw.items()}
        if not isinstance(raw, str):
            return raw
        defaults = [default or "" for _, default in _VARIABLE.findall(raw)]
        if any("${" in text for text in (_VARIABLE.sub("", raw), *defaults)):
            self.mistakes.append((location, "${ must begin ${NAME} or ${NAME:-default}"))
        return _VARIABLE.sub(lambda match: self._variable(match, location=location), raw)

    def _variable(self, match: re.Match[str], *, location: str) -> str:
        name, default = match.groups()
        value = self.environ.get(name)
        if default is not None:
            return value or default
        if value is None:
            self.mistakes.append((location, f"the environment variable {name} is not set"))
        return value or ""


def _joined(location: str, name: str) -> str:
    return f"{location}.{name}".strip(".")


def _no_mistakes(_section: Any) -> Mistakes:
    return iter(())


def _notify_mistakes(notify: NotifySettings) -> Mistakes:
    if notify.webhook_url and not notify.webhook_secret:
        yield "webhook_secret", "required with webhook_url"


def _auth_mistakes(auth: AuthSettings) -> Mistakes:
    for name in _NEEDED.get(auth.method, ()):
        if not getattr(auth, name):
            yield name, f"required by method {auth.method}"
    if auth.method == "password" and auth.project and auth.project_id:
        yield "", "set either project or project_id, not both"
    if bool(auth.access_key) != bool(auth.secret_key):
        yield "", "set both access_key and secret_key, or neither"
    if auth.method == "password" and rules.is_plain_text(auth.iam_endpoint):
        yield "iam_endpoint", "credentials require https"


def _source_mistakes(source: SourceSettings) -> Mistakes:
    for name in ("endpoint", "cts_endpoint"):
        if source.auth.method != "none" and rules.is_plain_text(getattr(source, name)):
            yield name, "credentials require https"


def _discover_mistakes(discover: DiscoverSettings) -> Mistakes:
    if not re.search(r"\{project(_id)?\}", discover.source.name):
        yield "source.name", "must contain {project} or {project_id}"
    if discover.source.auth.method != "none" and rules.is_plain_text(discover.iam_endpoint):
        yield "iam_endpoint", "credentials require https"


def _settings_mistakes(settings: Settings) -> Mistakes:
    yield from _repeated("source", "name", settings.source_names)
    yield from _repeated("discover", "label", settings.discover_labels)


def _repeated(location: str, key: str, names: Iterable[str]) -> Mistakes:
    for name, count in sorted(Counter(names).items()):
        if count > 1:
            yield location, f"the {key} {name!r} is used more than once"


def _ca_mistakes(settings: Settings, environ: Mapping[str, str]) -> Mistakes:
    """requests takes certificates from these variables unless a source has its own."""
    sources = [*settings.sources, *(each.source for each in settings.discover)]
    if all(each.http.ca_bundle or each.endpoint == SAMPLE_ENDPOINT for each in sources):
        return
    for name in rules.CA_VARIABLES:
        file = environ.get(name)
        if file and not os.path.exists(file):
            yield "", f"environment variable {name}: no such file or folder: {file}"


_CHECKS: Final[dict[type, Callable[[Any], Mistakes]]] = {
    NotifySettings: _notify_mistakes,
    AuthSettings: _auth_mistakes,
    SourceSettings: _source_mistakes,
    DiscoverSettings: _discover_mistakes,
    Settings: _settings_mistakes,
}
"""What the keys of a table require of each other; locations are relative to the table."""
