"""Attacks on the record by somebody who can write the database, and what detects each of them."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from datetime import timedelta
from functools import cache
from hashlib import blake2b
from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from etl.database.engine import open_engine
from etl.errors import RecordInconsistent
from etl.maintenance.decisions import prune
from tests.support.databases import opened
from tests.support.history import BEGINNING, History, record, three_runs, varied
from tests.support.verified import assert_consistent, note_of, rewrite_log, verified

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
FORGED = """'{"request_id":"FORGED"}'"""


@pytest.fixture
def removed(backend, databases):
    """A record with a removal, and a checkpoint of it that is kept elsewhere."""
    with databases.recorded(backend, three_runs) as url, opened(url) as engine:
        yield History.resumed(engine), note_of(engine)


def edited(engine, *statements):
    with engine.begin() as connection:
        for each in statements:
            connection.execute(text(each))


ATTACKS = {
    "forged evidence": [f"update image_removals set evidence_detail = {FORGED}"],
    "another removal date": ["update image_removals set removed_at = last_seen_at"],
    "another endpoint": ["update source_runs set endpoint = 'https://elsewhere.example'"],
    "another actor": ["update sync_runs set actor = 'somebody'"],
    "no override of the guard": ["update source_runs set guard_override = 'accept_removals'"],
    "another value": ["update current_images set size = 7 where image_id = 'a'"],
    "another old value": ["update past_versions set size = 7 where image_id = 'a'"],
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_edit_is_found_and_located_and_never_pruned_away(removed, attack):
    history, note = removed
    edited(history.engine, *ATTACKS[attack])
    result = verified(history.engine, [note])
    assert not result.is_consistent
    first = result.findings[0]
    assert first.entry is not None
    table = ATTACKS[attack][0].split()[1]
    rows = {"sync_runs": "source_runs", "current_images": "image_versions"}
    expected = rows.get(table, table).replace("past_versions", "image_versions")
    assert first.row.startswith(expected)
    with pytest.raises(RecordInconsistent, match="inconsistent"):
        list(prune(history.engine, before=BEGINNING + timedelta(days=9), now=BEGINNING))
    with history.engine.connect() as connection:
        assert connection.scalar(text("select count(*) from prune_checkpoints")) == 0


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_rewritten_log_is_consistent_but_not_with_a_checkpoint_kept_elsewhere(removed, attack):
    history, note = removed
    edited(history.engine, *ATTACKS[attack])
    rewrite_log(history.engine)
    findings = verified(history.engine, [note]).findings
    assert "kept elsewhere" in findings[0].row
    if "value" not in attack and "date" not in attack:  # which follow from other rows, too
        assert verified(history.engine).is_consistent


def test_a_deleted_removal_is_found(removed):
    history, _ = removed
    edited(history.engine, "delete from image_removals")
    assert not verified(history.engine).is_consistent


def test_a_view_that_hides_an_image_is_found(removed):
    history, _ = removed
    edited(
        history.engine,
        "alter view images rename to hidden_images"
        if history.engine.dialect.name == "postgresql"
        else "create view hidden_images as select * from images where image_id <> 'a'",
    )
    if history.engine.dialect.name == "sqlite":
        edited(
            history.engine,
            "drop view images",
            "create view images as select * from current_images where image_id <> 'a'",
        )
    assert "view" in verified(history.engine).findings[0].row


def test_a_trigger_is_found(removed):
    history, _ = removed
    if history.engine.dialect.name == "sqlite":
        edited(
            history.engine,
            "create trigger forge after insert on image_removals begin"
            " update image_removals set evidence = 'lookup_deleted'; end",
        )
    else:
        edited(
            history.engine,
            "create function forge() returns trigger language plpgsql as"
            " 'begin new.evidence = ''lookup_deleted''; return new; end'",
            "create trigger forge before insert on image_removals"
            " for each row execute function forge()",
        )
    assert "trigger" in verified(history.engine).findings[0].row


def test_a_restored_backup_and_deleted_runs_are_found(removed, databases):
    """Both leave a shorter log that is consistent in itself."""
    history, _ = removed
    history.run([record("a", size=3)])
    note = note_of(history.engine)
    with databases.migrated("sqlite") as url:
        older = open_engine(url)
        again = History(older)
        again.run([record("a"), record("b"), record("c")])
        origin = note.split("\n")[0]
        edited(older, f"update log_state set origin = '{origin}'")
        result = verified(older, [note])
        assert [each.problem for each in result.findings] == [
            "it covers 4 entries, the log has 1: entries were removed"
        ]
        older.dispose()


def test_a_record_rebuilt_under_the_same_name_is_found(engine, databases):
    History(engine).run([record("a"), record("b")])
    note = note_of(engine)
    with databases.migrated("sqlite") as url:
        rebuilt = open_engine(url)
        History(rebuilt).run([record("a")])
        assert any(
            "it belongs to log" in each.problem for each in verified(rebuilt, [note]).findings
        )
        edited(rebuilt, f"update log_state set origin = '{note.split(chr(10))[0]}'")
        assert_consistent(rebuilt)
        assert "are not those that it covers" in verified(rebuilt, [note]).findings[0].problem
        rebuilt.dispose()


def test_checkpoints_from_before_a_prune_are_recognised(engine):
    history = varied(engine, runs=8)
    notes = [note_of(engine)]
    list(prune(engine, before=history.at - timedelta(hours=3), now=history.at))
    history.run([record("new")])
    result = verified(engine, [*notes, note_of(engine)])
    assert [str(each) for each in result.findings] == []
    assert result.entries.pruned > 2
    edited(engine, f"update image_removals set evidence_detail = {FORGED}")
    first = verified(engine).findings[0]
    assert "not what was logged" in first.problem


# --- The forgery that the log replaces an additive digest for ---------------------------------

BITS = 64
MODULUS = 1 << BITS
LISTS = 16
STEP = 13  # low bits that each of the first three merges cancels


def _fact(image_id, path, description):
    data = f"{image_id}\0{path}\0{description}".encode()
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big")


def _digest(images):
    """Additive digest of a catalogue, cut to 64 bits: the sum of its facts."""
    return sum(_fact(*each) for each in images) % MODULUS


def _merged(left, right, bits):
    """Sums of pairs whose low bits are zero."""
    mask = (1 << bits) - 1
    by_end = defaultdict(list)
    for value, chosen in right:
        by_end[value & mask].append((value, chosen))
    return [
        ((value + other) % MODULUS, chosen + more)
        for value, chosen in left
        for other, more in by_end.get(-value & mask, ())
    ]


@cache
def _forge(images, forged, *, seed):
    """Descriptions of the other images that give the forged catalogue the digest of the true one.

    The generalised birthday attack of Wagner (2002) with sixteen lists.
    """
    choose = random.Random(seed)
    missing = (_digest(images) - _fact(*forged)) % MODULUS
    lists = []
    for number, (image_id, path, description) in enumerate(images[1 : LISTS + 1]):
        variants = []
        for _ in range(1 << STEP):
            hidden = "".join(choose.choice("\u200b\u200c") for _ in range(40))
            fact = _fact(image_id, path, description + hidden)
            fact -= missing if number == 0 else 0
            variants.append((fact % MODULUS, ((number, hidden),)))
        lists.append(variants)
    bits = STEP
    while len(lists) > 1:
        bits = BITS if len(lists) == 2 else bits
        lists = [_merged(a, b, bits) for a, b in zip(lists[::2], lists[1::2], strict=True)]
        bits += STEP
    return dict(lists[0][0][1]) if lists[0] else None


@cache  # for both databases
def _forge_once(images, forged):
    return next(filter(None, (_forge(images, forged, seed=seed) for seed in range(20))))


def test_an_additive_digest_is_forged_and_the_log_detects_the_same_edits(engine):
    names = [f"{number:032x}" for number in range(LISTS + 1)]
    history = History(engine)
    history.run([record(each, swrPath=f"registry/{each}:1", description="d") for each in names])
    note = note_of(engine)
    images = tuple((each, f"registry/{each}:1", "d") for each in names)
    forged = (images[0][0], "elsewhere/image:1", images[0][2])
    hidden = _forge_once(tuple(images), forged)
    catalogue = [forged]
    for number, (image_id, path, description) in enumerate(images[1:]):
        catalogue.append((image_id, path, description + hidden[number]))
    assert catalogue != [*images]
    assert _digest(catalogue) == _digest(images)
    with engine.begin() as connection:
        for image_id, path, description in catalogue:
            connection.execute(
                text(
                    "update current_images set swr_path = :path, description = :description"
                    " where image_id = :image_id"
                ),
                {"path": path, "description": description, "image_id": image_id},
            )
    assert verified(engine).findings[0].entry == 0
    rewrite_log(engine)
    assert any("kept elsewhere" in each.row for each in verified(engine, [note]).findings)


# --- Sources that commit at the same moment ---------------------------------------------------


def test_sources_that_commit_at_the_same_moment_neither_fork_the_log_nor_leave_gaps(postgres_url):
    from etl.database.migrate import upgrade

    engine = open_engine(postgres_url)
    upgrade(engine)
    rounds = 500 if IS_SOAK else 8
    barrier = Barrier(2)
    errors = []

    def commits(source):
        history = History(engine)
        try:
            for number in range(rounds):
                barrier.wait(timeout=60)
                history.run([record("a", size=number)], source=source)
        except Exception as error:
            errors.append(error)
            barrier.abort()

    threads = [Thread(target=commits, args=(source,)) for source in ("one", "two")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert errors == []
    result = assert_consistent(engine)
    assert result.entries.size == 2 * rounds
    engine.dispose()
