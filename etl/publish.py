"""Publication of the log's state after a commit: sign, store, hand out, timestamp, cosign.

Nothing here fails a run. What could not be obtained within `proof.timeout_seconds` is requested
again by the next run.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from etl.clock import utc_now
from etl.config import HttpSettings, ProofSettings
from etl.database.engine import writing
from etl.errors import ConfigError, ImageSyncError
from etl.load.log.checkpoints import (
    MAX_RETRIED,
    StoredCheckpoint,
    read_checkpoints,
    read_tree,
    write_checkpoint,
    write_cosignatures,
    write_timestamp,
)
from etl.load.log.entries import read_state
from etl.proof import witnesses
from etl.proof.check import Invalid
from etl.proof.checkpoint import Signer, make_note, read_key
from etl.proof.merkle import Tree
from etl.proof.witnesses import Witness

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from etl.client.messages import Response

Post = Callable[[str, bytes, str], "Response"]
"""Sends a body of a content type to a URL. Raises `SourceError`."""
Store = Callable[["Connection"], None]
"""Stores what a third party has answered."""
Send = Callable[[], Store]
"""Sends one request to a third party. Raises `Invalid` or `ImageSyncError`."""

_log = logging.getLogger(__name__)
_ANSWERS: Final = frozenset({200, 400, 403, 404, 409, 422})
_TAIL_BYTES: Final = 16_384
_SIZE: Final = re.compile(rb"(?m)^(0|[1-9][0-9]*)\n[A-Za-z0-9+/]{43}=\n\n")  # of a checkpoint


def publish_checkpoint(
    engine: Engine, proof: ProofSettings, *, http: HttpSettings, now: datetime | None = None
) -> str | None:
    """Publish the state of the log; returns its checkpoint, or None if the log is empty.

    Call it outside any transaction. Raises `DatabaseUnavailable` only.
    """
    with engine.connect() as connection:
        with writing(connection):
            state = read_state(connection)
            if state is None:
                return None
            origin = proof.origin or state.origin
            note = make_note(origin, state.size, state.frontier.root(), _signer(proof, origin))
            write_checkpoint(connection, state, note, created_at=now or utc_now())
            stored = read_checkpoints(connection, limit=MAX_RETRIED)
        if proof.checkpoint_file:
            _append_to_file(Path(proof.checkpoint_file), stored)
        _ask(connection, proof, http, stored)
        return stored[-1].note


def signer_of(proof: ProofSettings, origin: str) -> Signer | None:
    """The signer of the configured key. Raises `ConfigError`."""
    if not proof.signing_key:
        return None
    location = "proof.signing_key"
    if proof.signing_key.lstrip().startswith("-----BEGIN"):
        return read_key(proof.signing_key.encode(), origin, location=location)
    try:
        return read_key(Path(proof.signing_key).read_bytes(), origin, location=location)
    except OSError as error:
        raise ConfigError(location, [f"cannot read the file: {error.strerror}"]) from None


def _signer(proof: ProofSettings, origin: str) -> Signer | None:
    try:
        return signer_of(proof, origin)
    except ImageSyncError as error:
        _log.warning("checkpoint not signed", extra={"cause": str(error)})
        return None


def _append_to_file(path: Path, stored: list[StoredCheckpoint]) -> None:
    """Append the checkpoints that are larger than the last one in the file."""
    try:
        with path.open("a+b") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
            sizes = _SIZE.findall(file.read())
            last = int(sizes[-1]) if sizes else stored[-1].size - 1
            file.write("".join(each.note for each in stored if each.size > last).encode())
    except OSError as error:
        _log.warning("checkpoint file not written", extra={"path": str(path), "cause": str(error)})


def _ask(
    connection: Connection,
    proof: ProofSettings,
    http: HttpSettings,
    stored: list[StoredCheckpoint],
) -> None:
    """Request what the latest checkpoints lack, in daemon threads, until the time is over."""
    post = partial(_post, proof=proof, http=http)
    requests = {
        **_timestamp_requests(proof, stored, post),
        **_witness_requests(connection, proof, stored, post),
    }
    results: SimpleQueue[tuple[str, Store | Exception]] = SimpleQueue()
    for what, send in requests.items():
        Thread(target=_run, args=(what, send, results), daemon=True).start()
    deadline = time.monotonic() + proof.timeout_seconds
    for _ in requests:
        try:
            what, result = results.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            _log.warning("proof incomplete", extra={"cause": "no answer in time"})
            return
        if isinstance(result, Exception):
            _log.warning("proof incomplete", extra={"missing": what, "cause": str(result)})
        else:
            result(connection)


def _run(what: str, send: Send, results: SimpleQueue[tuple[str, Store | Exception]]) -> None:
    try:
        results.put((what, send()))
    except Exception as error:  # reported by the thread that waits
        results.put((what, error))


def _timestamp_requests(
    proof: ProofSettings, stored: list[StoredCheckpoint], post: Post
) -> dict[str, Send]:
    return {
        f"timestamp of {each.size} entries": partial(_timestamp, proof.timestamp_url, each, post)
        for each in stored
        if proof.timestamp_url and each.timestamp is None
    }


def _timestamp(url: str, checkpoint: StoredCheckpoint, post: Post) -> Store:
    """Obtain a timestamp. Raises `Invalid` with the reason if there is none."""
    request, nonce = witnesses.make_request(checkpoint.note)
    response = post(url, request, witnesses.REQUEST_TYPE)
    if response.status != 200:
        raise Invalid(f"the time-stamping authority answered {response.status}")
    witnesses.require_answer(response.body, checkpoint.note, nonce)
    return partial(write_timestamp, size=checkpoint.size, response=response.body)


def _witness_requests(
    connection: Connection, proof: ProofSettings, stored: list[StoredCheckpoint], post: Post
) -> dict[str, Send]:
    """Cosignatures of the latest checkpoint; it covers the earlier ones."""
    latest = stored[-1]
    lacking = []
    for text in proof.witnesses:
        try:
            witness = witnesses.parse_witness(text)
        except Invalid as error:
            _log.warning("proof incomplete", extra={"missing": text, "cause": str(error)})
            continue
        if not _has_cosigned(witness, latest):
            lacking.append(witness)
    if not lacking:
        return {}
    with connection.begin():
        tree = read_tree(connection, latest.size)
    return {
        f"cosignature of {each.name}": partial(
            _cosign, each, _known_size(each, stored), latest, tree, post
        )
        for each in lacking
    }


def _has_cosigned(witness: Witness, checkpoint: StoredCheckpoint) -> bool:
    return any(line.startswith(f"— {witness.name} ") for line in checkpoint.cosignatures)


def _known_size(witness: Witness, stored: list[StoredCheckpoint]) -> int:
    """Size that the witness has cosigned last, as far as we remember."""
    return max((known.size for known in stored if _has_cosigned(witness, known)), default=0)


def _cosign(
    witness: Witness, old: int, checkpoint: StoredCheckpoint, tree: Tree, post: Post
) -> Store:
    """Obtain a witness's cosignatures. Raises `Invalid` with the reason if it gives none."""
    for _ in range(2):
        proof = tree.consistency_proof(old, checkpoint.size)
        body = witnesses.request_body(old, proof, checkpoint.note)
        response = post(f"{witness.url}/add-checkpoint", body, "text/plain")
        if response.status == 200:
            lines = witnesses.cosignatures(response.body, checkpoint.note, witness)
            return partial(write_cosignatures, size=checkpoint.size, lines=lines)
        if response.status != 409:
            break
        old = witnesses.known_size(response.body)
        if old > checkpoint.size:
            raise Invalid(
                f"the witness knows {old} entries, the log has {checkpoint.size}: it was cut off,"
                " or restored from a backup"
            )
    reasons = {
        403: "it does not accept the signature",
        404: "it does not know the log",
        409: "another checkpoint was cosigned meanwhile",
        422: "the log is not consistent with what it has cosigned before",
    }
    raise Invalid(reasons.get(response.status, f"it answered {response.status}"))


def _post(
    url: str, body: bytes, content_type: str, *, proof: ProofSettings, http: HttpSettings
) -> Response:
    """Send one POST; the statuses that the protocols define are answers. Raises `SourceError`."""
    # Imported here, because `verify` and `evidence` need the signing key but no network.
    from etl.client.auth import Authenticator
    from etl.client.hosts import Hosts
    from etl.client.http_client import Client, Endpoint
    from etl.client.messages import Request

    parts = urlsplit(url)
    hosts = Hosts()
    client = Client(
        Endpoint(parts._replace(query="").geturl(), "[proof]"),
        auth=Authenticator("the service requires credentials, which are not supported"),
        http=replace(http, timeout_seconds=proof.timeout_seconds, max_retries=0),
        clock=utc_now,
        hosts=hosts,
    )
    request = Request(
        "POST",
        query=parts.query,
        headers={"Content-Type": content_type, "Accept": "*/*"},
        body=body,
        accepted=_ANSWERS,
        is_json=False,
    )
    try:
        return client.send(request)
    finally:
        client.close()
        hosts.close()
