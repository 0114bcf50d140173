"""Publication of checkpoints: signature, file, timestamp, cosignatures; none fails a run."""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from dataclasses import replace

import pytest
from sqlalchemy import text

from etl.audit.verify import Keys
from etl.cli.main import run
from etl.config import HttpSettings, ProofSettings
from etl.database.engine import open_engine
from etl.errors import ConfigError
from etl.load.log import read_checkpoints
from etl.proof.check import check_signature
from etl.proof.checkpoint import make_key, read_key, split_notes
from etl.publish import publish_checkpoint, signer_of
from tests.support.databases import opened
from tests.support.evidence import evidence_of
from tests.support.history import History, record
from tests.support.verified import verified
from tests.support.witness import Authority, Witness, served

ORIGIN = "example.org/log"
PEM = make_key()
KEY = read_key(PEM, ORIGIN, location="test").verifier_key


def _one_run(engine):
    History(engine).run([record("a")])


@pytest.fixture
def history(backend, databases):
    with databases.recorded(backend, _one_run) as url, opened(url) as engine:
        yield History.resumed(engine)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def proof(**more):
    return ProofSettings(**{"origin": ORIGIN, "signing_key": PEM.decode(), **more})


def published(history, settings):
    return publish_checkpoint(history.engine, settings, http=HttpSettings(), now=history.at)


def stored(history):
    with history.engine.connect() as connection, connection.begin():
        return read_checkpoints(connection)


def test_a_checkpoint_is_signed_and_stored_once(history):
    note = published(history, proof())
    check_signature(note.encode(), KEY)
    assert published(history, proof()) == note
    history.run([record("a")])
    assert note != published(history, proof())
    assert [each.size for each in stored(history)] == [1, 2]
    keys = Keys(verifiers=(KEY,), is_complete=True, origin=ORIGIN)
    result = verified(history.engine, [note], keys)
    assert result.is_consistent
    assert (result.checkpoints.stored, result.checkpoints.signed) == (2, 2)


def test_an_empty_log_has_no_checkpoint(database_url):
    engine = open_engine(database_url)
    assert publish_checkpoint(engine, ProofSettings(), http=HttpSettings()) is None
    engine.dispose()


def test_a_checkpoint_that_cannot_be_stored_fails_nothing(history, caplog):
    with history.engine.begin() as connection:
        connection.execute(text("drop table checkpoints"))
    assert published(history, proof()) is None
    (warning,) = caplog.records
    # `-q` prints the warnings of this logger: otherwise nobody would notice it.
    assert (warning.name, warning.getMessage()) == ("etl.publish", "checkpoint not stored")
    assert "checkpoints" in warning.cause


def test_without_a_key_it_is_unsigned(history):
    note = published(history, ProofSettings())
    assert note.startswith("image-sync/")
    assert note.endswith("\n\n")
    assert published(history, proof()) == note


def test_a_key_that_cannot_be_read_is_a_warning(history, tmp_path, caplog):
    missing = proof(signing_key=str(tmp_path / "missing.pem"))
    assert published(history, missing).endswith("\n\n")
    (warning,) = caplog.records
    assert (warning.getMessage(), warning.signing_key[:18]) == (
        "proof incomplete",
        "proof.signing_key:",
    )
    with pytest.raises(ConfigError, match="cannot read the file"):
        signer_of(missing, ORIGIN)
    (tmp_path / "key.pem").write_bytes(PEM)
    signer = signer_of(proof(signing_key=str(tmp_path / "key.pem")), ORIGIN)
    assert signer.verifier_key == KEY


