"""What the values of the configuration may be, and what of them may be shown.

A rule checks a value and describes itself as a JSON Schema, so that `config schema` and the program
accept the same values. A mask hides the secret part of a value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final
from urllib.parse import urlsplit

MASK: Final = "********"
CA_VARIABLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # of requests, the first one set
Check = Callable[[Any], str]
"""Returns what is expected instead of the value, or an empty string for a valid one."""

_LOOPBACK: Final = r"localhost|127\.\d+\.\d+\.\d+|::1"
_HOST: Final = "https://host[:port] without path, user, query or fragment"
_LABEL: Final = r"(?!__)[A-Za-z_][A-Za-z0-9_]*"
_OWN_LABELS: Final = ("command", "job", "kind", "source", "state", "status", "version")


@dataclass(frozen=True, slots=True)
class Rule:
    """A check, and keywords of JSON Schema that describe it as far as they can."""

    check: Check
    schema: dict[str, Any] = field(default_factory=dict)


def _expects(check: Callable[[Any], bool], expected: str, **schema: Any) -> Rule:
    return Rule(lambda value: "" if check(value) else expected, schema)


anything: Final = Rule(lambda _: "")


def between(low: float, high: float) -> Rule:
    return _expects(
        lambda value: low <= value <= high, f"{low} to {high}", minimum=low, maximum=high
    )


def at_least(low: float) -> Rule:
    return _expects(lambda value: low <= value < inf, f"{low} or more", minimum=low)


def above(low: float, at_most: float) -> Rule:
    return _expects(
        lambda value: low < value <= at_most,
        f"more than {low}, at most {at_most}",
        exclusiveMinimum=low,
        maximum=at_most,
    )


def one_of(*choices: str) -> Rule:
    return _expects(
        lambda value: value in choices, "one of " + ", ".join(choices), enum=list(choices)
    )


def matching(pattern: str, expected: str) -> Rule:
    return _expects(
        lambda value: bool(re.fullmatch(pattern, value)), expected, pattern=f"^(?:{pattern})$"
    )


def list_of(pattern: str, expected: str, *, at_least: int = 1, alone: str = "") -> Rule:
    """A list without duplicates whose items match `pattern`; `alone` admits no other item."""

    def is_valid(value: tuple[str, ...]) -> bool:
        is_right = all(re.fullmatch(pattern, each) for each in value) and len(value) >= at_least
        return is_right and len(set(value)) == len(value) and (alone not in value or len(value) < 2)

    return _expects(is_valid, expected + ", each once", uniqueItems=True, minItems=at_least)


source_name: Final = matching(
    r"[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,127}", "1 to 128 characters without control characters"
)
# A text of hexadecimal digits is meant to be an id of the cloud: then all 32 have to be there.
project_id: Final = matching(
    r"(?![0-9A-Fa-f]{16,64}$)[0-9A-Za-z_-]{1,64}|[0-9A-Fa-f]{32}", "32 hexadecimal digits"
)
# The rest of the URL is checked where it is parsed, when the database is opened.
database_url: Final = matching(
    r"sqlite(\+\w+)?://(?![^/?]).*|postgres(ql)?(\+\w+)?://.*",
    "sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME",
)
schema_name: Final = matching(r"([A-Za-z_][A-Za-z0-9_]{0,62})?", "letters, digits and _")
header_value: Final = matching(r"[\x20-\x7e]{0,200}", "up to 200 printable ASCII characters")
log_origin: Final = matching(r"[^\s+\x00-\x1f\x7f]*", "a name without spaces and plus signs")
secret: Final = matching(r"[^\x00-\x1f\x7f]*", "text without line breaks and control characters")
regions: Final = list_of(r"[a-z0-9]+(-[a-z0-9]+)*", 'a list such as ["cn-north-4"]')
types: Final = list_of(r"[A-Z_]+", 'a list such as ["BUILD_IN", "DEDICATED"]')
workspaces: Final = list_of(r"\*|[0-9A-Za-z_-]{1,64}", '["*"] alone, or a list of ids', alone="*")
events: Final = list_of(
    "removals|held|failed", 'a list of "removals", "held" and "failed"', at_least=0
)
existing_file: Final = _expects(os.path.exists, "an existing file")


def _are_witnesses(values: Sequence[str]) -> bool:
    from etl.proof.check import Invalid  # imported only if there are witnesses
    from etl.proof.witnesses import parse_witness

    try:
        names = {parse_witness(value).name for value in values}
    except Invalid:
        return False
    return len(names) == len(values)  # a cosignature is found by the name of its witness


witnesses: Final = _expects(
    lambda values: not values or _are_witnesses(values),
    'a list of "VERIFIER_KEY URL", each name once; a key id must belong to its name and key',
    uniqueItems=True,
    minItems=0,
)


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  # raises ValueError for an invalid port
    except ValueError:
        return False
    is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname)
    return is_whole and not (parts.query or parts.fragment or parts.username or parts.password)


def _is_host(value: str) -> bool:
    return _is_url(value) and urlsplit(value).path in {"", "/"}


def _is_secret_url(value: str) -> bool:
    """Whether a URL that is itself a secret, including its query, is encrypted on its way."""
    bare = value.partition("?")[0]
    return _is_url(bare) and "#" not in value and not is_plain_text(bare)


host_url: Final = _expects(_is_host, _HOST)
endpoint: Final = _expects(lambda value: value == "sample:" or _is_host(value), _HOST)
url: Final = _expects(_is_url, "https://host/path without user, query or fragment")
secret_url: Final = _expects(
    _is_secret_url, "https://host/path without user or fragment (http only for this host)"
)


def is_loopback(value: str) -> bool:
    """Whether a URL's host is this machine."""
    return bool(re.fullmatch(_LOOPBACK, urlsplit(value).hostname or ""))


def is_plain_text(value: str) -> bool:
    """Whether requests to a URL cross a network unencrypted."""
    return urlsplit(value).scheme == "http" and not is_loopback(value)


labels: Final = _expects(
    lambda value: all(re.fullmatch(_LABEL, name) and name not in _OWN_LABELS for name in value),
    "labels of letters, digits and _, other than " + ", ".join(_OWN_LABELS),
    propertyNames={"pattern": f"^{_LABEL}$"},
)


def is_pem(value: str) -> bool:
    """Whether the text is a key in PEM rather than the name of a file."""
    return value.lstrip().startswith("-----BEGIN")


def masked_secret(value: str) -> str:
    """Nothing of the value."""
    return MASK if value else ""


def masked_pem(value: str) -> str:
    """The name of a file, but not the key itself."""
    return MASK if is_pem(value) else value


def masked_url(value: str) -> str:
    """A URL without its password, also one that is a query parameter."""
    value = re.sub(r"(://[^/?#@:]*):.*@", rf"\1:{MASK}@", value)  # a password may contain anything
    return re.sub(r"(?i)([?&](?:password|sslpassword)=)[^&]*", rf"\1{MASK}", value)
