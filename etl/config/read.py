"""Reads the TOML file: from text to checked settings, with all mistakes at once.

A string's `${NAME}` is an environment variable, an unset one a mistake; `${NAME:-default}` has a
default for one that is unset or empty, as in a shell.
"""

from __future__ import annotations

import dataclasses
import re
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_type_hints

from etl.config import rules
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
from etl.config.show import masked_url
from etl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_NAMES: Final = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    tuple[str, ...]: "a list of text",
}
_NEEDED: Final = {
    "token": ("token",),
    "password": ("iam_endpoint", "domain", "user", "password"),
}


def find_config(path: str | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration to read: the one named, `$IMAGE_SYNC_CONFIG`, or `./config.toml`."""
    named = path or environ.get("IMAGE_SYNC_CONFIG")
    if named:
        return Path(named)
    default = Path("config.toml")
    return default if default.exists() else None


def read_settings(
    path: Path | None, environ: Mapping[str, str], *, database_url: str = ""
) -> Settings:
    """Settings from the file at `path` (none: the defaults), the database's URL perhaps given.

    Raises `ConfigError` with every mistake, each with its place and what was expected.
    """
    place = str(path) if path else "defaults"
    tables = tables_of(path, database_url)
    reader = Reader(environ, given=database_url)
    settings = reader.settings(tables, place=place)
    if reader.mistakes:
        raise ConfigError(place, reader.mistakes)
    warnings = open_secrets(path, reader.literal_secrets) if path else ()
    return dataclasses.replace(settings, warnings=warnings)


def tables_of(path: Path | None, database_url: str) -> dict[str, Any]:
    """The file's tables, with the database's URL where it was given."""
    tables = _parse(path) if path else {}
    database = tables.setdefault("database", {})
    if database_url and isinstance(database, dict):
        tables["database"] = {**database, "url": database_url}
    return tables


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        hint = "`image-sync config init` writes one"
        raise ConfigError(str(path), [f"can't be read: {error.strerror}; {hint}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), [f"is not TOML: {error}"]) from None


def open_secrets(path: Path, places: list[str]) -> tuple[str, ...]:
    """A warning when others can read a file that holds secrets in plain."""
    if places and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        told = ", ".join(places)
        advice = f"chmod 600 {path}, or say ${{NAME}} and set the variable"
        return (f"{path} holds a secret ({told}) and others can read it: {advice}",)
    return ()


class Reader:
    """Turns TOML tables into settings and keeps every mistake that it meets."""

    def __init__(self, environ: Mapping[str, str], *, given: str = "") -> None:
        """`given`: a value that stands on the command line, not in the file."""
        self.environ = environ
        self.given = given
        self.mistakes: list[str] = []
        self.literal_secrets: list[str] = []

    def settings(self, tables: dict[str, Any], *, place: str) -> Settings:
        """The whole configuration; what is wrong in it goes to `mistakes`."""
        known = {"database", "http", "walk", "removals", "notify", "source", "discover"}
        self._unknown(tables, known, place="")
        http = self.section(HttpSettings, tables.get("http", {}), place="http")
        notify = self.section(NotifySettings, tables.get("notify", {}), place="notify")
        if notify.webhook_url and not notify.webhook_secret:
            self.mistakes.append("notify.webhook_secret: needed with webhook_url")
        return Settings(
            database=self.section(DatabaseSettings, tables.get("database", {}), place="database"),
            http=http,
            walk=self.section(WalkSettings, tables.get("walk", {}), place="walk"),
            removals=self.section(RemovalSettings, tables.get("removals", {}), place="removals"),
            notify=notify,
            sources=self._sources(tables.get("source", []), http=http),
            discover=self._discovers(tables.get("discover", []), http=http),
            place=place,
        )

    def _sources(self, tables: Any, *, http: HttpSettings) -> tuple[SourceSettings, ...]:
        if not isinstance(tables, list):
            self.mistakes.append("source: expected [[source]], a list of tables")
            return ()
        sources = tuple(
            self._source(table, place=f"source[{index}]", http=http)
            for index, table in enumerate(tables)
        )
        self._refuse_doubles([source.name for source in sources], "source: the name")
        return sources

    def _refuse_doubles(self, names: list[str], what: str) -> None:
        for name in sorted({name for name in names if name and names.count(name) > 1}):
            self.mistakes.append(f"{what} {name!r} stands twice")

    def _discovers(self, tables: Any, *, http: HttpSettings) -> tuple[DiscoverSettings, ...]:
        if not isinstance(tables, list):
            self.mistakes.append("discover: expected [[discover]], a list of tables")
            return ()
        found = tuple(
            self._discover(table, place=f"discover[{index}]", http=http)
            for index, table in enumerate(tables)
        )
        self._refuse_doubles([each.label for each in found], "discover: the label")
        return found

    def _discover(self, table: Any, *, place: str, http: HttpSettings) -> DiscoverSettings:
        if not isinstance(table, dict):
            self.mistakes.append(f"{place}: expected a table")
            table = {}
        own = {name: value for name, value in table.items() if name != "source"}
        found = self.section(DiscoverSettings, own, place=place)
        template = table.get("source", {})
        if isinstance(template, dict):
            if "project_id" in template:
                self.mistakes.append(f"{place}.source.project_id: is discovered")
            template = {**DISCOVERED, **template, "project_id": "discovered"}
        source = self._source(template, place=f"{place}.source", http=http)
        if not re.search(r"\{project(_id)?\}", source.name):
            self.mistakes.append(
                f"{place}.source.name: expected {{project}} or {{project_id}} in it"
            )
        if source.auth.method != "none" and rules.is_overheard(found.iam_endpoint):
            self.mistakes.append(f"{place}.iam_endpoint: credentials go only over https")
        return dataclasses.replace(found, source=source)

    def _source(self, table: Any, *, place: str, http: HttpSettings) -> SourceSettings:
        if not isinstance(table, dict):
            self.mistakes.append(f"{place}: expected a table")
            table = {}
        own = {name: value for name, value in table.items() if name not in {"auth", "http"}}
        source = self.section(SourceSettings, own, place=place)
        auth = self.section(AuthSettings, table.get("auth", {}), place=f"{place}.auth")
        self._check_auth(source, auth, place=place)
        return dataclasses.replace(
            source,
            auth=auth,
            http=self.section(
                HttpSettings, table.get("http", {}), place=f"{place}.http", over=http
            ),
        )

    def _check_auth(self, source: SourceSettings, auth: AuthSettings, *, place: str) -> None:
        for name in _NEEDED.get(auth.method, ()):
            if not getattr(auth, name):
                self.mistakes.append(f"{place}.auth.{name}: needed for method {auth.method!r}")
        if auth.method == "password" and auth.project and auth.project_id:
            self.mistakes.append(f"{place}.auth: either project or project_id")
        if bool(auth.access_key) != bool(auth.secret_key):
            self.mistakes.append(f"{place}.auth: access_key and secret_key go together")
        spoken = {"endpoint": source.endpoint} if auth.method != "none" else {}
        if auth.method == "password":
            spoken["auth.iam_endpoint"] = auth.iam_endpoint
        for name, url in spoken.items():
            if rules.is_overheard(url):
                self.mistakes.append(f"{place}.{name}: credentials go only over https")

    def section(self, kind: type[T], table: Any, *, place: str, over: T | None = None) -> T:
        """The settings of one table; `over` gives the values that the table does not set."""
        if not isinstance(table, dict):
            self.mistakes.append(f"{place}: expected a table")
            table = {}
        hints = get_type_hints(kind)
        fields = {f.name: f for f in dataclasses.fields(kind) if f.metadata}  # type: ignore[arg-type]
        self._unknown(table, set(fields), place=place)
        values = {}
        for name, spec in fields.items():
            if name in table:
                value = self._value(table[name], hints[name], spec, place=f"{place}.{name}")
                if value is not None:
                    values[name] = value
                    continue
            elif spec.default is dataclasses.MISSING:
                self.mistakes.append(f"{place}.{name}: needed ({spec.metadata['text']})")
            if over is not None:
                values[name] = getattr(over, name)
            elif spec.default is dataclasses.MISSING:
                values[name] = ""
        return kind(**values)

    def _value(self, raw: Any, kind: Any, spec: dataclasses.Field[Any], *, place: str) -> Any:
        """The value of one key, or None after a mistake was noted."""
        count = len(self.mistakes)
        value = self.resolved(raw, place=place)
        if len(self.mistakes) > count:
            return None
        if kind is float and type(value) is int:
            value = float(value)
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            value = tuple(value)
        is_right = isinstance(value, tuple) if kind == tuple[str, ...] else type(value) is kind
        if not is_right:
            self.mistakes.append(f"{place}: expected {_NAMES[kind]}, not {_shown(raw, spec)}")
            return None
        expected = spec.metadata["rule"](value)
        if expected:
            self.mistakes.append(f"{place}: expected {expected}, not {_shown(raw, spec)}")
            return None
        self._note_secret(raw, spec, place=place)
        return value

    def _note_secret(self, raw: Any, spec: dataclasses.Field[Any], *, place: str) -> None:
        is_literal = isinstance(raw, str) and raw and not _VARIABLE.search(raw)
        if not (spec.metadata["secret"] and is_literal):
            return
        if spec.name == "url" and (raw == self.given or masked_url(raw) == raw):
            return
        self.literal_secrets.append(place)

    def resolved(self, raw: Any, *, place: str) -> Any:
        """A value with its `${NAME}` replaced from the environment, also within lists."""
        if isinstance(raw, list):
            return [self.resolved(each, place=place) for each in raw]
        if not isinstance(raw, str):
            return raw
        if any("${" in text for text in (_VARIABLE.sub("", raw), *_defaults(raw))):
            self.mistakes.append(f"{place}: ${{ begins a ${{NAME}} or a ${{NAME:-default}}")
        return _VARIABLE.sub(lambda match: self._variable(match, place=place), raw)

    def _variable(self, match: re.Match[str], *, place: str) -> str:
        name, default = match.groups()
        value = self.environ.get(name)
        if default is not None:
            return value or default
        if value is None:
            self.mistakes.append(f"{place}: the environment variable {name} is not set")
        return value or ""

    def _unknown(self, table: dict[str, Any], known: set[str], *, place: str) -> None:
        for name in table:
            if name not in known:
                full = f"{place}.{name}" if place else name
                self.mistakes.append(f"{full}: unknown key (known: {', '.join(sorted(known))})")


def _defaults(raw: str) -> list[str]:
    return [default or "" for _, default in _VARIABLE.findall(raw)]


def _shown(raw: Any, spec: dataclasses.Field[Any]) -> str:
    return "what stands there" if spec.metadata["secret"] else masked_url(repr(raw))
