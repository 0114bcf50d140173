"""The program is killed at every border between two stages, and at any moment.

The record is as before, or after the commit as the run left it; the next run needs no one and marks
the killed one `abandoned`; `verify` passes. CI tries some borders and moments; soak hits each
border on both databases, and some hundred moments, others with each `--hypothesis-seed`.
"""

from __future__ import annotations

import os
import random
import signal

import pytest

from tests.support.cli_world import Scene
from tests.support.counts import add_count
from tests.support.databases import BACKENDS
from tests.support.fake_api import FakeApi
from tests.support.launcher import Moment
from tests.support.syncing import image

IS_SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
RANDOM_KILLS = 400 if IS_SOAK else 4

LAST_RUN = "select run_id, status from sync_runs order by run_id desc"
SYNC = {
    "the schema is known": Moment("database/migrate.py", "ensure_head", "return"),
    "before the run's row": Moment("load/runs.py", "begin_run"),
    "the run's row": Moment("load/runs.py", "begin_run", "return"),
    "the lock": Moment("load/locks.py", "_is_taken", "return"),
    "the baseline": Moment("etl/sync.py", "_read"),
    "the walk begins": Moment("extract/walk.py", "pages"),
    "the first page": Moment("load/changes.py", "add"),
    "another page": Moment("load/changes.py", "add", nth=2),
    "the walk ends": Moment("extract/walk.py", "summary", "return"),
    "the absences": Moment("decide/removal.py", "classify_absences", "return"),
    "before the lookups": Moment("extract/lookup.py", "look_up"),
    "the lookups": Moment("extract/lookup.py", "look_up", "return"),
    "the decision": Moment("decide/removal.py", "decide_removals", "return"),
    "the commit begins": Moment("load/transaction.py", "require_not_overtaken", "return"),
    "the new": Moment("load/versions.py", "_write_new", "return"),
    "the changed": Moment("load/versions.py", "_write_next", "return"),
    "the seen again": Moment("load/removals.py", "write_reseen", "return"),
    "the absent": Moment("load/removals.py", "write_decision", "return"),
    "the held": Moment("load/removals.py", "write_held", "return"),
    "the rejects": Moment("load/rejects.py", "write_rejects", "return"),
    "the fields": Moment("load/rejects.py", "write_source_fields", "return"),
    "the log entry": Moment("load/log.py", "append_run", "return"),
    "the commit": Moment("load/commit.py", "commit", "return"),
    "before the run's end": Moment("load/runs.py", "end_run"),
    "the run's end": Moment("load/runs.py", "end_run", "return"),
    "the answer": Moment("cli/sync.py", "show_outcome"),
}
AROUND = {"the new", "the log entry", "the commit"}
COMMITTED = set(list(SYNC)[list(SYNC).index("the commit") :])
WITHOUT_ROW = {"the schema is known", "before the run's row"}
ENDED = {"the run's end", "the answer"}
DECIDING = {
    ("approve", "the lookups"): Moment("extract/lookup.py", "look_up", "return"),
    ("approve", "the removals"): Moment("load/removals.py", "write_decision", "return"),
    ("approve", "the held"): Moment("load/removals.py", "write_held", "return"),
    ("approve", "the commit"): Moment("load/commit.py", "commit", "return"),
    ("dismiss", "the lock"): Moment("load/locks.py", "_is_taken", "return"),
    ("dismiss", "the held"): Moment("load/removals.py", "write_held", "return"),
    ("dismiss", "the commit"): Moment("load/commit.py", "commit", "return"),
    ("replay-rejects", "the records"): Moment("load/rejects.py", "read_whole_rejects", "return"),
    ("replay-rejects", "the rejects"): Moment("load/rejects.py", "write_rejects", "return"),
    ("replay-rejects", "the commit"): Moment("load/commit.py", "commit", "return"),
}
UPGRADE = {
    "it begins": Moment("database/migrate.py", "_run"),
    "the tables": Moment("database/migrate.py", "create_objects", "return"),
    "0001": Moment("0001_record.py", "upgrade", "return"),
    "all revisions": Moment("database/migrate.py", "_run", "return"),
    "the views": Moment("database/migrate.py", "create_objects", "return", nth=2),
}


