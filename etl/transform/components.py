"""Recognises the software inside an image from its name, tag, repository and description.

A component is recognised where one of its spellings stands by itself (no letter on either side).
Its version is the number directly behind it, in lower case: `pytorch1.4`, `PyTorch 1.4`,
`pytorch_1.4`, `tensorflow-gpu-1.15`, `cann_8.3.rc1`. Only three forms are rewritten, each into the
one dotted form that it stands for:

- `cp37`, `py310`: Python 3.7 and 3.10, as in the tags of wheels (PEP 425);
- `cu102`, `cuda102`, `ubuntu1804`: CUDA 10.2 and Ubuntu 18.04, as their makers abbreviate them;
- `pytorch_1_8`, `pytorch-1-4`: names that may hold no dot.

Nothing is guessed: no version is taken from a build's tag, from a date, or from another component.
Of the path only repository and tag count, because host and organisation name the owner. If one
version continues another (1.8, 1.8.0), the longer one counts; if two differ, both count; a mention
without a version counts only if there is none with one.

How components are spelled, and when the support of their releases ends, is in `components.toml`. A
user's file in the same format extends it.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date  # msgspec resolves the annotation at run time
from functools import cache, cached_property, lru_cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any, Final, Literal, NamedTuple, TypeVar

from msgspec import Struct, ValidationError, convert, json

from etl.errors import ConfigError
from etl.model import Columns, Image

Entry = TypeVar("Entry", bound=Struct)
Components = tuple[tuple[str, str | None], ...]
Mention = tuple[str, str]

READ_FROM: Final = ("name", "tag", "swr_tag", "swr_repository", "description")
"""The fields of an image that are read."""
MAX_LENGTH_CACHED: Final = 512  # the API's own bound for names and descriptions
_PLACES: Final = tuple(map(Image.__struct_fields__.index, READ_FROM))
_NO_MENTION: Final[Mention] = ("", "")
_BUILTIN: Final = "components.toml"
_ALGORITHM: Final = 2  # raise it when the same rules are applied differently

_VERSION: Final = r"""
    (?: [-_] (?:gpu|cpu|npu) (?=[-_]?v?\d) )?                  # tensorflow-gpu-1.15
    (?:
        (?P<join> [-_] ) (?P<joined> \d{1,2} (?: (?P=join) \d{1,2} ){1,2} )  # pytorch-1-4
            (?! [-_.]?\d | [a-z] )
      | (?: [-_ =:]{1,3}v? | v )?
        (?P<dotted>
            \d{1,4} (?: \. \d{1,6} ){1,5}
            (?: (?: [-.]? (?:rc|alpha|beta|post|dev) \.? | [ab] ) \d{1,6} (?: \.\d{1,6} ){0,3} )?
          | \d{1,4}
        )
            (?! \.?\d | (?!lts) [a-z] | -?bit )
    )?