def test_every_checkpoint_is_appended_to_the_file(history, tmp_path, caplog):
    path = tmp_path / "checkpoints.txt"
    settings = proof(checkpoint_file=str(path))
    notes = [published(history, settings)]
    assert published(history, settings) == notes[0]
    path.chmod(0o400)
    history.run([record("a")])
    path.rename(tmp_path / "away")
    path.mkdir()
    notes.append(published(history, settings))
    assert "Is a directory" in caplog.records[-1].checkpoint_file
    for _ in range(6):  # more than a run requests timestamps for
        history.run([record("a")])
        notes.append(published(history, proof()))
    path.rmdir()
    (tmp_path / "away").rename(path)
    path.chmod(0o600)
    history.run([record("a")])
    notes.append(published(history, settings))
    assert [*split_notes(path.read_text())] == notes
    assert verified(history.engine, [*split_notes(path.read_text())]).is_consistent
    path.write_text("not a checkpoint\n")
    history.run([record("a")])
    notes.append(published(history, settings))
    assert path.read_text() == "not a checkpoint\n" + "".join(notes)
    path.unlink()
    published(history, settings)
    assert path.read_text() == "".join(notes)
    path.write_text("".join(notes[:2]) + notes[-1].replace(ORIGIN, "another.example/log"))
    before = path.read_text()
    published(history, settings)
    assert path.read_text() == before + "".join(notes[2:])


def test_a_timestamp_is_obtained_and_verified_by_openssl_and_by_verify(
    history, authority, tmp_path
):
    with served(authority.answer) as url:
        note = published(history, proof(timestamp_url=url))
        requests = authority.requests
        published(history, proof(timestamp_url=url))
        assert authority.requests == requests
    checkpoint = stored(history)[-1]
    assert authority.verifies(note.encode(), checkpoint.timestamp)
    keys = Keys(authorities=authority.certificates, origin=ORIGIN)
    result = verified(history.engine, keys=keys)
    assert result.is_consistent
    assert (result.checkpoints.timestamps, result.checkpoints.timestamps_unchecked) == (1, 0)
    assert verified(history.engine).checkpoints.timestamps_unchecked == 1
    files = evidence_of(history.engine, "a", None) | {"CA.pem": authority.certificates}
    for name in ("checkpoint.txt", "checkpoint.tsr", "CA.pem"):
        (tmp_path / name).write_bytes(files[name])
    (command,) = re.findall("openssl ts .*", files["README.txt"].decode())
    subprocess.run(shlex.split(command), cwd=tmp_path, check=True, capture_output=True)
    with history.engine.begin() as connection:
        token = connection.scalar(text("select timestamp_token from checkpoints"))
        broken = token[:-40] + ("B" if token[-40] == "A" else "A") + token[-39:]
        connection.execute(text("update checkpoints set timestamp_token = :it"), {"it": broken})
    assert not verified(history.engine, keys=keys).is_consistent


def test_witnesses_cosign_and_are_asked_from_the_size_that_they_know(history):
    witness = Witness([KEY])
    with served(witness.answer) as url:
        settings = proof(witnesses=(f"{witness.verifier_key} {url}",))
        for count in range(1, 4):
            published(history, settings)
            history.run([record("a", size=count)])
            published(history, ProofSettings())  # runs without witnesses
            history.run([record("b", size=count)])
        published(history, settings)
        requests = witness.requests
        published(history, settings)
        assert witness.requests == requests, "a witness that has cosigned is not asked again"
    latest = stored(history)[-1]
    assert len(latest.cosignatures) == 1
    keys = Keys(witnesses=(witness.verifier_key,), origin=ORIGIN)
    result = verified(history.engine, keys=keys)
    assert result.is_consistent
    assert result.checkpoints.cosignatures == 4
    assert result.checkpoints.cosignatures_unchecked == 0
    other = verified(history.engine, keys=Keys(origin=ORIGIN))
    assert other.checkpoints.cosignatures_unchecked == 4
    with history.engine.begin() as connection:
        connection.execute(
            text("update checkpoints set cosignatures = :of_another where size = :size"),
            {"of_another": f'["{stored(history)[0].cosignatures[0]}"]', "size": latest.size},
        )
    assert "cosignature is invalid" in str(verified(history.engine, keys=keys).findings)


def test_a_witness_that_forgot_the_size_answers_409_and_is_asked_again(history):
    witness = Witness([KEY])
    with served(witness.answer) as url:
        settings = proof(witnesses=(f"{witness.verifier_key} {url}",))
        published(history, settings)
        for _ in range(6):  # more than are remembered
            history.run([record("a")])
            published(history, proof())
        assert witness.requests == 1
        published(history, settings)
        assert witness.requests == 3
    assert len(stored(history)[-1].cosignatures) == 1


