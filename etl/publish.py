"""Publication of the log's state after a commit: sign, store, hand out, timestamp, cosign.

Nothing here fails a run. What could not be obtained within `proof.timeout_seconds` is requested
again by the next run.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections import defaultdict
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
from etl.config.rules import is_pem
from etl.database.engine import translated_errors, writing
from etl.errors import ConfigError, DatabaseUnavailable, ImageSyncError
from etl.load.log import (
    MAX_RETRIED,
    StoredCheckpoint,
    read_checkpoints,
    read_state,
    read_tree,
    write_checkpoint,
    write_cosignatures,
    write_timestamp,
)
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
Missing = tuple[str, str]
"""The key of `[proof]` that requests something from a third party, and what or whom it names."""
Failures = dict[str, list[str]]
"""Key of `[proof]` → why what it stands for could not be done."""

_log = logging.getLogger(__name__)
_ANSWERS: Final = frozenset({200, 400, 403, 404, 409, 422})
_TAIL_BYTES: Final = 16_384
_SIZE: Final = rb"(?m)^%b\n(0|[1-9][0-9]*)\n[A-Za-z0-9+/]{43}=\n\n"  # of a log's checkpoint


def publish_checkpoint(
    engine: Engine, proof: ProofSettings, *, http: HttpSettings, now: datetime | None = None
) -> str | None:
    """Publish the state of the log; returns its checkpoint, or None if none could be stored.

    Call it outside any transaction. It never fails what has been committed: a database that cannot
    be written is a warning, and all other failures together are one, with a field for each key of
    `[proof]` that is concerned.
    """
    try:
        with translated_errors(engine):
            return _publish(engine, proof, http, now or utc_now())
    except DatabaseUnavailable as error:
        _log.warning("checkpoint not stored", extra={"cause": str(error)})
        return None


def _publish(engine: Engine, proof: ProofSettings, http: HttpSettings, now: datetime) -> str | None:
    failures: Failures = defaultdict(list)
    with engine.connect() as connection:
        with writing(connection):
            state = read_state(connection)
            if state is None:
                return None
            origin = proof.origin or state.origin
            signer = _signer(proof, origin, failures)
            note = make_note(origin, state.size, state.frontier.root(), signer)
            write_checkpoint(connection, state, note, created_at=now)
            stored = read_checkpoints(connection, limit=MAX_RETRIED)
        if proof.checkpoint_file:
            _append_to_file(connection, Path(proof.checkpoint_file), stored[-1].note, failures)
        _ask(connection, proof, http, stored, failures)
    if failures:
        causes = {key: "; ".join(dict.fromkeys(each)) for key, each in failures.items()}
        _log.warning("proof incomplete", extra=causes)
    return stored[-1].note


def signer_of(proof: ProofSettings, origin: str) -> Signer | None:
    """The signer of the configured key. Raises `ConfigError`."""
    if not proof.signing_key:
        return None
    location = "proof.signing_key"
    if is_pem(proof.signing_key):
        return read_key(proof.signing_key.encode(), origin, location=location)
    try:
        return read_key(Path(proof.signing_key).read_bytes(), origin, location=location)
    except OSError as error:
        raise ConfigError(location, [f"cannot read the file: {error.strerror}"]) from None


def _signer(proof: ProofSettings, origin: str, failures: Failures) -> Signer | None:
    try:
        return signer_of(proof, origin)
    except ImageSyncError as error:
        failures["signing_key"].append(str(error))
        return None


def _append_to_file(connection: Connection, path: Path, note: str, failures: Failures) -> None:
    """Append the stored checkpoints that are larger than the last one of this log in the file."""
    origin = re.escape(note.partition("\n")[0].encode())
    try:
        with path.open("a+b") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
            sizes = re.findall(_SIZE % origin, file.read())
            with connection.begin():
                missing = read_checkpoints(connection, after=int(sizes[-1]) if sizes else 0)
            file.write("".join(each.note for each in missing).encode())
    except OSError as error:
        failures["checkpoint_file"].append(str(error))


def _ask(
    connection: Connection,
    proof: ProofSettings,
    http: HttpSettings,
    stored: list[StoredCheckpoint],
    failures: Failures,
) -> None:
    """Request what the latest checkpoints lack, in daemon threads, until the time is over."""
    post = partial(_post, proof=proof, http=http)
    missing = {
        **_timestamp_requests(proof, stored, post),
        **_witness_requests(connection, proof, stored, post),
    }
    results: SimpleQueue[tuple[Missing, Store | Exception]] = SimpleQueue()
    for what, send in missing.items():
        Thread(target=_run, args=(what, send, results), daemon=True).start()
    deadline = time.monotonic() + proof.timeout_seconds
    while missing:
        try:
            what, result = results.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            break
        del missing[what]
        if isinstance(result, Exception):
            failures[what[0]].append(f"{what[1]}: {result}")
        else:
            result(connection)
    for key, name in missing:
        failures[key].append(f"{name}: no answer in time")


def _run(
    what: Missing, send: Send, results: SimpleQueue[tuple[Missing, Store | Exception]]
) -> None:
    try:
        results.put((what, send()))
    except Exception as error:  # reported by the thread that waits
        results.put((what, error))


def _timestamp_requests(
    proof: ProofSettings, stored: list[StoredCheckpoint], post: Post
) -> dict[Missing, Send]:
    return {
        ("timestamp_url", f"{each.size} entries"): partial(
            _timestamp, proof.timestamp_url, each, post
        )
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
) -> dict[Missing, Send]:
    """Cosignatures of the latest checkpoint; it covers the earlier ones."""
    latest = stored[-1]
    configured = map(witnesses.parse_witness, proof.witnesses)
    lacking = [each for each in configured if not _has_cosigned(each, latest)]
    if not lacking:
        return {}
    with connection.begin():
        tree = read_tree(connection, latest.size)
    return {
        ("witnesses", each.name): partial(
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
