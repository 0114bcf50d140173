"""The standalone checker: every statement that it derives, and every form that it refuses."""

from __future__ import annotations

import json
import random
import zipfile
from hashlib import sha256

import pytest

from etl.audit.evidence import add_entry, add_event, complete_files, to_zip
from etl.proof import check
from etl.proof.check import Invalid, leaf_hash, unzip
from etl.proof.checkpoint import make_note
from etl.proof.entries import actor_text, canonical, prune_entry, run_entry, run_event
from etl.proof.merkle import Tree
from tests.support.evidence import signer

KEY = signer("log")
AT = "2026-11-0{}T08:00:00.000Z"
ACTOR = actor_text({"removed_by": "Ada \u202e"}, "salt")


def event(name, run_id, /, **values):
    return canonical({"event": name, "image_id": "a", "run_id": run_id, **values})


def run_rows(run_id, **more):
    source_run = {"source": "s", "run_id": run_id, "observed_at": AT.format(run_id)}
    source_run |= {"certificate": "exact", "endpoint": "https://api", "project_id": "p", **more}
    return source_run, {"kind": "sync", "actor": "ada", "reason": "tidy", "version": "1"}


def first_run():
    return [
        event("opened", 1, version=1, opened_as="added", valid_from=AT.format(1), values={}),
        event("presence", 1, kind="relisted", changed_at=AT.format(1), relisted_as="T/0"),
        event("held", 1, held_at=AT.format(1), rule="max_count", evidence_detail='{"status":404}'),
        event("reject", 1, rejected_at=AT.format(1), reason="size: \x07"),
    ]


def second_run():
    closed = {"closed_as": "removed", "valid_to": AT.format(2)}
    detail = '{"status":404}'
    digest = sha256(ACTOR).hexdigest()
    return [
        event(
            "opened",
            2,
            version=2,
            opened_as="changed",
            valid_from=AT.format(2),
            values={"name": "a\u200b"},
        ),
        event("field", 2, version=2, field="name", old_value="null", new_value='"a"'),
        event("closed", 2, version=2, **closed),
        event(
            "removal",
            2,
            version=2,
            evidence="lookup_not_found",
            evidence_detail=detail,
            last_seen_at=AT.format(1),
            removed_at=AT.format(2),
        ),
        event("restored", 2, version=2, restored_at=AT.format(3)),
        event("released", 2, held_run_id=1, released_as="removed", released_at=AT.format(2)),
        event("resolved", 2, resolved_at=AT.format(2), reason="size", record_digest="0"),
        event("attribution", 2, version=2, attribution="exact", actor_digest=digest),
        event("attribution", 2, version=1, attribution="none"),
    ]


def made(runs, *, key=KEY, timestamp=False, actors=()):
    """Files of a log with these entries: (data for given hashes, events)."""
    data, files = [], {}
    for number, (entry, events) in enumerate(runs):
        hashes = [leaf_hash(each) for each in events]
        data.append(entry(hashes))
        for index, each in enumerate(events):
            actor = ACTOR if (number, index) in actors else None
            add_event(files, (number, index), each, Tree(hashes), actor)
    log = Tree(map(leaf_hash, data))
    note = make_note("log", len(log), log.root(), key)
    for number, each in enumerate(data):
        add_entry(files, number, each, log, note)
    token = b"token of " + sha256(note.encode()).digest() if timestamp else None
    return complete_files(files, note, token)


def of_run(run_id, **more):
    source_run, sync_run = run_rows(run_id, **more)
    return lambda hashes: run_entry(source_run, sync_run, [], hashes=hashes)


def complete(**more):
    override = {"guard_override": "accept_removals", "walk_detail": '{"listings":[]}'}
    return made(
        [(of_run(1), first_run()), (of_run(2, **override), second_run())],
        timestamp=True,
        actors={(1, 7)},
        **more,
    )