@pytest.mark.parametrize(
    ("keys", "seen", "cause"),
    [
        ([], {}, "it does not know the log"),
        (["other"], {}, "it does not accept the signature"),
        ([KEY], {ORIGIN: (1, bytes(32))}, "not consistent with what it has cosigned before"),
        ([KEY], {ORIGIN: (9, bytes(32))}, "was cut off, or restored from a backup"),
    ],
)
def test_a_refusal_of_a_witness_is_a_warning_with_its_reason(history, keys, seen, cause, caplog):
    known = [
        KEY if key == KEY else read_key(make_key(), ORIGIN, location="x").verifier_key
        for key in keys
    ]
    witness = Witness(known, seen=dict(seen))
    history.run([record("a")])
    with served(witness.answer) as url:
        published(history, proof(witnesses=(f"{witness.verifier_key} {url}",)))
    assert cause in " ".join(str(each.__dict__) for each in caplog.records)
    assert stored(history)[-1].cosignatures == ()


def test_what_is_missing_is_requested_again_and_nothing_waits_longer_than_its_time(
    history, authority, caplog
):
    def slow(_path, _body):
        time.sleep(3)
        return 200, "text/plain", b""

    witness = Witness([KEY])
    with served(slow) as url:
        settings = proof(
            timestamp_url=url,
            witnesses=(f"{witness.verifier_key} {url}",),
            timeout_seconds=0.3,
        )
        began = time.monotonic()
        published(history, settings)
        assert time.monotonic() - began < 2
    assert "proof incomplete" in caplog.text
    broken = replace(settings, timestamp_url="http://127.0.0.1:9", witnesses=())
    published(history, broken)
    assert stored(history)[0].timestamp is None
    with served(authority.answer) as url, served(witness.answer) as witness_url:
        again = proof(timestamp_url=url, witnesses=(f"{witness.verifier_key} {witness_url}",))
        history.run([record("a")])
        published(history, again)
    first, last = stored(history)
    assert first.timestamp
    assert last.timestamp
    assert last.cosignatures


@pytest.mark.parametrize(
    "answer",
    [
        (500, "text/plain", b""),
        (200, "text/plain", b"\xff"),
        (200, "text/plain", b"nothing"),
        (200, "text/plain", b""),
        (404, "text/plain", b""),
        (409, "text/x.tlog.size", b"many"),
        (409, "text/x.tlog.size", b"0\n"),
    ],
)
def test_an_answer_outside_the_protocols_is_a_warning(history, answer, caplog):
    key = Witness([]).verifier_key
    with served(lambda _path, _body: answer) as url:
        published(history, proof(timestamp_url=url, witnesses=(f"{key} {url}",)))
    (warning,) = caplog.records
    assert warning.getMessage() == "proof incomplete"
    assert warning.timestamp_url.startswith("1 entries: ")
    assert warning.witnesses.startswith("witness.example: ")
    assert (stored(history)[0].timestamp, stored(history)[0].cosignatures) == (None, ())


def test_a_timestamp_of_something_else_is_refused(history, authority, caplog):
    with served(authority.answer) as url:
        published(history, proof(timestamp_url=url))
    old = stored(history)[0].timestamp
    history.run([record("a")])
    with served(lambda _path, _body: (200, "application/timestamp-reply", old)) as url:
        published(history, proof(timestamp_url=url))
    assert stored(history)[-1].timestamp is None
    assert "proof incomplete" in caplog.text


def test_all_failures_are_one_line_even_with_quiet(tmp_path, capsys):
    witness = f"{Witness([]).verifier_key} http://127.0.0.1:9"
    (tmp_path / "config.toml").write_text(
        f"""
        [proof]
        signing_key = "missing.pem"
        checkpoint_file = "missing/checkpoints.txt"
        timestamp_url = "http://127.0.0.1:9"
        witnesses = ["{witness}"]
        [[source]]
        name = "sample"
        endpoint = "sample:"
        project_id = "0123456789abcdef0123456789abcdef"
        """
    )
    assert run(["-c", str(tmp_path / "config.toml"), "-q", "sync"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "warning: proof incomplete" in line
    for key in ("signing_key", "checkpoint_file", "timestamp_url", "witnesses"):
        assert f" {key}=" in line
