"""Witnesses that cosign checkpoints (C2SP tlog-witness): requests and responses as bytes."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from etl.proof.check import Invalid, parse_verifier_key
from etl.proof.checkpoint import cosigned_at, read_note

_COSIGNATURE_KEY = 4


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
    parse_verifier_key(key, _COSIGNATURE_KEY)
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
    text = read_note(note).text
    try:
        lines = body.decode().split("\n")
    except UnicodeDecodeError:
        raise Invalid("the witness's response is not UTF-8") from None
    valid = [line for line in lines if line and cosigned_at(text, line, witness.key) is not None]
    if not valid:
        raise Invalid("the witness's response contains no valid cosignature")
    return valid