def on_either(names):
    """Each with either database; in CI every third one and those around the commit, in turn."""
    some = [name for number, name in enumerate(names) if number % 3 == 0 or name in AROUND]
    pairs = [(backend, name) for name in names for backend in BACKENDS]
    chosen = pairs if IS_SOAK else [(BACKENDS[n % 2], name) for n, name in enumerate(some)]
    return pytest.mark.parametrize(
        ("backend", "name"), chosen, ids=[f"{name}-{kind}" for kind, name in chosen]
    )


@on_either(SYNC)
def test_a_sync_killed_at_a_border_leaves_old_or_new(scene, backend, name):
    old = scene.present()
    scene.turn()
    ended = scene.child("sync", at=SYNC[name])
    assert ended.code == -signal.SIGKILL, ended.told
    assert scene.present() == (scene.told if name in COMMITTED else old)
    run_id, status = scene.rows(LAST_RUN)[0]
    assert (status == "running") == (name not in WITHOUT_ROW | ENDED)
    scene.is_whole()
    if status == "running":
        assert scene.rows(f"select status from sync_runs where run_id = {run_id}") == [
            ("abandoned",)
        ]
    add_count("kill border", tried=1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sync_killed_at_any_moment_leaves_old_or_new(scene, backend, pytestconfig):
    scene.turn()
    steps = scene.child("sync", counts=True).steps
    choose = random.Random(str(pytestconfig.getoption("--hypothesis-seed")))
    for _ in range(RANDOM_KILLS // 2):
        step = choose.randrange(1, steps)
        old = scene.present()
        scene.turn()
        ended = scene.child("sync", at=Moment(step=step))
        assert ended.code in {-signal.SIGKILL, 0}, ended.told
        assert scene.present() in (old, scene.told), f"killed at step {step}"
        scene.is_whole()
        add_count("kill moment", tried=1)


@pytest.fixture(scope="module")
def held(launcher, tmp_path_factory):
    """For each database a scene in which a run holds two removals, with a reject kept."""
    folder = tmp_path_factory.mktemp("held")
    with FakeApi([image(number) for number in range(5)]) as api:
        yield lambda url: _holding(Scene(launcher, folder, api, url))


def _holding(scene):
    scene.write(more="[removals]\nalways_allow = 0\nmax_count = 0")
    scene.api.images = [image(number) for number in range(5)]
    assert scene.run("sync") == 0
    scene.api.images = [*[image(number) for number in range(3)], image(7, size="big")]
    assert scene.run("sync") == 30
    return scene


@on_either(DECIDING)
def test_a_decision_killed_at_a_border_can_be_made_again(held, databases, backend, name):
    command, _ = name
    with databases.migrated(backend) as url:
        scene = held(url)
        old, given = scene.present(), [] if command == "replay-rejects" else ["2"]
        gone = {key: told for key, told in old.items() if key in {"id-0000", "id-0001", "id-0002"}}
        ended = scene.child(command, *given, at=DECIDING[name])
        assert ended.code == -signal.SIGKILL, ended.told
        is_done = name[1] == "the commit"
        assert scene.present() == (gone if is_done and command == "approve" else old)
        code = scene.run(command, *given)
        assert code == (2 if is_done and given else 0)
        assert scene.present() == (gone if command == "approve" else old)
        assert scene.run("verify") == 0
        statuses = [status for (status,) in scene.rows("select status from sync_runs")]
        assert statuses.count("running") == (1 if code == 2 else 0)
        assert scene.run("sync") in {0, 30}
        assert scene.rows("select count(*) from sync_runs where status = 'running'") == [(0,)]
    add_count("kill decision", tried=1)


@on_either(UPGRADE)
def test_an_upgrade_that_is_killed_can_be_run_again(
    launcher, api, databases, backend, name, tmp_path
):
    with databases.empty(backend) as url:
        scene = Scene(launcher, tmp_path, api, url)
        before = scene.relations()
        for _ in range(2):
            ended = scene.child("db", "upgrade", at=UPGRADE[name])
            assert ended.code == -signal.SIGKILL, ended.told
            assert scene.relations() == before
        assert scene.run("db", "upgrade") == 0
        scene.is_whole()
    add_count("kill upgrade", tried=1)
