"""Checkpoints: the signed state of the log (C2SP tlog-checkpoint, signed-note), and its key."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

from etl.errors import ConfigError, UsageError
from etl.proof import check
from etl.proof.check import Invalid

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ED25519: Final = b"\x01"


@dataclass(frozen=True, slots=True)
class Signer:
    """An Ed25519 key under the name of a log."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def verifier_key(self) -> str:
        """`NAME+HEX_KEY_ID+BASE64`, for those who verify."""
        return f"{self.name}+{self._key_id.hex()}+{_base64(self._public_key)}"

    def sign(self, text: str) -> str:
        """Signature line over a checkpoint's text."""
        signature = self.private_key.sign(text.encode())
        return f"— {self.name} {_base64(self._key_id + signature)}\n"

    @property
    def _key_id(self) -> bytes:
        return check.key_id(self.name, self._public_key)

    @property
    def _public_key(self) -> bytes:
        return _ED25519 + self.private_key.public_key().public_bytes_raw()


def make_note(origin: str, size: int, root: bytes, signer: Signer | None) -> str:
    """Checkpoint as a note, signed if there is a key."""
    text = f"{origin}\n{size}\n{_base64(root)}\n"
    return text + "\n" + (signer.sign(text) if signer else "")


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


def make_key() -> bytes:
    """A new private key, as PEM (PKCS#8)."""
    require_extra("cryptography.hazmat.primitives", "signing")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def read_key(pem: bytes, name: str, *, location: str) -> Signer:
    """The signer of a PEM text. Raises `ConfigError`, which never shows the text."""
    require_extra("cryptography.hazmat.primitives", "signing")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise ConfigError(location, ["not a private key in PEM without a password"]) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(location, ["not an Ed25519 key"])
    return Signer(name, key)


def is_signature(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature is valid: by `cryptography`, which is fast, or by `check`."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return check.is_signature(public_key, message, signature)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def require_extra(module: str, purpose: str) -> None:
    """Require a package of the extra `proof`. Raises `UsageError`."""
    try:
        import_module(module)
    except ImportError:
        raise UsageError(
            f"{purpose} needs the package {module.partition('.')[0].replace('_', '-')}",
            hint="install the extra `proof`: pip install 'modelarts-image-sync[proof]'",
        ) from None


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
