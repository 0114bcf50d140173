"""Read the configuration file: from TOML to checked settings, with all mistakes at once.

`${NAME}` in a string is the value of an environment variable, and an unset variable is a mistake.
`${NAME:-default}` is used if the variable is unset or empty, as in a shell.
"""

from __future__ import annotations

import dataclasses
import os
import re
import stat
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, get_type_hints

from etl.choices import similar_names
from etl.config import rules
from etl.config.render import masked_url
from etl.config.settings import (
    DISCOVERED,
    NO_FILE,
    SAMPLE_ENDPOINT,
    SECTIONS,
    AuthSettings,
    DiscoverSettings,
    HttpSettings,
    Settings,
    SourceSettings,
)
from etl.errors import ConfigError

T = TypeVar("T")

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_SQLITE_FILE: Final = re.compile(r"(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:|\?|$)([^?]+)(.*)")
_CA_VARIABLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
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
    place = str(path) if path else NO_FILE
    tables = _parse(path) if path else {}
    if database_url:
        database = tables.get("database", {})
        if isinstance(database, dict):
            tables["database"] = {**database, "url": _absolute_url(database_url, os.getcwd())}
    reader = _Reader(environ, folder=_folder_of(path), given=database_url)
    settings = reader.settings(tables, place=place)
    mistakes = [
        f"{where}: {mistake}" if where else mistake
        for where, mistake in reader.mistakes
        if sections is None or re.split(r"[.\[]", where)[0] in sections
    ]
    if mistakes:
        raise ConfigError(place, mistakes)
    warnings = _readable_secrets(path, reader.literal_secrets) if path else ()
    return dataclasses.replace(settings, warnings=warnings)


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        hint = "create it with `image-sync config init`"
        raise ConfigError(str(path), [f"cannot be read: {error.strerror}; {hint}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), [f"is not valid TOML: {error}"]) from None


def _folder_of(path: Path | None) -> str:
    """The absolute folder of the file; without a file, the working directory."""
    return os.path.abspath(path.parent if path else ".")


def _absolute_url(url: str, folder: str) -> str:
    """A database URL whose SQLite file does not depend on the working directory any more."""
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
    """Turns TOML tables into settings and collects mistakes as (location, text)."""

    def __init__(self, environ: Mapping[str, str], *, folder: str, given: str) -> None:
        self.environ = environ
        self.folder = folder
        self.given = given
        self.mistakes: list[tuple[str, str]] = []
        self.literal_secrets: list[str] = []

    def settings(self, tables: dict[str, Any], *, place: str) -> Settings:
        self._check_known(tables, {*SECTIONS, "source", "discover"}, place="")
        sections: dict[str, Any] = {
            name: self._section(kind, tables.get(name, {}), place=name)
            for name, kind in SECTIONS.items()
        }
        notify = sections["notify"]
        if notify.webhook_url and not notify.webhook_secret:
            self.mistakes.append(("notify.webhook_secret", "required with webhook_url"))
        http = sections["http"]
        settings = Settings(
            **sections,
            sources=tuple(self._sources(tables.get("source", []), http)),
            discover=tuple(self._discovers(tables.get("discover", []), http)),
            place=place,
        )
        self._check_ca_variables(settings)
        return settings

    def _sources(self, tables: Any, http: HttpSettings) -> Iterable[SourceSettings]:
        sources = [
            self._source(table, place=place, http=http)
            for place, table in self._tables(tables, "source")
        ]
        self._check_unique([source.name for source in sources], "source", "name")
        return sources

    def _discovers(self, tables: Any, http: HttpSettings) -> Iterable[DiscoverSettings]:
        found = [
            self._discover(table, place=place, http=http)
            for place, table in self._tables(tables, "discover")
        ]
        self._check_unique([each.label for each in found], "discover", "label")
        return found

    def _tables(self, tables: Any, name: str) -> Iterable[tuple[str, dict[str, Any]]]:
        """Each table of a list, with its location."""
        if not isinstance(tables, list):
            self.mistakes.append((name, f"expected [[{name}]], a list of tables"))
            tables = []
        return [
            (f"{name}[{index}]", self._table(table, place=f"{name}[{index}]"))
            for index, table in enumerate(tables)
        ]

    def _table(self, table: Any, *, place: str) -> dict[str, Any]:
        if isinstance(table, dict):
            return table
        self.mistakes.append((place, "expected a table"))
        return {}

    def _check_unique(self, names: list[str], place: str, key: str) -> None:
        for name in sorted({name for name in names if name and names.count(name) > 1}):
            self.mistakes.append((place, f"the {key} {name!r} is used more than once"))

    def _discover(
        self, table: dict[str, Any], *, place: str, http: HttpSettings
    ) -> DiscoverSettings:
        own = {name: value for name, value in table.items() if name != "source"}
        found = self._section(DiscoverSettings, own, place=place)
        template = self._table(table.get("source", {}), place=f"{place}.source")
        if "project_id" in template:
            self.mistakes.append((f"{place}.source.project_id", "not allowed: it is discovered"))
        template = {**DISCOVERED, **template, "project_id": "discovered"}
        source = self._source(template, place=f"{place}.source", http=http)
        if not re.search(r"\{project(_id)?\}", source.name):
            self.mistakes.append((f"{place}.source.name", "must contain {project} or {project_id}"))
        if source.auth.method != "none" and rules.is_plain_text(found.iam_endpoint):
            self.mistakes.append((f"{place}.iam_endpoint", "credentials require https"))
        return dataclasses.replace(found, source=source)

    def _source(self, table: dict[str, Any], *, place: str, http: HttpSettings) -> SourceSettings:
        own = {name: value for name, value in table.items() if name not in {"auth", "http"}}
        source = self._section(SourceSettings, own, place=place)
        count = len(self.mistakes)
        auth = self._section(AuthSettings, table.get("auth", {}), place=f"{place}.auth")
        if len(self.mistakes) == count:  # otherwise a key may only seem to be missing
            self._check_auth(source, auth, place=place)
        own_http = self._section(
            HttpSettings, table.get("http", {}), place=f"{place}.http", base=http
        )
        return dataclasses.replace(source, auth=auth, http=own_http)

    def _check_auth(self, source: SourceSettings, auth: AuthSettings, *, place: str) -> None:
        for name in _NEEDED.get(auth.method, ()):
            if not getattr(auth, name):
                self.mistakes.append((f"{place}.auth.{name}", f"required by method {auth.method}"))
        if auth.method == "password" and auth.project and auth.project_id:
            self.mistakes.append((f"{place}.auth", "project and project_id exclude each other"))
        if bool(auth.access_key) != bool(auth.secret_key):
            self.mistakes.append((f"{place}.auth", "access_key and secret_key require each other"))
        urls = {}
        if auth.method != "none":
            urls = {"endpoint": source.endpoint, "cts_endpoint": source.cts_endpoint}
        if auth.method == "password":
            urls["auth.iam_endpoint"] = auth.iam_endpoint
        for name, url in urls.items():
            if rules.is_plain_text(url):
                self.mistakes.append((f"{place}.{name}", "credentials require https"))

    def _check_ca_variables(self, settings: Settings) -> None:
        """requests takes certificates from these variables unless a source has its own."""
        sources = [*settings.sources, *(each.source for each in settings.discover)]
        if all(each.http.ca_bundle or each.endpoint == SAMPLE_ENDPOINT for each in sources):
            return
        for name in _CA_VARIABLES:
            file = self.environ.get(name)
            if file and not os.path.exists(file):
                self.mistakes.append(
                    ("", f"environment variable {name}: no such file or folder: {file}")
                )

    def _section(self, kind: type[T], table: Any, *, place: str, base: T | None = None) -> T:
        """The settings of one table; keys that it does not set come from `base`."""
        table = self._table(table, place=place)
        hints = get_type_hints(kind)
        keys = {each.name: each for each in dataclasses.fields(kind) if each.metadata}  # type: ignore[arg-type]  # every section is a dataclass
        self._check_known(table, set(keys), place=place)
        values = {} if base is None else {name: getattr(base, name) for name in keys}
        for name, spec in keys.items():
            is_required = spec.default is spec.default_factory is dataclasses.MISSING
            if is_required:
                values[name] = ""
            if name in table:
                value = self._value(table[name], hints[name], spec, place=f"{place}.{name}")
                if value is not None:
                    values[name] = value
            elif is_required:
                text = spec.metadata["text"]
                self.mistakes.append((f"{place}.{name}", f"required ({text})"))
            elif name == "url":
                values[name] = _absolute_url(str(spec.default), self.folder)
        return kind(**values)

    def _value(self, raw: Any, kind: Any, spec: dataclasses.Field[Any], *, place: str) -> Any:
        """The value of one key, or None after a mistake."""
        count = len(self.mistakes)
        value = self._expanded(raw, place=place)
        if len(self.mistakes) > count:
            return None
        value = rules.converted(value, kind)
        if value is None:
            expected = rules.type_name(kind)
        else:
            value = self._completed(value, spec)
            expected = spec.metadata["rule"].check(value)
        if expected:
            shown = "the given value" if spec.metadata["secret"] else masked_url(repr(raw))
            self.mistakes.append((place, f"expected {expected}, not {shown}"))
            return None
        self._note_secret(raw, spec, place=place)
        return value

    def _completed(self, value: Any, spec: dataclasses.Field[Any]) -> Any:
        """A secret without the final newline of its file; a path independent of where we are."""
        if spec.metadata["secret"]:
            value = value.rstrip("\r\n")
        if spec.name == "url":
            return _absolute_url(value, self.folder)
        if spec.metadata["path"] and value and not rules.is_pem(value):
            return os.path.normpath(os.path.join(self.folder, os.path.expanduser(value)))
        return value

    def _note_secret(self, raw: Any, spec: dataclasses.Field[Any], *, place: str) -> None:
        if not (spec.metadata["secret"] and raw) or _VARIABLE.search(raw):
            return
        if spec.metadata["path"] and not rules.is_pem(raw):
            return
        if spec.name == "url" and (self.given or masked_url(raw) == raw):
            return
        self.literal_secrets.append(place)

    def _expanded(self, raw: Any, *, place: str) -> Any:
        """A value with each `${NAME}` replaced, also within lists and tables."""
        if isinstance(raw, list):
            return [self._expanded(each, place=place) for each in raw]
        if isinstance(raw, dict):
            return {name: self._expanded(each, place=place) for name, each in raw.items()}
        if not isinstance(raw, str):
            return raw
        defaults = [default or "" for _, default in _VARIABLE.findall(raw)]
        if any("${" in text for text in (_VARIABLE.sub("", raw), *defaults)):
            self.mistakes.append((place, "${ must begin ${NAME} or ${NAME:-default}"))
        return _VARIABLE.sub(lambda match: self._variable(match, place=place), raw)

    def _variable(self, match: re.Match[str], *, place: str) -> str:
        name, default = match.groups()
        value = self.environ.get(name)
        if default is not None:
            return value or default
        if value is None:
            self.mistakes.append((place, f"the environment variable {name} is not set"))
        return value or ""

    def _check_known(self, table: dict[str, Any], known: set[str], *, place: str) -> None:
        for name in table:
            if name not in known:
                full = f"{place}.{name}" if place else name
                self.mistakes.append((full, f"unknown key; {similar_names(name, sorted(known))}"))
