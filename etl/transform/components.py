"""What is inside an image, as far as its name, tag, path and description say so?

A component is named where one of its spellings stands by itself (no letter on either side). Its
version is the number right behind it, as written: `pytorch1.4`, `PyTorch 1.4`, `pytorch_1.4`,
`tensorflow-gpu-1.15`. Only three forms are rewritten, each into the one dotted form that it means:

- `cp37`, `py310`: Python 3.7 and 3.10, by the tags of wheels (PEP 425);
- `cu102`, `cuda102`, `ubuntu1804`: CUDA 10.2 and Ubuntu 18.04, as their makers abbreviate them;
- `pytorch_1_8`, `pytorch-1-4`: names that may hold no dot.

What the text does not say stays unsaid: no version is taken from a build's tag, from a date, or
from another component. Of the path only repository and tag count, since host and organisation say
whose an image is. Of two versions where one goes on from the other (1.8, 1.8.0) the longer one
counts; of two that differ, both; a mention without a version only where there is none with one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from etl.model import Image

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from etl.model import Columns

MAX_LENGTH_REMEMBERED: Final = 512  # the API's own bound for names and descriptions
NOT_PACKED: Final[Mapping[int, int]] = {}

Components = tuple[tuple[str, str | None], ...]
Mention = tuple[str, str]
NO_MENTION: Final[Mention] = ("", "")
READ_FROM: Final = ("name", "tag", "swr_tag", "swr_repository", "description")
_PLACES: Final = tuple(map(Image.__struct_fields__.index, READ_FROM))


class Rule(NamedTuple):
    """How a component is spelled, in lower case."""

    component: str
    spellings: tuple[str, ...] = ()  # its own name, where empty
    abbreviations: tuple[str, ...] = ()  # they say something only with a version
    packed: Mapping[int, int] = NOT_PACKED  # digits without a dot: how many → where the dot goes


RULES: Final = (
    # languages and tools
    Rule("python", abbreviations=("py", "cp"), packed={2: 1, 3: 1}),
    Rule("openmpi", ("openmpi", "open-mpi", "open mpi")),
    Rule("modelbox"),
    Rule("mlstudio"),
    Rule("rlstudio"),
    Rule("conda", ("conda", "anaconda", "miniconda")),
    # frameworks
    Rule("pytorch", ("pytorch", "torch")),
    Rule("torch-npu", ("torch-npu", "torch_npu")),
    Rule("tensorflow", abbreviations=("tf",)),
    Rule("mindspore"),
    Rule("mindspore-lite", ("mindspore-lite", "mindspore_lite", "mindspore lite")),
    Rule("mxnet"),
    Rule("caffe"),
    Rule("keras"),
    Rule("paddlepaddle", abbreviations=("paddle",)),
    Rule("xgboost"),
    Rule("lightgbm"),
    Rule("scikit-learn", ("scikit-learn", "scikit_learn", "sklearn")),
    Rule("ray", ("ray[rllib]", "ray[tune]"), abbreviations=("ray",)),
    Rule("pyspark"),
    Rule("spark", ("apache spark",), abbreviations=("spark",)),
    Rule("horovod"),
    Rule("deepspeed"),
    Rule("vllm"),
    Rule("onnxruntime", ("onnxruntime", "onnx runtime")),
    # accelerators
    Rule("cuda", abbreviations=("cu",), packed={3: 2}),
    Rule("cudnn"),
    Rule("nccl"),
    Rule("tensorrt"),
    Rule("cann"),
    # operations research
    Rule("ortools", ("ortools", "or-tools")),
    Rule("cylp"),
    Rule("cbcpy"),
    Rule("cplex"),
    # operating systems
    Rule("ubuntu", packed={4: 2}),
    Rule("euleros", abbreviations=("euler",)),
    Rule("openeuler"),
    Rule("centos"),
    Rule("debian"),
)

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


def _spelled(rules: Iterable[Rule]) -> dict[str, Rule]:
    return {
        spelling: rule
        for rule in rules
        for spelling in (*(rule.spellings or (rule.component,)), *rule.abbreviations)
    }


def _one_pass(spellings: Iterable[str]) -> re.Pattern[str]:
    """One pattern for all, those of one first letter together: most places fail at once.

    The look behind comes after the first letter, so that the search can skip to such letters.
    """
    by_letter: dict[str, list[str]] = {}
    for spelling in sorted(spellings, key=len, reverse=True):
        by_letter.setdefault(spelling[0], []).append(re.escape(spelling[1:]))
    names = "|".join(
        f"{letter}(?<![a-z].)(?:{'|'.join(rest)})" for letter, rest in by_letter.items()
    )
    return re.compile(rf"(?P<spelling>{names})(?![a-z]){_VERSION}", re.VERBOSE)


COMPONENT_RULES: Final = blake2b(repr((1, RULES, _VERSION)).encode(), digest_size=8).hexdigest()
"""Names these rules; to be raised from 1 when the same rules come to read otherwise."""

_SPELLED: Final = _spelled(RULES)
_find_all: Final = _one_pass(_SPELLED).findall


def components(image: Image) -> Components:
    """Each component with its version, or with None where none is said; sorted."""
    return _said_in(*(getattr(image, field) for field in READ_FROM))


def components_of(columns: Columns) -> Iterator[Components]:
    """The components of each of many images."""
    return map(_said_in, *(columns[place] for place in _PLACES))


def _said_in(
    name: str | None,
    tag: str | None,
    swr_tag: str | None,
    swr_repository: str | None,
    description: str | None,
) -> Components:
    said: set[Mention] = set()
    for text in (name, tag, None if swr_tag == tag else swr_tag):
        if text:
            said |= _mentions(text)
    for text in (swr_repository, description):
        if text:
            is_short = len(text) <= MAX_LENGTH_REMEMBERED
            said |= _remembered_mentions(text) if is_short else _mentions(text)
    return _summary(frozenset(said))


def _mentions(text: str) -> set[Mention]:
    """All components that a text names, each with the version behind it or with an empty one."""
    lower = text.lower()
    found = _find_all(lower)
    if not found:
        return set()
    mentions = {_mention(*groups) for groups in found}
    mentions.discard(NO_MENTION)
    if lower == text:
        return mentions
    return {
        (component, _as_written(version, text=text, lower=lower)) for component, version in mentions
    }


# What follows is remembered: descriptions, repositories and versions come again and again.
_remembered_mentions: Final = lru_cache(maxsize=4096)(_mentions)


@lru_cache(maxsize=4096)
def _mention(spelling: str, _: str, joined: str, dotted: str) -> Mention:
    """What was found, by its rule; `NO_MENTION` where it says nothing."""
    rule = _SPELLED[spelling]
    if joined:
        version = joined.replace("-", ".").replace("_", ".")
    elif dot := dotted.isdigit() and rule.packed.get(len(dotted)):
        version = f"{dotted[:dot]}.{dotted[dot:]}"
    else:
        version = "" if dotted.isdigit() and len(dotted) == 4 else dotted  # a year, a build
    is_said = version or spelling not in rule.abbreviations
    return (rule.component, version) if is_said else NO_MENTION


def _as_written(version: str, *, text: str, lower: str) -> str:
    """The version in the text's own letters (RC1), where lower case has kept its places."""
    start = lower.find(version)
    written = text[start : start + len(version)]
    return written if written.lower() == version else version


@lru_cache(maxsize=4096)
def _summary(mentions: frozenset[Mention]) -> Components:
    """The mentions in order, without those that another one goes on from."""
    ordered = sorted(mentions)  # so that what goes on from a version stands right behind it
    return tuple(
        (component, version or None)
        for (component, version), (next_component, next_version) in zip(
            ordered, [*ordered[1:], ("", "")], strict=False
        )
        if component != next_component or not _goes_on(version, next_version)
    )


def _goes_on(version: str, longer: str) -> bool:
    return not version or longer.startswith((f"{version}.", f"{version}-"))
