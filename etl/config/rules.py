"""What each key may hold: a rule takes a value and says what was expected, or nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from math import inf
from typing import Any
from urllib.parse import urlsplit

Rule = Callable[[Any], str]

_LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+|::1")
# Where SQLAlchemy finds the port: behind the user, a password up to its first @, and the host.
_PORT = re.compile(
    r"postgres\w*(?:\+\w+)?://(?:[^:/]*(?::[^@]*)?@)?(?:\[[^/?]+\]|[^/:?]+)?(?::([^/?]*))?"
)


def anything(_value: Any) -> str:
    return ""


def between(low: float, high: float) -> Rule:
    return lambda value: "" if low <= value <= high else f"from {low} to {high}"


def at_least(low: float) -> Rule:
    def rule(value: float) -> str:
        if value == inf:
            return "a finite number"
        return "" if value >= low else f"{low} or more"

    return rule


def above(low: float, at_most: float) -> Rule:
    return lambda value: "" if low < value <= at_most else f"more than {low}, at most {at_most}"


def one_of(*choices: str) -> Rule:
    return lambda value: "" if value in choices else "one of " + ", ".join(choices)


def matching(pattern: str, expected: str) -> Rule:
    compiled = re.compile(pattern)
    return lambda value: "" if compiled.fullmatch(value) else expected


source_name = matching(r"[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,127}", "1 to 128 characters of text")
project_id = matching(r"[0-9A-Za-z_-]{1,64}", "letters and digits, usually 32 hex digits")
schema_name = matching(r"([A-Za-z_][A-Za-z0-9_]{0,62})?", "letters, digits and _")
header_value = matching(r"[\x20-\x7e]{0,200}", "up to 200 printable ASCII characters")


def url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
        parts.port  # noqa: B018  # reading it is what checks it
    except ValueError:
        return "https://host[:port]"
    return "" if is_whole and is_plain else "https://host[:port], without user, query or fragment"


def optional_path(value: str) -> str:
    return "" if not value or os.path.exists(value) else "a file that is there"


def optional_url(value: str) -> str:
    return url(value) if value else ""


def notice_url(value: str) -> str:
    """A URL that is a secret itself, query and all; so it crosses no network in the clear."""
    expected = "https://host/path, without user or fragment (http: on this machine alone)"
    bare = value.partition("?")[0]
    is_well = not value or (not url(bare) and "#" not in value and not is_overheard(bare))
    return "" if is_well else expected


def events(value: tuple[str, ...]) -> str:
    is_well = set(value) <= {"removals", "held", "failed"} and len(set(value)) == len(value)
    return "" if is_well else 'a list of "removals", "held" and "failed", each once'


def endpoint(value: str) -> str:
    return "" if value == "sample:" else url(value)


def is_loopback(value: str) -> bool:
    """Whether a URL's host is this very machine."""
    return bool(_LOOPBACK.fullmatch(urlsplit(value).hostname or ""))


def is_overheard(value: str) -> bool:
    """Whether what is sent to a URL crosses a network in the clear."""
    return urlsplit(value).scheme == "http" and not is_loopback(value)


def database_url(value: str) -> str:
    if re.match(r"sqlite(\+\w+)?://(/file:|.*[?&]uri=)", value):
        return "the file itself, as in sqlite:///x.db"
    found = _PORT.match(value)
    port = found[1] if found else None
    if port is not None and not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65_536):
        return "a number from 1 to 65535 as the port, and an @ in the password as %40"
    if re.match(r"(sqlite(\+\w+)?://(?![^/?])|postgres(ql)?(\+\w+)?://)", value):
        return ""
    return "sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME"


def regions(value: tuple[str, ...]) -> str:
    is_right = value and all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", each) for each in value)
    return "" if is_right and len(set(value)) == len(value) else 'a list such as ["cn-north-4"]'


def types(value: tuple[str, ...]) -> str:
    if value and len(set(value)) == len(value) and all(re.fullmatch(r"[A-Z_]+", t) for t in value):
        return ""
    return 'a list such as ["BUILD_IN", "DEDICATED"], each once'


def workspaces(value: tuple[str, ...]) -> str:
    is_all = value == ("*",)
    is_ids = bool(value) and all(re.fullmatch(r"[0-9A-Za-z_-]{1,64}", w) for w in value)
    return "" if is_all or (is_ids and len(set(value)) == len(value)) else '["*"] or a list of ids'
