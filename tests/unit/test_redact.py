"""No secret stays in text that a server wrote, however it is echoed."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest

from etl.client.http_errors import redacted

SECRET = 'p+Z/k"é=canary'


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
    ],
)
def test_a_known_secret_goes_in_every_spelling(spelling: str) -> None:
    assert "canary" not in redacted(f"you sent {spelling} to us", [SECRET])


@pytest.mark.parametrize(
    "text",
    [
        "Access=CANARY, SignedHeaders=host, Signature=x",
        "ak:CANARY not found",
        "the AK=CANARY is locked",
        "X-Auth-Token: CANARY",
        'headers {"X-Security-Token": "CANARY"}',
        '{\\"securitytoken\\": \\"CANARY\\"}',
        "password = 'CANARY'",
        "Authorization: Basic CANARY",
        "access_key_id=CANARY&x=1",
        "token: CANARY",
        "http_proxy http://user:CANARY@proxy:3128/",
        "canonicalRequest GET|/v1/|CANARY",
        "String to sign:\nSDK-HMAC\nCANARY",
    ],
)
def test_an_unknown_secret_goes_by_its_name(text: str) -> None:
    assert "CANARY" not in redacted(text)


def test_a_digest_goes() -> None:
    assert redacted(f"expected {'0a' * 32} here") == "expected *** here"


def test_plain_words_stay() -> None:
    text = "fromIndex(200) > toIndex(33), asked by user admin of project 0123456789abcdef"
    assert redacted(text, ["", "or"]) == text


def test_one_line_of_bounded_length() -> None:
    assert redacted("a\r\n\x1b[31mb\u2028c") == "a [31mb c"
    assert redacted("x" * 999, most=10) == "x" * 9 + "…"


def test_a_secret_that_the_cut_would_split_is_gone_before() -> None:
    assert "can" not in redacted("x" * 6 + "canary-1", ["canary-1"], most=10)


def test_a_secret_within_a_secret_leaves_no_rest() -> None:
    secrets = ["canary", "canary-and-more"]
    assert redacted("sent canary-and-more", secrets) == "sent ***"
