"""Checkpoints: the signed state of the log (C2SP tlog-checkpoint, signed-note, cosignature)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from etl.errors import ConfigError, UsageError
from etl.proof.check import Invalid, is_signature, parse_checkpoint, parse_verifier_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ED25519: Final = b"\x01"
_COSIGNATURE: Final = 4  # type byte of a witness's key
_MISSING: Final = "install the extra `proof`: pip install 'modelarts-image-sync[proof]'"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A parsed checkpoint: what it says, and the note that says it."""

    origin: str
    size: int
    root: bytes
    text: str
    note: str

    @property
    def is_signed(self) -> bool:
        """Whether the note has a signature line."""
        return len(self.note) > len(self.text) + 1


@dataclass(frozen=True, slots=True)
class Signer:
    """An Ed25519 key under the name of a log."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def verifier_key(self) -> str:
        """`NAME+HEX_KEY_ID+BASE64`, for those who verify."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(_ED25519 + self._public_key)}"

    @property
    def key_id(self) -> bytes:
        """Four bytes that distinguish this key from others of the same name."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self._public_key).digest()[:4]

    def sign(self, text: str) -> str:
        """Signature line over a checkpoint's text."""
        signature = self.private_key.sign(text.encode())
        return f"— {self.name} {_base64(self.key_id + signature)}\n"

    @property
    def _public_key(self) -> bytes:
        return self.private_key.public_key().public_bytes_raw()


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """The three lines that are signed."""
    return f"{origin}\n{size}\n{_base64(root)}\n"


def make_note(origin: str, size: int, root: bytes, signer: Signer | None) -> str:
    """Checkpoint as a note, signed if there is a key."""
    text = checkpoint_text(origin, size, root)
    return text + "\n" + (signer.sign(text) if signer else "")


def read_note(note: str) -> Checkpoint:
    """Parse a note. Raises `Invalid`."""
    text, origin, size, root, _ = parse_checkpoint(note.encode())
    return Checkpoint(origin, size, root, text, note)


def split_notes(text: str) -> Iterator[str]:
    """Notes of a file that contains one after another, separated by empty lines or not at all.

    Raises `Invalid`.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        if len(lines) - at < 4 or lines[at + 3]:
            raise Invalid(f"line {at + 1}: not a checkpoint")
        end = at + 4
        while end < len(lines) and lines[end].startswith("— "):
            end += 1
        yield "\n".join(lines[at:end]) + "\n"
        at = end


def is_signed_by(note: str, verifier_key: str) -> bool:
    """Whether a note has a valid signature of this key, and none of it that is invalid."""
    name, key_id, public_key = parse_verifier_key(verifier_key)
    text, _, _, _, signatures = parse_checkpoint(note.encode())
    ours = [data[4:] for signer, data in signatures if signer == name and data[:4] == key_id]
    return bool(ours) and all(_verify(public_key, text.encode(), data) for data in ours)


def cosigned_at(text: str, line: str, witness_key: str) -> int | None:
    """Unix time of a witness's cosignature over a checkpoint's text; None if it is invalid.

    Raises `Invalid` if the line or the key cannot be read.
    """
    name, key_id, public_key = parse_verifier_key(witness_key, _COSIGNATURE)
    *_, signatures = parse_checkpoint(f"{text}\n{line}\n".encode())
    for signer, data in signatures:
        if signer != name or data[:4] != key_id or len(data) != 4 + 8 + 64:
            continue
        seconds = int.from_bytes(data[4:12], "big")
        message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
        if _verify(public_key, message, data[12:]):
            return seconds
    return None


def make_key() -> bytes:
    """A new private key, as PEM (PKCS#8)."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError:
        raise UsageError("signing needs the package cryptography", hint=_MISSING) from None
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def read_key(pem: bytes, name: str, *, place: str) -> Signer:
    """The signer of a PEM text. Raises `ConfigError`, which never shows the text."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError:
        raise UsageError("signing needs the package cryptography", hint=_MISSING) from None
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise ConfigError(place, ["not a private key in PEM without a password"]) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(place, ["not an Ed25519 key"])
    return Signer(name, key)


def _verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Verify with `cryptography`, which is fast, or with our own implementation."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return is_signature(public_key, message, signature)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