"""


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """How one component is spelled, in lower case, as an entry of the file."""

    spellings: tuple[str, ...] | None = None  # None: its own name
    abbreviations: tuple[str, ...] = ()  # they count only with a version
    versions: tuple[str, ...] = ()  # spellings that are the version themselves: a chip's name
    packed: dict[int, int] = {}  # digits without a dot: how many → where the dot goes


class Release(Struct, frozen=True, forbid_unknown_fields=True):
    """The date on which the support of a release ends, and the page that publishes it."""

    ends_on: date
    according_to: str


class Word(NamedTuple):
    """What a spelling means."""

    component: str
    kind: Literal["spelling", "abbreviation", "version"]


class ComponentTables(Struct, frozen=True):
    """The spellings, the packed versions by component, the releases by component and release."""

    words: Mapping[str, Word]
    packed: Mapping[str, Mapping[int, int]]
    releases: Mapping[tuple[str, str], Release]

    @property
    def names(self) -> set[str]:
        """The components that can be recognised."""
        return {word.component for word in self.words.values()}

    def compiled(self) -> ComponentRules:
        """The tables in the form in which they are applied."""
        return ComponentRules(self.words, self.packed)

    def release_rows(self) -> str:
        """The releases as a JSON array of [component, release, ends_on, according_to]."""
        rows = [
            (component, release, each.ends_on, each.according_to)
            for (component, release), each in sorted(self.releases.items())
        ]
        return json.encode(rows).decode()


class ComponentRules:
    """Tables in the form in which they are applied to many images.

    `digest` names the rules: it changes with what they recognise, and only then.
    """

    def __init__(self, words: Mapping[str, Word], packed: Mapping[str, Mapping[int, int]]) -> None:
        self._words = words
        self._packed = packed
        digits = sorted((name, sorted(each.items())) for name, each in packed.items() if each)
        name = json.encode((_ALGORITHM, sorted(words.items()), digits, _VERSION))
        self.digest = blake2b(name, digest_size=8).hexdigest()
        # Descriptions, repositories and versions recur in many images.
        self._cached_mentions = lru_cache(maxsize=4096)(self._mentions)
        self._mention = lru_cache(maxsize=4096)(self._read_mention)

    @cached_property
    def _find_all(self) -> Callable[[str], list[Any]]:
        return _pattern(self._words).findall  # an unchanged catalogue needs no pattern

    def components(self, image: Image) -> Components:
        """Each component with its version, or with None if none is given; sorted."""
        return self._read(*(getattr(image, field) for field in READ_FROM))

    def components_of(self, columns: Columns) -> Iterator[Components]:
        """The components of each of many images."""
        return map(self._read, *(columns[location] for location in _PLACES))

    def _read(
        self,
        name: str | None,
        tag: str | None,
        swr_tag: str | None,
        swr_repository: str | None,
        description: str | None,
    ) -> Components:
        found: set[Mention] = set()
        for text in (name, tag, None if swr_tag == tag else swr_tag):
            if text:
                found |= self._mentions(text)
        for text in (swr_repository, description):
            if text:
                is_short = len(text) <= MAX_LENGTH_CACHED
                found |= self._cached_mentions(text) if is_short else self._mentions(text)
        return _summary(frozenset(found))

    def _mentions(self, text: str) -> set[Mention]:
        """All components in a text, each with the version behind it or with an empty one."""
        mentions = {self._mention(*groups) for groups in self._find_all(text.lower())}
        mentions.discard(_NO_MENTION)
        return mentions

    def _read_mention(self, spelling: str, _join: str, joined: str, dotted: str) -> Mention:
        """The component and version of one match; `_NO_MENTION` if it does not count."""
        component, kind = self._words[spelling]
        if kind == "version":
            return component, spelling
        version = ""
        if joined:
            version = joined.replace("-", ".").replace("_", ".")
        elif dot := dotted.isdigit() and self._packed.get(component, {}).get(len(dotted)):
            version = f"{dotted[:dot]}.{dotted[dot:]}"
        elif not (dotted.isdigit() and len(dotted) == 4):  # four digits are a year or a build
            version = dotted
        return (component, version) if version or kind == "spelling" else _NO_MENTION


def _pattern(words: Mapping[str, Word]) -> re.Pattern[str]:
    """One pattern for all words; the longest of several matching spellings wins.

    The spellings are grouped by first letter, so that most places fail at once. The look-behind
    follows the letter, so that the search can skip to such letters.
    """
    by_letter: dict[str, list[str]] = {}
    for spelling in sorted(words, key=len, reverse=True):
        after = r"(?!\d)" if words[spelling].kind == "version" else ""
        by_letter.setdefault(spelling[0], []).append(re.escape(spelling[1:]) + after)
    names = "|".join(
        f"{re.escape(letter)}(?<![a-z].)(?:{'|'.join(rest)})" for letter, rest in by_letter.items()
    )
    return re.compile(rf"(?P<spelling>{names})(?![a-z]){_VERSION}", re.VERBOSE)


@lru_cache(maxsize=4096)
def _summary(mentions: frozenset[Mention]) -> Components:
    """The mentions in order, without those that another one continues."""
    ordered = sorted(mentions)  # a version that continues another one follows it directly
    return tuple(
        (component, version or None)
        for (component, version), (next_component, next_version) in zip(
            ordered, [*ordered[1:], ("", "")], strict=False
        )
        if component != next_component or not _continues(next_version, version)
    )


def _continues(longer: str, version: str) -> bool:
    return not version or longer.startswith((f"{version}.", f"{version}-"))


@cache
def builtin_tables() -> ComponentTables:
    """The package's own tables."""
    text = files(__package__).joinpath(_BUILTIN).read_text("utf-8")
    return _parsed(text, location=_BUILTIN)


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
            return extended_tables(opened.read(), location=file)
    except OSError as error:
        raise ConfigError(file, [f"cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError(file, ["not UTF-8"]) from None


def extended_tables(text: str, *, location: str) -> ComponentTables:
    """The package's tables and those of a user's file.

    An entry adds its spellings to those of a component of the same name; a spelling that belonged
    to another component moves. Dates replace those of the same release. Raises `ConfigError` with
    every mistake; `location` names the file.
    """
    builtin, own = builtin_tables(), _parsed(text, location=location)
    packed = {name: {**builtin.packed.get(name, {}), **each} for name, each in own.packed.items()}
    return ComponentTables(
        {**builtin.words, **own.words},
        {**builtin.packed, **packed},
        {**builtin.releases, **own.releases},
    )


def _parsed(text: str, *, location: str) -> ComponentTables:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(location, [f"not TOML: {error}"]) from None
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
    words = [pair for name, rule in rules.items() for pair in _words(name, rule)]
    mistakes += _spelling_mistakes(words)
    if mistakes:
        raise ConfigError(location, mistakes)
    return ComponentTables(dict(words), {n: rule.packed for n, rule in rules.items()}, releases)


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
            entries[name] = convert(value, kind, strict=False)
        except ValidationError as error:
            mistakes.append(f'{location}."{name}": {error}')
    return entries


def _words(name: str, rule: Rule) -> Iterator[tuple[str, Word]]:
    for each in (name,) if rule.spellings is None else rule.spellings:
        yield each, Word(name, "spelling")
    for each in rule.abbreviations:
        yield each, Word(name, "abbreviation")
    for each in rule.versions:
        yield each, Word(name, "version")


def _spelling_mistakes(words: Iterable[tuple[str, Word]]) -> Iterator[str]:
    for text, word in words:
        if not text.strip() or text != text.lower().strip():
            yield f'components."{word.component}": {text!r} must be in lower case and not empty'
    for text, count in Counter(text for text, _ in words).items():
        if count > 1:
            yield f"components: {text!r} is given more than once"
