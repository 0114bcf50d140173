"""External witnesses of checkpoints, as bytes: RFC 3161 timestamps and C2SP cosignatures."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from etl.errors import ConfigError
from etl.proof.check import Invalid, parse_checkpoint, parse_verifier_key
from etl.proof.checkpoint import is_signature, require_extra

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

REQUEST_TYPE: Final = "application/timestamp-query"
COSIGNATURE_KEY: Final = 4  # type byte of a witness's key


def make_request(note: str) -> tuple[bytes, int]:
    """Request for a timestamp over the SHA-256 of a checkpoint, and its nonce."""
    require_extra("rfc3161_client", "timestamping")
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    builder = TimestampRequestBuilder().data(note.encode()).hash_algorithm(HashAlgorithm.SHA256)
    request = builder.nonce(nonce=True).build()
    assert request.nonce is not None  # noqa: S101  # it was asked for
    return request.as_bytes(), request.nonce


def require_answer(response: bytes, note: str, nonce: int) -> None:
    """Require that a response is granted and is about this request. Raises `Invalid`.

    Its certificate is verified later, by `verify`.
    """
    parsed = _parse(response)
    if parsed.status != 0:
        raise Invalid(f"the time-stamping authority refused: {parsed.status_string or 'no reason'}")
    if parsed.tst_info.nonce != nonce:
        raise Invalid("the timestamp is the answer to another request")
    if parsed.tst_info.message_imprint.message != sha256(note.encode()).digest():
        raise Invalid("the timestamp is of another checkpoint")


def read_certificates(pem: bytes, *, location: str) -> list[Certificate]:
    """Certificates of a PEM text. Raises `ConfigError`."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise ConfigError(location, ["not certificates in PEM"]) from None


def require_timestamp(response: bytes, note: str, authorities: Sequence[Certificate]) -> None:
    """Require a valid timestamp of a checkpoint. Raises `Invalid`."""
    from rfc3161_client import VerificationError, VerifierBuilder

    parsed = _parse(response)
    builder = VerifierBuilder()
    for each in authorities:
        builder = builder.add_root_certificate(each)
    try:
        builder.build().verify_message(parsed, note.encode())
    except (VerificationError, ValueError) as error:
        raise Invalid(f"the timestamp is invalid: {error}") from None


def _parse(response: bytes) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response

    try:
        return decode_timestamp_response(response)
    except ValueError:
        raise Invalid("not an RFC 3161 response") from None


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: its verifier key and the URL below which it answers."""

    key: str
    url: str

    @property
    def name(self) -> str:
        """Name of its key."""
        return self.key.partition("+")[0]


def parse_witness(text: str) -> Witness:
    """Parse an item of `proof.witnesses`: `VERIFIER_KEY URL`. Raises `Invalid`."""
    key, _, url = text.strip().partition(" ")
    parse_verifier_key(key, COSIGNATURE_KEY)
    if not re.match("https?://[^/ ]", url.strip()):
        raise Invalid("expected a verifier key and a URL, with a space between them")
    return Witness(key, url.strip().rstrip("/"))


def request_body(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """Body of `add-checkpoint`: the size that the witness knows, the proof, the checkpoint."""
    lines = [f"old {old}", *(b64encode(each).decode() for each in proof), ""]
    return ("\n".join(lines) + "\n" + note).encode()


def known_size(body: bytes) -> int:
    """Tree size of a 409 response. Raises `Invalid`."""
    match = re.fullmatch(rb"(0|[1-9][0-9]{0,18})\n", body)
    if not match:
        raise Invalid("the witness did not answer with a tree size")
    return int(match[1])


def cosignatures(body: bytes, note: str, witness: Witness) -> list[str]:
    """Valid cosignature lines of a 200 response. Raises `Invalid` if there is none."""
    text = parse_checkpoint(note.encode()).text
    try:
        lines = body.decode().split("\n")
    except UnicodeDecodeError:
        raise Invalid("the witness's response is not UTF-8") from None
    valid = [line for line in lines if line and is_cosigned(text, line, witness.key)]
    if not valid:
        raise Invalid("the witness's response contains no valid cosignature")
    return valid


def is_cosigned(text: str, line: str, witness_key: str) -> bool:
    """Whether a line is a witness's valid cosignature of a checkpoint's text.

    Raises `Invalid` if the line or the key cannot be read.
    """
    name, key_id, public_key = parse_verifier_key(witness_key, COSIGNATURE_KEY)
    signatures = parse_checkpoint(f"{text}\n{line}\n".encode()).signatures
    for signer, data in signatures:
        if signer != name or data[:4] != key_id or len(data) != 4 + 8 + 64:
            continue
        seconds = int.from_bytes(data[4:12], "big")
        message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
        if is_signature(public_key, message, data[12:]):
            return True
    return False
