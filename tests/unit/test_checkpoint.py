"""Checkpoints: Ed25519, verifier keys and signed notes."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import ConfigError, UsageError
from etl.proof.check import (
    Invalid,
    L,
    check_signature,
    is_signature,
    parse_checkpoint,
    parse_verifier_key,
    point_decode,
)
from etl.proof.checkpoint import Signer, make_key, make_note, read_key, split_notes
from etl.proof.checkpoint import is_signature as is_signature_of_library
from etl.proof.merkle import EMPTY_ROOT
from etl.proof.witnesses import is_cosigned

# RFC 8032, section 7.1: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
        "b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
        "1d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
        "c6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
# The vector of the C2SP signed-note specification's Go implementation.
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)
NOTE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def _signer(name: str = "example.org/log") -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest()))


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_the_signatures_of_rfc_8032_are_valid_and_no_changed_one_is(public, message, signature):
    key, text, signed = map(bytes.fromhex, (public, message, signature))
    assert is_signature(key, text, signed)
    assert not is_signature(key, text + b"x", signed)
    for bit in range(0, 512, 37):
        changed = bytearray(signed)
        changed[bit // 8] ^= 1 << bit % 8
        assert not is_signature(key, text, bytes(changed))
    malleable = int.from_bytes(signed[32:], "little") + L
    assert not is_signature(key, text, signed[:32] + malleable.to_bytes(32, "little"))
    assert not is_signature(key, text, signed[:-1])


def test_a_signature_of_another_key_of_the_same_name_is_not_judged():
    ours, theirs = (read_key(make_key(), "log", location="test") for _ in range(2))
    note = make_note("log", 0, bytes(32), ours)
    note += theirs.sign("something else")
    check_signature(note.encode(), ours.verifier_key)
    with pytest.raises(Invalid, match="the signature is invalid"):
        check_signature(note.encode(), theirs.verifier_key)


def test_points_outside_the_curve_are_no_keys():
    assert point_decode((2**255 - 19).to_bytes(32, "little")) is None
    assert point_decode((2).to_bytes(32, "little")) is None
    assert point_decode((1 | 1 << 255).to_bytes(32, "little")) is None
    assert point_decode((1).to_bytes(32, "little")) == (0, 1, 1, 0)
    assert not is_signature((2).to_bytes(32, "little"), b"", bytes(64))


@given(st.binary(max_size=200))
def test_both_implementations_accept_a_signature(message):
    signer = _signer()
    signature = signer.private_key.sign(message)
    public = signer.private_key.public_key().public_bytes_raw()
    assert is_signature(public, message, signature)
    assert not is_signature(public, message + b".", signature)


def test_the_key_of_the_go_implementation_verifies_its_note():
    name, key_id, public = parse_verifier_key(NOTE_KEY)
    text, _, signatures = NOTE.rpartition("\n\n")
    line = signatures.split()[-1]
    data = b64decode(line)
    assert name == "PeterNeumann"
    assert data[:4] == key_id
    assert is_signature(public, (text + "\n").encode(), data[4:])


def test_a_signed_checkpoint_verifies_with_its_key_only():
    signer = _signer()
    note = make_note(signer.name, 5, EMPTY_ROOT, signer)
    check_signature(note.encode(), signer.verifier_key)
    with pytest.raises(Invalid, match="of the log"):
        check_signature(note.encode(), _signer("another").verifier_key)
    with pytest.raises(Invalid, match="signature is invalid"):
        check_signature(note.replace("\n5\n", "\n6\n").encode(), signer.verifier_key)
    parsed = parse_checkpoint(note.encode())
    assert (parsed.origin, parsed.size, parsed.root) == (signer.name, 5, EMPTY_ROOT)
    assert len(parsed.signatures) == 1
    unsigned = make_note(signer.name, 5, EMPTY_ROOT, None)
    with pytest.raises(Invalid, match="not signed with this key"):
        check_signature(unsigned.encode(), signer.verifier_key)


def test_signatures_verify_with_and_without_the_library(monkeypatch):
    signer = _signer()
    note = make_note(signer.name, 5, EMPTY_ROOT, signer).encode()
    changed = note.replace(b"\n5\n", b"\n6\n")
    for _ in range(2):
        check_signature(note, signer.verifier_key, is_signature_of_library)
        with pytest.raises(Invalid, match="signature is invalid"):
            check_signature(changed, signer.verifier_key, is_signature_of_library)
        monkeypatch.setitem(__import__("sys").modules, "cryptography.exceptions", None)


ROOT = b64encode(EMPTY_ROOT).decode()


@pytest.mark.parametrize(
    ("note", "message"),
    [
        (f"log\n5\n{ROOT}\n", "no empty line"),
        (f"log\n05\n{ROOT}\n\n", "no tree size"),
        (f"log\n5\n{ROOT[:-2]}9=\n\n", "not canonical base64"),
        (f"log\n5\n{ROOT[:-3]}\n\n", "not base64"),
        (f"log\n5\n{ROOT[:-4]}!!!!\n\n", "not base64"),
        ("log\n5\nAAAA\n\n", "not a SHA-256 hash"),
        (f"log\n5\n{ROOT}\nextension\n\n", "three lines"),
        (f"\n5\n{ROOT}\n\n", "three lines"),
        (f"log\n5\n{ROOT}\n\nsignature\n", "not a signature line"),
        (f"log\n5\n{ROOT}\n\n— log AAAA", "end with a new line"),
    ],
)
def test_a_checkpoint_has_one_spelling(note, message):
    with pytest.raises(Invalid, match=message):
        parse_checkpoint(note.encode())


def test_a_checkpoint_that_is_not_utf_8_is_refused():
    with pytest.raises(Invalid, match="UTF-8"):
        parse_checkpoint(b"\xff")


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "no name"),
        ("a b+00000000+AAAA", "no name"),
        ("log+00000000+AAAA", "not an Ed25519 key"),
        (f"log+00000000+{b64encode(bytes([1] * 33)).decode()}", "does not belong"),
        (f"log+00000000+{b64encode(bytes([4] * 33)).decode()}", "not an Ed25519 key"),
    ],
)
def test_a_verifier_key_must_be_complete(key, message):
    with pytest.raises(Invalid, match=message):
        parse_verifier_key(key)


def test_a_file_may_contain_several_notes():
    notes = [make_note("log", size, EMPTY_ROOT, _signer() if size % 2 else None) for size in (3, 4)]
    assert [*split_notes("".join(notes))] == notes
    assert [*split_notes("\n".join(notes).replace("\n", "\r\n"))] == notes
    assert [*split_notes("\n\n")] == []
    with pytest.raises(Invalid, match="line 1"):
        [*split_notes("nothing of the kind")]


def test_a_private_key_is_read_back_and_no_other_kind_is():
    pem = make_key()
    signer = read_key(pem, "log", location="proof.signing_key")
    note = make_note("log", 1, EMPTY_ROOT, signer)
    check_signature(note.encode(), read_key(pem, "log", location="x").verifier_key)
    for wrong in (b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(ConfigError, match=r"proof\.signing_key"):
            read_key(wrong, "log", location="proof.signing_key")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    other = generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(ConfigError, match="not an Ed25519 key"):
        read_key(other, "log", location="proof.signing_key")


def test_a_cosignature_covers_the_checkpoint_and_its_time():
    witness = Ed25519PrivateKey.generate()
    public = b"\x04" + witness.public_key().public_bytes_raw()
    key_id = sha256(b"witness\n" + public).digest()[:4]
    key = f"witness+{key_id.hex()}+{b64encode(public).decode()}"
    text = make_note("log", 7, EMPTY_ROOT, None)[:-1]
    signature = witness.sign(f"cosignature/v1\ntime 1700000000\n{text}".encode())
    data = key_id + (1_700_000_000).to_bytes(8, "big") + signature
    line = f"— witness {b64encode(data).decode()}"
    assert is_cosigned(text, line, key)
    assert not is_cosigned(text.replace("7", "8"), line, key)
    later = key_id + (1_700_000_001).to_bytes(8, "big") + signature
    assert not is_cosigned(text, f"— witness {b64encode(later).decode()}", key)
    assert not is_cosigned(text, f"— other {b64encode(data).decode()}", key)


def test_signing_without_the_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cryptography.hazmat.primitives", None)
    for call in (make_key, lambda: read_key(b"", "log", location="x")):
        with pytest.raises(UsageError, match="install the extra `proof`"):
            call()
