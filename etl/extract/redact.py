"""Takes secrets out of text that others wrote: servers echo keys, tokens and signed requests.

Known values are replaced wherever they stand, in every spelling and letter case that an echo may
give them; what only looks like a secret is found by its name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

from etl.text import clipped

MASK: Final = "***"

_SHORTEST: Final = 4  # shorter values would tear holes into plain words
_NAMED: Final = re.compile(
    r"""(?ix)
    \b ( access (?:[_-]?key(?:[_-]?id)?)? | a\.?k | s\.?k | secret (?:[_-]?(?:access[_-]?)?key)?
       | signature | authorization | password | passwd | credential
       | (?:x[_-])? (?:(?:auth|subject|security|metadata)[_-]?)? token )
    ( \\?["']? \s* [=:] \s* \\?["']? )
    (?: (?:bearer|basic|sdk-hmac-\w+) \s+ )?
    [^\s,;&"'\\<>]+
    """
)
_CANONICAL: Final = re.compile(r"(?is)(canonical[\s_-]*request|string[\s_-]*to[\s_-]*sign).*")
_DIGEST: Final = re.compile(r"\b[0-9a-fA-F]{64}\b")
_USERINFO: Final = re.compile(r"(?<=://)[^/\s@]+@")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def redacted(text: str, secrets: Iterable[str] = (), *, most: int = 300) -> str:
    """`text` on one line, without secrets, cut to `most` characters."""
    for secret in sorted(_spellings(secrets), key=len, reverse=True):
        text = re.sub(re.escape(secret), MASK, text, flags=re.IGNORECASE)
    text = _CANONICAL.sub(rf"\1 {MASK}", text)
    text = _NAMED.sub(rf"\1\2{MASK}", text)
    text = _USERINFO.sub(f"{MASK}@", _DIGEST.sub(MASK, text))
    text = _CONTROL.sub(" ", text).strip()
    return clipped(text, most)


def _spellings(secrets: Iterable[str]) -> set[str]:
    """Each secret as it is, in JSON, and either of them in a URL."""
    return {
        spelling
        for secret in secrets
        for plain in (
            secret,
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
        )
        for spelling in (
            plain,
            quote(plain, safe="", errors="replace"),
            quote(plain, errors="replace"),
            quote_plus(plain, errors="replace"),
        )
        if len(spelling) >= _SHORTEST
    }
