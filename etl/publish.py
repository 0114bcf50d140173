"""Publication of the log's state after a commit: sign, store, hand out, timestamp, cosign.

Nothing here fails a run. What could not be obtained within `proof.timeout_seconds` is requested
again by the next run.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from etl.clock import utc_now
from etl.config import HttpSettings, ProofSettings
from etl.errors import ConfigError, ImageSyncError
from etl.extract.auth import no_authentication
from etl.extract.exchange import Response
from etl.extract.hosts import Hosts
from etl.extract.http import Client, Endpoint
from etl.load.checkpoints import (
    MAX_RETRIED,
    StoredCheckpoint,
    read_checkpoints,
    read_tree,
    write_checkpoint,
    write_cosignatures,
    write_timestamp,
)
from etl.load.log_entries import read_state
from etl.proof import timestamp, witness
from etl.proof.check import Invalid
from etl.proof.checkpoint import Signer, make_note, read_key, split_notes
from etl.proof.merkle import Tree

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

Post = Callable[[str, bytes, str], "Response"]
"""Sends a body of a content type to a URL. Raises `SourceError`."""

_log = logging.getLogger(__name__)
_ANSWERS: Final = frozenset({200, 400, 403, 404, 409, 422})
_TAIL_BYTES: Final = 16_384


def publish_checkpoint(
    engine: Engine, proof: ProofSettings, *, http: HttpSettings, now: datetime | None = None
) -> str | None:
    """Publish the state of the log; returns its checkpoint, or None if the log is empty.

    Call it outside any transaction. Raises `DatabaseUnavailable` only.
    """
    with engine.connect() as connection:
        with connection.begin():
            state = read_state(connection)
        if state is None:
            return None
        origin = proof.origin or state.origin
        signer = _signer(proof, origin)
        note = make_note(origin, state.size, state.frontier.root(), signer)
        write_checkpoint(
            connection, state, note, is_signed=signer is not None, created_at=now or utc_now()
        )
        with connection.begin():
            stored = read_checkpoints(connection, limit=MAX_RETRIED)
        if proof.checkpoint_file:
            _append_to_file(Path(proof.checkpoint_file), stored)
        _ask(connection, proof, http, stored)
        return stored[-1].note


def signer_of(proof: ProofSettings, origin: str) -> Signer | None:
    """The signer of the configured key. Raises `ConfigError`."""
    if not proof.signing_key:
        return None
    place = "proof.signing_key"
    if proof.signing_key.lstrip().startswith("-----BEGIN"):
        return read_key(proof.signing_key.encode(), origin, place=place)
    try:
        return read_key(Path(proof.signing_key).read_bytes(), origin, place=place)
    except OSError as error:
        raise ConfigError(place, [f"cannot read the file: {error.strerror}"]) from None


def _signer(proof: ProofSettings, origin: str) -> Signer | None:
    try:
        return signer_of(proof, origin)
    except ImageSyncError as error:
        _log.warning("checkpoint not signed", extra={"cause": str(error)})
        return None


def _append_to_file(path: Path, stored: list[StoredCheckpoint]) -> None:
    """Append the checkpoints that are larger than the last one in the file."""
    try:
        last = _last_size(path)
        text = "".join(each.note for each in stored if each.size > last)
        if last < 0:
            text = stored[-1].note
        with path.open("ab") as file:
            file.write(text.encode())
    except (OSError, Invalid) as error:
        _log.warning("checkpoint file not written", extra={"path": str(path), "cause": str(error)})


def _last_size(path: Path) -> int:
    """Size of the last checkpoint in the file; -1 if there is none."""
    if not path.exists():
        return -1
    with path.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
        tail = file.read().decode(errors="replace")
    sizes = [int(line) for line in _size_lines(tail)]
    return sizes[-1] if sizes else -1


def _size_lines(tail: str) -> list[str]:
    """Size lines of the notes in a text that may begin in the middle of one."""
    for start in range(len(lines := tail.splitlines(keepends=True))):
        try:
            return [note.split("\n")[1] for note in split_notes("".join(lines[start:]))]
        except Invalid:
            continue
    return []


@dataclass(frozen=True, slots=True)
class _Task:
    """One request to a third party, and what stores its result."""

    what: str
    call: Callable[[], object]
    store: Callable[[Connection, object], None]


def _ask(
    connection: Connection,
    proof: ProofSettings,
    http: HttpSettings,
    stored: list[StoredCheckpoint],
) -> None:
    """Request what the latest checkpoints lack, in daemon threads, until the time is over."""
    post = partial(_post, proof=proof, http=http)
    tasks = [
        *_timestamp_tasks(proof, stored, post),
        *_witness_tasks(connection, proof, stored, post),
    ]
    results: SimpleQueue[tuple[_Task, object]] = SimpleQueue()
    for task in tasks:
        Thread(target=_run, args=(task, results), daemon=True).start()
    deadline = time.monotonic() + proof.timeout_seconds
    for _ in tasks:
        try:
            task, result = results.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            _log.warning("proof incomplete", extra={"cause": "no answer in time"})
            return
        if isinstance(result, Exception):
            _log.warning("proof incomplete", extra={"missing": task.what, "cause": str(result)})
        else:
            task.store(connection, result)


def _run(task: _Task, results: SimpleQueue[tuple[_Task, object]]) -> None:
    try:
        results.put((task, task.call()))
    except Exception as error:  # reported by the thread that waits
        results.put((task, error))


def _timestamp_tasks(
    proof: ProofSettings, stored: list[StoredCheckpoint], post: Post
) -> list[_Task]:
    if not proof.timestamp_url:
        return []
    return [
        _Task(
            f"timestamp of {each.size} entries",
            partial(_timestamp, proof.timestamp_url, each.note, post),
            partial(_store_timestamp, each.size),
        )
        for each in stored
        if each.timestamp is None
    ]


def _timestamp(url: str, note: str, post: Post) -> bytes:
    request, nonce = timestamp.make_request(note)
    response = post(url, request, timestamp.REQUEST_TYPE)
    if response.status != 200:
        raise Invalid(f"the time-stamping authority answered {response.status}")
    timestamp.require_answer(response.body, note, nonce)
    return response.body


def _store_timestamp(size: int, connection: Connection, response: object) -> None:
    assert isinstance(response, bytes)  # noqa: S101  # what `_timestamp` returns
    write_timestamp(connection, size, response)


def _witness_tasks(
    connection: Connection, proof: ProofSettings, stored: list[StoredCheckpoint], post: Post
) -> list[_Task]:
    """Cosignatures of the latest checkpoint; it covers the earlier ones."""
    latest = stored[-1]
    lacking = []
    for text in proof.witnesses:
        try:
            each = witness.parse_witness(text)
        except Invalid as error:
            _log.warning("proof incomplete", extra={"missing": text, "cause": str(error)})
            continue
        if not _has_cosigned(each, latest):
            lacking.append(each)
    if not lacking:
        return []
    with connection.begin():
        tree = read_tree(connection, latest.size)
    return [
        _Task(
            f"cosignature of {each.name}",
            partial(_cosign, each, _known_size(each, stored), latest, tree, post),
            partial(_store_cosignatures, latest.size),
        )
        for each in lacking
    ]


def _has_cosigned(each: witness.Witness, checkpoint: StoredCheckpoint) -> bool:
    return any(line.startswith(f"— {each.name} ") for line in checkpoint.cosignatures)


def _known_size(each: witness.Witness, stored: list[StoredCheckpoint]) -> int:
    """Size that the witness has cosigned last, as far as we remember."""
    return max((known.size for known in stored if _has_cosigned(each, known)), default=0)


def _cosign(
    each: witness.Witness, old: int, checkpoint: StoredCheckpoint, tree: Tree, post: Post
) -> list[str]:
    """Cosignature lines of a witness. Raises `Invalid` with the reason if it gives none."""
    for _ in range(2):
        proof = tree.consistency_proof(old, checkpoint.size)
        body = witness.request_body(old, proof, checkpoint.note)
        response = post(f"{each.url}/add-checkpoint", body, "text/plain")
        if response.status == 200:
            return witness.cosignatures(response.body, checkpoint.note, each)
        if response.status != 409:
            break
        old = witness.known_size(response.body)
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


def _store_cosignatures(size: int, connection: Connection, lines: object) -> None:
    assert isinstance(lines, list)  # noqa: S101  # what `_cosign` returns
    write_cosignatures(connection, size, lines)


def _post(
    url: str, body: bytes, content_type: str, *, proof: ProofSettings, http: HttpSettings
) -> Response:
    """Send one POST; the statuses that the protocols define are answers. Raises `SourceError`."""
    parts = urlsplit(url)
    hosts = Hosts()
    client = Client(
        Endpoint(parts._replace(query="").geturl(), "[proof]"),
        auth=no_authentication("the service requires credentials, which are not supported"),
        http=replace(http, timeout_seconds=proof.timeout_seconds, max_retries=0),
        clock=utc_now,
        hosts=hosts,
    )
    headers = {"Content-Type": content_type, "Accept": "*/*"}
    request = client.request(
        "POST", "", query=parts.query, headers=headers, body=body, accepted=_ANSWERS
    )
    try:
        return client.send(replace(request, is_json=False))
    finally:
        client.close()
        hosts.close()
