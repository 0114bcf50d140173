"""RFC 3161 timestamps of checkpoints, as bytes: requests, responses and their verification."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from etl.errors import ConfigError, UsageError
from etl.proof.check import Invalid

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

REQUEST_TYPE: Final = "application/timestamp-query"


def make_request(note: str) -> tuple[bytes, int]:
    """Request for a timestamp over the SHA-256 of a checkpoint, and its nonce."""
    try:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
    except ImportError:
        raise UsageError(
            "timestamps need the package rfc3161-client",
            hint="install the extra `proof`: pip install 'modelarts-image-sync[proof]'",
        ) from None
    request = (
        TimestampRequestBuilder()
        .data(note.encode())
        .hash_algorithm(HashAlgorithm.SHA256)
        .nonce(nonce=True)
        .build()
    )
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


def read_certificates(pem: bytes, *, place: str) -> list[Certificate]:
    """Certificates of a PEM text. Raises `ConfigError`."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise ConfigError(place, ["not certificates in PEM"]) from None


def require_timestamp(response: bytes, note: str, authorities: Sequence[Certificate]) -> datetime:
    """Require a valid timestamp of a checkpoint; returns its time. Raises `Invalid`."""
    from rfc3161_client import VerificationError, VerifierBuilder

    parsed = _parse(response)
    builder = VerifierBuilder()
    for each in authorities:
        builder = builder.add_root_certificate(each)
    try:
        builder.build().verify_message(parsed, note.encode())
    except (VerificationError, ValueError) as error:
        raise Invalid(f"the timestamp is invalid: {error}") from None
    return parsed.tst_info.gen_time


def _parse(response: bytes) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response

    try:
        return decode_timestamp_response(response)
    except ValueError:
        raise Invalid("not an RFC 3161 response") from None
