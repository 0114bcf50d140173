"""Evidence files: complete, checkable without the program, and proof against any change."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import text

from etl.audit.evidence import to_zip
from etl.database.engine import open_engine
from etl.errors import RecordInconsistent, UsageError
from etl.maintenance.decisions import prune
from etl.proof.check import Invalid, check, unzip
from tests.support.databases import opened
from tests.support.evidence import evidence_of, mutated, signer
from tests.support.history import BEGINNING, History, holding, record, varied

MUTATIONS = 10_000 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 200


@pytest.fixture
def engine(varied_engine):
    return varied_engine


def _ids(engine, condition="1 = 1"):
    statement = f"select image_id from images where {condition} order by image_id"
    with engine.connect() as connection:
        return [*connection.scalars(text(statement))]


def test_the_evidence_of_every_image_verifies(engine):
    key = signer()
    for image_id in _ids(engine):
        files = evidence_of(engine, image_id, key)
        proved, unproved = check(files, key.verifier_key)
        assert len(proved) == 3
        assert any("no timestamp" in each for each in unproved)
        assert unzip(to_zip(files)) == files
        evidence = json.loads(files["evidence.json"])
        assert evidence["image_id"] == image_id
        with engine.connect() as connection:
            versions = connection.execute(
                text("select version, name from image_versions where image_id = :id order by 1"),
                {"id": image_id},
            ).all()
        opened = [each for each in evidence["versions"] if each["event"] == "opened"]
        assert [(each["version"], each["values"].get("name")) for each in opened] == versions
        assert image_id in files["README.txt"].decode()


def test_the_checker_runs_alone_and_offline(engine, tmp_path):
    key = signer()
    files = evidence_of(engine, _ids(engine, "state = 'removed'")[0], key)
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "file.zip").write_bytes(to_zip(files))

    def checked(*arguments):
        command = [sys.executable, "-I", "-S", str(tmp_path / "check.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    (tmp_path / "file.zip").rename(tmp_path.parent / "file.zip")
    good = checked(key.verifier_key)
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.count("proved: ") >= 4
    assert "What this file does not prove" in good.stdout
    assert checked(key.verifier_key, str(tmp_path.parent / "file.zip")).returncode == 0
    other = checked(signer().verifier_key)
    assert (other.returncode, other.stdout[:8]) == (1, "INVALID:")
    assert checked().returncode == 1
    (tmp_path / "evidence.json").write_text("{}\n")
    assert checked(key.verifier_key).returncode == 1


def test_a_removal_is_explained_with_its_walk_and_the_walk_before(engine):
    image_id = _ids(engine, "state = 'removed'")[0]
    with engine.connect() as connection:
        run_id = connection.scalar(
            text("select max(run_id) from image_removals where image_id = :id"), {"id": image_id}
        )
    files = evidence_of(engine, image_id, None, removal_run=run_id)
    check(files, "")
    evidence = json.loads(files["evidence.json"])
    assert [each["run_id"] for each in evidence["removals"]] == [run_id]
    runs = {each["run_id"] for each in evidence["runs"]}
    assert {run_id} < runs
    readme = files["README.txt"].decode()
    assert "a request for its id answered" in readme
    assert "not signed" in readme
    with pytest.raises(UsageError, match="did not remove"):
        evidence_of(engine, image_id, None, removal_run=999)


def test_rows_that_a_prune_keeps_stay_provable(engine):
    key = signer()
    list(prune(engine, before=BEGINNING + timedelta(hours=9, minutes=30), now=BEGINNING))
    pruned = 0
    for image_id in _ids(engine):
        files = evidence_of(engine, image_id, key)
        _, unproved = check(files, key.verifier_key)
        pruned += any("pruned" in each for each in unproved)
        with engine.connect() as connection:
            removals = connection.scalars(
                text("select run_id from image_removals where image_id = :id"), {"id": image_id}
            ).all()
        evidence = json.loads(files["evidence.json"])
        shown = [each["run_id"] for each in evidence["removals"] if each["event"] == "removal"]
        assert sorted(shown) == sorted(removals)
        assert {*shown} <= {each["run_id"] for each in evidence["runs"]}
    assert pruned > 3


def test_a_signed_file_needs_the_key_and_an_unsigned_one_has_none(engine):
    key = signer()
    image_id = _ids(engine)[0]
    with pytest.raises(Invalid, match="give the verifier key"):
        check(evidence_of(engine, image_id, key), "")
    with pytest.raises(Invalid, match="of the log"):
        check(evidence_of(engine, image_id, None), key.verifier_key)
    with pytest.raises(UsageError, match="no image"):
        evidence_of(engine, "nowhere", None)


@pytest.mark.parametrize(
    ("edit", "cause"),
    [
        ("update source_runs set endpoint = 'https://elsewhere.example'", "has another hash"),
        ("delete from source_runs", "source_runs has no row of"),
    ],
)
def test_a_run_that_was_edited_has_no_evidence(engine, edit, cause):
    image_id = _ids(engine)[0]
    with engine.begin() as connection:
        connection.execute(text(edit))
    with pytest.raises(RecordInconsistent, match=cause):
        evidence_of(engine, image_id, None)


def test_every_mutation_is_rejected(engine, databases):
    key = signer()
    choose = random.Random(7)
    files = evidence_of(engine, _ids(engine, "state = 'removed'")[0], key)
    with databases.migrated("sqlite") as url:
        other = open_engine(url)
        varied(other, seed=2)
        foreign = evidence_of(other, _ids(other)[0], key)
        other.dispose()
    check(files, key.verifier_key)
    for number in range(MUTATIONS):
        what, changed = mutated(choose, files, foreign)
        if changed == files:
            continue
        assert _is_rejected(changed, key.verifier_key), f"mutation {number}: {what}"


def _is_rejected(files, verifier_key):
    try:
        check(files, verifier_key)
    except Invalid:
        return True
    return False


def test_an_approved_removal_names_the_walk_that_showed_the_absence(database_url):
    with opened(database_url) as engine:
        history = History(engine)
        history.run([record("a"), record("b")])
        history.run([record("b")], decide=holding)
        history.settle("sample", kind="approve")
        files = evidence_of(engine, "a", None)
    check(files, "")
    assert "by run 2 [1], certificate exact." in files["README.txt"].decode()
