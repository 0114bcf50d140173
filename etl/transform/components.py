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
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from msgspec import Struct, json

from etl.model import Columns, Image

Components = tuple[tuple[str, str | None], ...]
Mention = tuple[str, str]

READ_FROM: Final = ("name", "tag", "swr_tag", "swr_repository", "description")
"""The fields of an image that are read."""
MAX_LENGTH_CACHED: Final = 512  # the API's own bound for names and descriptions
_PLACES: Final = tuple(map(Image.__struct_fields__.index, READ_FROM))
_NO_MENTION: Final[Mention] = ("", "")
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
    """How one component is spelled, in lower case."""

    spellings: tuple[str, ...] | None = None  # None: its own name
    abbreviations: tuple[str, ...] = ()  # they count only with a version
    versions: tuple[str, ...] = ()  # spellings that are the version themselves: a chip's name
    packed: dict[int, int] = {}  # digits without a dot: how many → where the dot goes


class _Spelling(NamedTuple):
    component: str
    is_abbreviation: bool
    packed: tuple[tuple[int, int], ...]


class ComponentRules:
    """Rules in the form in which they are applied to many images.

    `digest` names the rules: it changes with what they recognise, and only then.
    """

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._spellings = {
            spelling: _Spelling(component, is_abbreviation, tuple(sorted(rule.packed.items())))
            for component, rule in rules.items()
            for is_abbreviation, spellings in (
                (False, (component,) if rule.spellings is None else rule.spellings),
                (True, rule.abbreviations),
            )
            for spelling in spellings
        }
        self._versions = {
            version: component for component, rule in rules.items() for version in rule.versions
        }
        tables = sorted(self._spellings.items()), sorted(self._versions.items())
        name = json.encode((_ALGORITHM, *tables, _VERSION))
        self.digest = blake2b(name, digest_size=8).hexdigest()
        self._find_all = _pattern(self._spellings, self._versions).findall
        # Descriptions, repositories and versions recur in many images.
        self._cached_mentions = lru_cache(maxsize=4096)(self._mentions)
        self._mention = lru_cache(maxsize=4096)(self._read_mention)

    def components(self, image: Image) -> Components:
        """Each component with its version, or with None if none is given; sorted."""
        return self._read(*(getattr(image, field) for field in READ_FROM))

    def components_of(self, columns: Columns) -> Iterator[Components]:
        """The components of each of many images."""
        return map(self._read, *(columns[place] for place in _PLACES))

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
        if spelling in self._versions:
            return self._versions[spelling], spelling
        component, is_abbreviation, packed = self._spellings[spelling]
        version = ""
        if joined:
            version = joined.replace("-", ".").replace("_", ".")
        elif dot := dotted.isdigit() and dict(packed).get(len(dotted)):
            version = f"{dotted[:dot]}.{dotted[dot:]}"
        elif not (dotted.isdigit() and len(dotted) == 4):  # four digits are a year or a build
            version = dotted
        return (component, version) if version or not is_abbreviation else _NO_MENTION


def _pattern(spellings: Iterable[str], versions: Iterable[str]) -> re.Pattern[str]:
    """One pattern for all rules; the longest of several matching spellings wins.

    The spellings are grouped by first letter, so that most places fail at once. The look-behind
    follows the letter, so that the search can skip to such letters.
    """
    after = {**dict.fromkeys(spellings, ""), **dict.fromkeys(versions, r"(?!\d)")}
    by_letter: dict[str, list[str]] = {}
    for spelling in sorted(after, key=len, reverse=True):
        rest = re.escape(spelling[1:]) + after[spelling]
        by_letter.setdefault(spelling[0], []).append(rest)
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
