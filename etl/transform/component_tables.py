"""The tables of software components: how they are spelled, and when their releases end.

The package's own tables are `components.toml`. A user's file in the same format extends them.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import date  # msgspec resolves the annotation at run time
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeVar

import msgspec

from etl.errors import ConfigError
from etl.transform.components import ComponentRules, Rule

_BUILTIN: Final = "components.toml"
Entry = TypeVar("Entry", bound=msgspec.Struct)


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The date on which the support of a release ends, and the page that publishes it."""

    ends_on: date
    according_to: str


class ComponentTables(msgspec.Struct, frozen=True):
    """The rules by component name, and the releases by component and release."""

    rules: Mapping[str, Rule]
    releases: Mapping[tuple[str, str], Release]

    def compiled(self) -> ComponentRules:
        """The rules in the form in which they are applied."""
        return ComponentRules(self.rules)

    def release_rows(self) -> str:
        """The releases as a JSON array of [component, release, ends_on, according_to]."""
        rows = [
            (component, release, each.ends_on, each.according_to)
            for (component, release), each in sorted(self.releases.items())
        ]
        return msgspec.json.encode(rows).decode()


@cache
def builtin_tables() -> ComponentTables:
    """The package's own tables."""
    text = files(__package__).joinpath(_BUILTIN).read_text("utf-8")
    return _parsed(text, place=_BUILTIN)


@cache
def builtin_rules() -> ComponentRules:
    """The package's own rules in the form in which they are applied."""
    return builtin_tables().compiled()


def component_tables(file: str) -> ComponentTables:
    """The package's tables, extended by those of a user's file (empty: none).

    Raises `ConfigError`.
    """
    if not file:
        return builtin_tables()
    try:
        with open(file, encoding="utf-8") as opened:
            return extended_tables(opened.read(), place=file)
    except OSError as error:
        raise ConfigError(file, [f"cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError(file, ["not UTF-8"]) from None


def extended_tables(text: str, *, place: str) -> ComponentTables:
    """The package's tables and those of a user's file.

    An entry adds its spellings to those of a component of the same name; a spelling that belonged
    to another component moves. Dates replace those of the same release. Raises `ConfigError` with
    every mistake; `place` names the file.
    """
    builtin, own = builtin_tables(), _parsed(text, place=place)
    taken = {spelling for name, rule in own.rules.items() for spelling in _words(name, rule)}
    kept = {name: _without(taken, name, rule) for name, rule in builtin.rules.items()}
    added = {
        name: _joined(kept[name], name, rule) if name in kept else rule
        for name, rule in own.rules.items()
    }
    return ComponentTables({**kept, **added}, {**builtin.releases, **own.releases})


def _parsed(text: str, *, place: str) -> ComponentTables:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(place, [f"not TOML: {error}"]) from None
    mistakes = [
        f"{name}: unknown; the tables are components and releases"
        for name in sorted(content.keys() - {"components", "releases"})
    ]
    rules = _entries(content.get("components", {}), Rule, "components", mistakes)
    releases = {
        (component, release): each
        for component, dates in _tables(content.get("releases", {}), "releases", mistakes)
        for release, each in _entries(dates, Release, f"releases.{component}", mistakes).items()
    }
    mistakes += _spelling_mistakes(rules)
    if mistakes:
        raise ConfigError(place, mistakes)
    return ComponentTables(rules, releases)


def _tables(content: Any, location: str, mistakes: list[str]) -> list[tuple[str, Any]]:
    if isinstance(content, dict):
        return list(content.items())
    mistakes.append(f"{location}: expected a table")
    return []


def _entries(
    content: Any, kind: type[Entry], location: str, mistakes: list[str]
) -> dict[str, Entry]:
    entries = {}
    for name, value in _tables(content, location, mistakes):
        try:
            entries[name] = msgspec.convert(value, kind, strict=False)
        except msgspec.ValidationError as error:
            mistakes.append(f'{location}."{name}": {error}')
    return entries


def _spelling_mistakes(rules: Mapping[str, Rule]) -> list[str]:
    words = [(name, word) for name, rule in rules.items() for word in _words(name, rule)]
    count = Counter(word for _, word in words)
    return [
        f'components."{name}": {word!r} must be in lower case and not empty'
        for name, word in words
        if not word.strip() or word != word.lower().strip()
    ] + [f"components: {word!r} is given more than once" for word, n in count.items() if n > 1]


def _words(name: str, rule: Rule) -> tuple[str, ...]:
    return (*_spellings(name, rule), *rule.abbreviations, *rule.versions)


def _spellings(name: str, rule: Rule) -> tuple[str, ...]:
    return (name,) if rule.spellings is None else rule.spellings


def _without(taken: set[str], name: str, rule: Rule) -> Rule:
    return Rule(
        spellings=tuple(each for each in _spellings(name, rule) if each not in taken),
        abbreviations=tuple(each for each in rule.abbreviations if each not in taken),
        versions=tuple(each for each in rule.versions if each not in taken),
        packed=rule.packed,
    )


def _joined(rule: Rule, name: str, more: Rule) -> Rule:
    return Rule(
        spellings=(*_spellings(name, rule), *_spellings(name, more)),
        abbreviations=(*rule.abbreviations, *more.abbreviations),
        versions=(*rule.versions, *more.versions),
        packed={**rule.packed, **more.packed},
    )