def test_every_kind_of_statement_is_derived_and_explained(tmp_path, capsys):
    files = complete()
    proved, unproved = check.check(files, KEY.verifier_key)
    assert len(proved) == 3
    assert any("timestamp" in each for each in unproved)
    evidence = json.loads(files["evidence.json"])
    assert (evidence["format"], evidence["image_id"]) == (1, "a")
    assert "image_id" not in evidence["versions"][0], "it is stated once"
    assert "salt" not in files["evidence.json"].decode()
    readme = files["README.txt"].decode()
    for words in (
        "listed elsewhere",
        f"{AT.format(1)}  [0] removal held (max_count) by ada (tidy)",
        f"{AT.format(2)}  [1] held removal: removed",
        f"{AT.format(1)}  [0] record reject: size: \\u0007",
        f"{AT.format(2)}  [1] record resolved: size",
        "a\\u200b",
        "overridden in this run",
        "was removed until",
        "Named by the cloud's trace: Ada \\u202e.",
        "Who removed version 1: none.",
        "openssl ts -verify",
    ):
        assert words in readme, words
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    assert check.main([KEY.verifier_key, str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("proved: ") >= 4
    (tmp_path / "file").write_bytes(to_zip(files))
    assert check.main([KEY.verifier_key, str(tmp_path / "file")]) == 0
    assert check.main([]) == 1
    assert "INVALID" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--help"], "the verifier key is not an Ed25519 key"),
        (["key.txt"], "the verifier key is not an Ed25519 key"),
        ([KEY.verifier_key, "nowhere"], "nowhere does not exist"),
        ([KEY.verifier_key, "a", "b"], "too many arguments"),
    ],
)
def test_wrong_arguments_are_answered_with_the_usage(arguments, cause, capsys):
    assert check.main(arguments) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == f"{cause}\nusage: python3 check.py VERIFIER_KEY [FOLDER_OR_ZIP]\n"


def test_without_a_key_the_usage_follows_the_finding(tmp_path, capsys):
    path = tmp_path / "signed.zip"
    path.write_bytes(to_zip(complete()))
    assert check.main(["", str(path)]) == 1
    output = capsys.readouterr()
    assert output.out == "INVALID: the checkpoint is signed: give the verifier key\n"
    assert output.err == "usage: python3 check.py VERIFIER_KEY [FOLDER_OR_ZIP]\n"
    path.write_bytes(to_zip(complete() | {"evidence.json": b"{}\n"}))
    assert check.main([KEY.verifier_key, str(path)]) == 1
    assert capsys.readouterr().err == ""


def test_a_file_whose_run_is_not_shown_has_no_origin_of_its_removals():
    files = complete()
    evidence = json.loads(files["evidence.json"])
    evidence["runs"] = [each | {"guard_override": None} for each in evidence["runs"]]
    assert "overridden" not in "".join(check.removal_lines(evidence))
    evidence["runs"] = []
    assert "Read from" not in "".join(check.removal_lines(evidence))


def test_values_of_an_unexpected_type_are_refused():
    source_run, sync_run = run_rows(1)
    data = run_entry(source_run | {"walk_detail": 7}, sync_run, [], hashes=[])
    files = complete() | {"entries/0.json": data}
    with pytest.raises(Invalid):
        check.check(files, KEY.verifier_key)
    with pytest.raises(Invalid, match="expected form"):
        check.check({"checkpoint.txt": None}, KEY.verifier_key)


def test_any_damage_of_the_zip_file_is_noticed_or_harmless():
    files = complete()
    data = to_zip(files)
    choose = random.Random(3)
    for _ in range(300):
        damaged = bytearray(data)
        bit = choose.randrange(len(data) * 8)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            found = unzip(bytes(damaged))
        except Invalid:
            continue
        if found != files:
            with pytest.raises(Invalid):
                check.check(found, KEY.verifier_key)


def test_pruned_history_is_listed_as_unproved():
    prune = {"source": "s", "through_entry": 1, "run_id": 1, "observed_at": AT.format(1)}
    prune |= {"pruned_at": AT.format(3)}
    kept = [*first_run()[:1], run_event(0, *run_rows(1))]
    files = made([(lambda hashes: prune_entry(prune, hashes=hashes), kept)], key=None)
    _, unproved = check.check(files, "")
    assert any("pruned" in each for each in unproved)
    evidence = json.loads(files["evidence.json"])
    assert evidence["runs"][0]["sealed_by_entry"] == 0
    assert "was pruned on" in files["README.txt"].decode()


