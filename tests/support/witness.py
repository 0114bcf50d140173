"""A witness that follows C2SP tlog-witness, and a time-stamping authority, both on loopback."""

from __future__ import annotations

import subprocess
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from etl.proof.check import Invalid, check_signature, node_hash, parse_checkpoint
from etl.proof.merkle import EMPTY_ROOT

Answer = tuple[int, str, bytes]
TIME = 1_790_000_000


@dataclass
class Witness:
    """Cosigns checkpoints of the logs whose keys it knows, and never forgets what it has seen."""

    log_keys: list[str]
    name: str = "witness.example"
    seen: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    requests: int = 0
    private_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def verifier_key(self) -> str:
        public = b"\x04" + self.private_key.public_key().public_bytes_raw()
        return f"{self.name}+{self._key_id.hex()}+{b64encode(public).decode()}"

    @property
    def _key_id(self) -> bytes:
        public = b"\x04" + self.private_key.public_key().public_bytes_raw()
        return sha256(self.name.encode() + b"\n" + public).digest()[:4]

    def answer(self, path: str, body: bytes) -> Answer:
        """Response to a request, in the order that the specification checks."""
        self.requests += 1
        if path != "/add-checkpoint":
            return 404, "text/plain", b""
        head, _, note = body.decode().partition("\n\n")
        old_line, *proof_lines = head.split("\n")
        old = int(old_line.removeprefix("old "))
        assert f"old {old}" == old_line
        assert len(proof_lines) <= 63
        checkpoint = parse_checkpoint(note.encode())
        keys = [key for key in self.log_keys if key.startswith(f"{checkpoint.origin}+")]
        if not keys:
            return 404, "text/plain", b"unknown log"
        if not any(_is_signed(note, key) for key in keys):
            return 403, "text/plain", b"invalid signature"
        if old > checkpoint.size:
            return 400, "text/plain", b"old is larger than the checkpoint"
        size, root = self.seen.get(checkpoint.origin, (0, EMPTY_ROOT))
        if old != size:
            return 409, "text/x.tlog.size", b"%d\n" % size
        proof = [b64decode(each, validate=True) for each in proof_lines]
        if not is_consistent(size, root, checkpoint.size, checkpoint.root, proof):
            return 422, "text/plain", b"inconsistent"
        self.seen[checkpoint.origin] = checkpoint.size, checkpoint.root
        return 200, "text/plain", self._cosignature(checkpoint.text).encode()

    def _cosignature(self, text: str) -> str:
        signature = self.private_key.sign(f"cosignature/v1\ntime {TIME}\n{text}".encode())
        data = self._key_id + TIME.to_bytes(8, "big") + signature
        return f"— {self.name} {b64encode(data).decode()}\n"


def _is_signed(note: str, verifier_key: str) -> bool:
    try:
        check_signature(note.encode(), verifier_key)
    except Invalid:
        return False
    return True


def is_consistent(
    old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the proof shows that the old tree is a prefix of the new one.

    Algorithm of RFC 9162, section 2.1.4.2.
    """
    if not 0 <= old <= size:
        return False
    if old == size:
        return old_root == root and not proof
    if old == 0:
        return old_root == EMPTY_ROOT and not proof
    hashes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not hashes:
        return False
    number, last = old - 1, size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    computed_old = computed = hashes[0]
    for node in hashes[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            computed_old, computed = node_hash(node, computed_old), node_hash(node, computed)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            computed = node_hash(computed, node)
        number, last = number >> 1, last >> 1
    return last == 0 and computed_old == old_root and computed == root


@dataclass
class Authority:
    """A time-stamping authority: `openssl ts` with a certificate of its own."""

    folder: Path
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        (self.folder / "openssl.cnf").write_text(_CONFIGURATION.format(folder=self.folder))
        (self.folder / "serial").write_text("01\n")
        self._openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=CA"),
            *("-keyout", "ca.key", "-out", "ca.pem", "-config", "openssl.cnf", "-extensions", "ca"),
        )
        self._openssl(
            *("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=TSA", "-config", "openssl.cnf"),
            *("-keyout", "tsa.key", "-out", "tsa.csr"),
        )
        self._openssl(
            *("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "30"),
            *("-CAcreateserial", "-extfile", "openssl.cnf", "-extensions", "tsa"),
            *("-out", "tsa.pem"),
        )

    @property
    def certificates(self) -> bytes:
        return (self.folder / "ca.pem").read_bytes()

    def answer(self, _path: str, body: bytes) -> Answer:
        """An RFC 3161 response."""
        with self.lock:
            self.requests += 1
            (self.folder / "request.tsq").write_bytes(body)
            self._openssl(
                *("ts", "-reply", "-queryfile", "request.tsq", "-config", "openssl.cnf"),
                *("-section", "tsa_config", "-out", "response.tsr"),
            )
            return 200, "application/timestamp-reply", (self.folder / "response.tsr").read_bytes()

    def verifies(self, note: bytes, response: bytes) -> bool:
        """Whether OpenSSL accepts a response."""
        (self.folder / "note").write_bytes(note)
        (self.folder / "given.tsr").write_bytes(response)
        arguments = ["ts", "-verify", "-data", "note", "-in", "given.tsr", "-CAfile", "ca.pem"]
        return self._openssl(*arguments, check=False).returncode == 0

    def _openssl(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        command = ["openssl", *arguments]
        return subprocess.run(command, cwd=self.folder, check=check, capture_output=True)


@contextmanager
def served(answer: Callable[[str, bytes], Answer]) -> Iterator[str]:
    """URL of a server that answers every POST with the function."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, content_type, data = answer(self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with suppress(OSError):  # the client may have given up
                self.wfile.write(data)

        def log_message(self, *_arguments) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


_CONFIGURATION = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[tsa]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa_config]
dir = {folder}
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
