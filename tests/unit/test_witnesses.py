"""External witnesses: what is refused before anything is verified."""

from __future__ import annotations

import sys

import pytest

from etl.errors import ConfigError, UsageError
from etl.proof.check import Invalid
from etl.proof.witnesses import (
    known_size,
    make_request,
    parse_witness,
    read_certificates,
    require_answer,
)
from tests.support.witness import Authority, Witness


def test_a_request_has_a_nonce_of_its_own():
    first, one = make_request("note")
    second, two = make_request("note")
    assert first != second
    assert one != two


def test_requests_without_the_library_name_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(UsageError, match="install the extra `proof`"):
        make_request("note")


def test_what_is_no_response_and_no_certificate_is_refused():
    with pytest.raises(Invalid, match="not an RFC 3161 response"):
        require_answer(b"nonsense", "note", 1)
    with pytest.raises(ConfigError, match="not certificates"):
        read_certificates(b"nonsense", location="proof.timestamp_ca")


def test_a_refusal_of_the_authority_is_not_a_timestamp():
    rejection = bytes.fromhex("3005 3003 020102")
    with pytest.raises(Invalid, match="refused: no reason"):
        require_answer(rejection, "note", 1)


def test_a_timestamp_must_be_of_the_checkpoint_that_was_sent(tmp_path):
    request, nonce = make_request("note")
    _, _, response = Authority(tmp_path).answer("", request)
    require_answer(response, "note", nonce)
    with pytest.raises(Invalid, match="of another checkpoint"):
        require_answer(response, "another note", nonce)


def test_a_witness_needs_a_key_and_a_url():
    key = Witness([]).verifier_key
    for wrong in ("", "key", "key https://witness.example", key, f"{key} ftp://witness.example"):
        with pytest.raises(Invalid):
            parse_witness(wrong)
    assert parse_witness(f"{key} https://witness.example/").url == "https://witness.example"
    with pytest.raises(Invalid, match="tree size"):
        known_size(b"07")