def opened(version, opened_as, day):
    return event(
        "opened", 2, version=version, opened_as=opened_as, valid_from=AT.format(day), values={}
    )


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([opened(1, "added", 1), opened(1, "added", 2)], "opened twice"),
        ([opened(1, "added", 1), opened(2, "restored", 2)], "followed but not closed"),
        (
            [
                opened(1, "added", 1),
                opened(2, "restored", 1),
                event("closed", 1, version=1, closed_as="removed", valid_to=AT.format(2)),
            ],
            "contradict",
        ),
        (
            [
                opened(1, "added", 1),
                event("closed", 1, version=1, closed_as="removed", valid_to=AT.format(2)),
                opened(2, "changed", 3),
            ],
            "contradict",
        ),
        (
            [
                event("closed", 1, version=1, closed_as="out_of_scope", valid_to=AT.format(2)),
                event("removal", 1, version=1, removed_at=AT.format(2)),
            ],
            "does not close its version",
        ),
        (
            [
                event("closed", 1, version=1, closed_as="removed", valid_to=AT.format(2)),
                event("removal", 1, version=1, removed_at=AT.format(3)),
            ],
            "another time",
        ),
        ([canonical({"event": "opened", "image_id": "b", "run_id": 1})] * 0, "exactly one image"),
    ],
)
def test_a_history_that_contradicts_itself_is_refused(events, message):
    with pytest.raises(Invalid, match=message):
        made([(of_run(1), events)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entries/0.tlog-proof": b""}, "differs"),
        ({"entries/0/0.proof": b""}, "does not fit"),
        ({"entries/7/0.json": b"{}"}, "not in the file"),
        ({"entries/1/7.actor.json": b"{}"}, "differs from its digest"),
        ({"more.txt": b""}, "unexpected"),
        ({"check.py": None}, "missing"),
        ({"checkpoint.tsr": b"other"}, "evidence.json says something"),
        ({"README.txt": b""}, "README.txt differs"),
        ({"entries/0.json": b"[]"}, "is not in the log"),
        ({"checkpoint.txt": b""}, "no empty line"),
    ],
)
def test_a_changed_file_is_refused_with_the_reason(change, message):
    files = complete() | change
    files = {name: data for name, data in files.items() if data is not None}
    with pytest.raises(Invalid, match=message):
        check.check(files, KEY.verifier_key)


@pytest.mark.parametrize("end", [b"AAAA", b"AAAA\n", b"\n"])
def test_a_proof_has_nothing_behind_its_hashes(end):
    files = complete()
    files["entries/0/0.proof"] += end
    with pytest.raises(Invalid, match=r"does not fit|than hashes|not among the events"):
        check.check(files, KEY.verifier_key)


def test_a_file_is_about_one_source():
    with pytest.raises(Invalid, match="entry of another source"):
        made([(of_run(1), first_run()), (of_run(2, source="other"), [])])


def test_a_file_needs_entries():
    files = {name: data for name, data in complete().items() if "entries" not in name}
    with pytest.raises(Invalid, match="no log entry"):
        check.check(files, KEY.verifier_key)


def test_a_timestamp_of_another_checkpoint_is_refused():
    files = complete()
    token = files["checkpoint.tsr"]
    files["checkpoint.tsr"] = b"other"
    evidence = files["evidence.json"].decode()
    digests = (sha256(each).hexdigest() for each in (token, b"other"))
    files["evidence.json"] = evidence.replace(*digests).encode()
    with pytest.raises(Invalid, match="of another checkpoint"):
        check.check(files, KEY.verifier_key)


def test_proofs_that_are_too_long_or_too_short_prove_nothing():
    leaf = leaf_hash(b"")
    assert check.root_from_inclusion(leaf, 1, 1, []) is None
    assert check.root_from_inclusion(leaf, 0, 1, [leaf]) is None
    assert check.root_from_inclusion(leaf, 0, 2, []) is None
    with pytest.raises(Invalid, match="something else than hashes"):
        check.proven_root(b"", 0, 2, ["AAAA"])


@pytest.mark.parametrize(
    "data",
    [
        *(b"\xff", b"[]", b'{ "a":1}', b'{"a":1,"a":1}', b"[" * 100_000),
        *(b'{"b":1,"a":1}', b'{"a":"\\u00e9"}', b'{"a":1}\n'),
    ],
)
def test_json_has_one_spelling(data):
    with pytest.raises(Invalid):
        check.decode_json(data, "file")


def test_a_zip_file_is_read_with_care(tmp_path, monkeypatch):
    with pytest.raises(Invalid, match="not a valid ZIP"):
        unzip(b"PK\x03\x04")
    double = tmp_path / "double.zip"
    with zipfile.ZipFile(double, "w") as archive:
        archive.writestr("a", b"")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"")
    with pytest.raises(Invalid, match="occurs twice"):
        unzip(double.read_bytes())
    with pytest.raises(Invalid, match="occurs twice"):
        check.read_files(double)
    monkeypatch.setattr(check, "MAX_BYTES", 1)
    with pytest.raises(Invalid, match="too large"):
        unzip(to_zip({"a": b"12"}))
