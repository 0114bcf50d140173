"""SIGTERM and SIGINT end the program soon, wherever it is, and leave the source free.

What the program waits for here would last for minutes: a test that ends at all shows that the
signal was heard. A signal is sent by the program to itself where a moment must be hit.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text

from etl import signals
from etl.database.engine import open_engine, translated_errors
from etl.errors import Interrupted
from etl.load.locks import source_lock
from tests.support.counts import add_count
from tests.support.fake_api import error_response
from tests.support.launcher import Moment
from tests.support.postgres import conninfo
from tests.support.proxy import Proxy

LONG_SECONDS = 600
SOON_SECONDS = 45  # generous, for a busy machine, and far below what is waited for
ENDLESS = "with recursive n(x) as (select 1 union select x + 1 from n) select max(x) as x from n"

each_database = pytest.mark.parametrize("backend", ["sqlite", "postgresql"])


def ends(child, number=signal.SIGTERM):
    """Sends the signal, and gives how the program ended."""
    child.send(number)
    sent = time.monotonic()
    ended = child.wait(seconds=SOON_SECONDS)
    seconds = round(time.monotonic() - sent, 2)
    assert ended.code == 128 + number, ended.told
    assert ended.told == f"image-sync: interrupted by signal {number}\n"
    add_count("signal", tried=1, seconds=seconds)


def until(is_so):
    """Looks until it is so."""
    deadline = time.monotonic() + SOON_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def answering(scene, answer):
    """The API's answers are `answer`'s; an event says that the first was asked for."""
    asked = threading.Event()

    def before(request):
        asked.set()
        return answer(request)

    scene.api.before_request = before
    try:
        yield asked
    finally:
        scene.api.before_request = None


def is_interrupted(scene, number=signal.SIGTERM):
    assert scene.last_run() == ("interrupted", 128 + number)
    scene.is_whole()


@pytest.mark.parametrize(
    ("backend", "number"), [("sqlite", signal.SIGINT), ("postgresql", signal.SIGTERM)]
)
def test_while_a_page_is_waited_for(scene, number):
    gate = threading.Event()
    with answering(scene, lambda _: gate.wait(LONG_SECONDS) and None) as asked:
        child = scene.start("sync")
        assert asked.wait(SOON_SECONDS)
        ends(child, number)
        gate.set()
    is_interrupted(scene, number)


@pytest.mark.parametrize("backend", ["sqlite"])
def test_in_the_pause_before_a_request_is_sent_again(scene):
    refused = error_response(429, "ModelArts.0001", "slowly")
    later = replace(refused, headers={**refused.headers, "Retry-After": "100"})
    with answering(scene, lambda _: later) as asked:
        child = scene.start("sync")
        assert asked.wait(SOON_SECONDS)
        ends(child)
    is_interrupted(scene)


@each_database
def test_while_the_lock_is_waited_for(scene):
    before = scene.rows("select max(run_id) from sync_runs")
    engine = open_engine(scene.url)
    with source_lock(engine, "s"):
        child = scene.start("sync", "--wait", str(LONG_SECONDS))
        until(lambda: scene.rows("select max(run_id) from sync_runs") != before)
        ends(child)
    engine.dispose()
    is_interrupted(scene)


@pytest.mark.parametrize("backend", ["sqlite"])
def test_while_another_program_writes_the_file(scene):
    file = make_url(scene.url).database
    with closing(sqlite3.connect(file)) as other:
        other.execute("begin immediate")
        child = scene.start("sync")
        until(lambda: has_open(child, file))
        ends(child)
    scene.is_whole()


@pytest.mark.parametrize("backend", ["postgresql"])
def test_while_the_commit_waits_for_another_program(scene):
    scene.turn()
    with psycopg.connect(conninfo(scene.url)) as other:
        other.execute("lock table current_images in share mode")
        child = scene.start("sync")
        until(lambda: is_waiting(scene))
        ends(child)
        until(lambda: not is_waiting(scene))  # the server has given the statement up
    assert scene.last_run() == ("interrupted", 143)
    scene.is_whole()


def is_waiting(scene):
    waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    return scene.rows(f"{waits} and datname = current_database()") != [(0,)]


@pytest.mark.parametrize("backend", ["postgresql"])
def test_while_the_database_is_silent(scene, launcher):
    """A second signal would end it at once; the first one does, too."""
    with Proxy(scene.url) as proxy, answering(scene, lambda _: proxy.deafen()) as asked:
        args = [*scene.args("sync"), "--database", proxy.url]
        child = launcher.start(args)
        assert asked.wait(SOON_SECONDS)
        time.sleep(0.3)  # so that it is likely to wait for the database
        child.send(signal.SIGTERM)
        proxy.deafen(is_deaf=False)
        assert child.wait(seconds=SOON_SECONDS).code == 143
    scene.is_whole()


@each_database
def test_during_a_long_query(backend, databases, launcher, scenes, tmp_path):
    """As a report over a million images is."""
    with databases.migrated(backend) as url:
        slow = ENDLESS if backend == "sqlite" else f"select 1 as x from pg_sleep({LONG_SECONDS})"
        with open_engine(url).begin() as connection:
            connection.execute(text("drop view image_components"))
            connection.execute(
                text(
                    "create view image_components as select 's' as source, 'i' as image_id,"
                    " 'python' as component, cast(x as text) as version, 'present' as state"
                    f" from ({slow}) as slow"
                )
            )
        asked = ["export", str(tmp_path / "out.csv"), "--relation", "image_components"]
        child = launcher.start([*scenes[backend].args(*asked), "--database", url])
        until(lambda: has_begun(child, url))
        ends(child)
    assert list(tmp_path.iterdir()) == []


def has_begun(child, url):
    """Whether the child is in its question: working (SQLite), or known to the server."""
    if url.startswith("sqlite"):
        used = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, used[11:13])) / os.sysconf("SC_CLK_TCK") > 0.3
    sleeping = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
    with psycopg.connect(conninfo(url)) as connection:
        return connection.execute(sleeping).fetchone() != (0,)


def has_open(child, file):
    """Whether the child has the file open."""
    links = Path(f"/proc/{child.pid}/fd").iterdir()
    return any(os.path.realpath(link) == os.path.realpath(file) for link in links)


MOMENTS = {
    "in the walk": Moment("load/changes.py", "add"),
    "in the commit": Moment("load/versions.py", "_write_new", "return"),
    "before the run's end": Moment("load/commit.py", "commit", "return"),
}


@each_database
@pytest.mark.parametrize("name", MOMENTS)
def test_a_signal_at_a_given_stage_ends_the_run(name, scene):
    old = scene.present()
    scene.turn()
    ended = scene.child("sync", at=replace(MOMENTS[name], signal_number=signal.SIGTERM))
    assert (ended.code, ended.told) == (143, "image-sync: interrupted by signal 15\n")
    assert scene.present() == (scene.told if name == "before the run's end" else old)
    is_interrupted(scene)


def test_a_signal_ends_all_parallel_sources(scenes):
    """The main thread only waits; no source is begun after the signal."""
    scene = scenes["sqlite"]
    more = "".join(
        f'[[source]]\nname = "s{n}"\nendpoint = "{scene.api.url}"\nproject_id = "p"\n'
        for n in range(3)
    )
    usual = scene.config.read_text()
    gate = threading.Event()
    with answering(scene, lambda _: gate.wait(LONG_SECONDS) and None) as asked:
        scene.config.write_text(usual + more)
        child = scene.start("sync", "--parallel", "2")
        assert asked.wait(SOON_SECONDS)
        ends(child)
        scene.config.write_text(usual)
        gate.set()
    is_interrupted(scene)


@contextmanager
def begun(thread):
    """The thread runs inside the block, and is over at its end."""
    thread.start()
    try:
        yield
    finally:
        thread.join(SOON_SECONDS)


def endless(engine, ended):
    try:
        with translated_errors(engine), engine.connect() as connection:
            connection.execute(text(ENDLESS))
    except Interrupted as error:
        ended.append(error.signal_number)


def test_a_signal_interrupts_sqlite_in_every_thread():
    """In the main thread where the signal is raised; in another because there was one."""
    engine, ended = open_engine("sqlite://"), []
    with signals.raised():
        thread = threading.Thread(target=endless, args=(open_engine("sqlite://"), ended))
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM))
        with begun(thread), begun(timer):
            endless(engine, ended)
    assert ended == [signal.SIGTERM] * 2


def test_a_signal_ends_a_wait_that_it_does_not_interrupt():
    """One that comes just before a wait begins, or in another thread, which can be arranged."""

    def hear():
        time.sleep(0.3)  # so that the main thread is likely to wait
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    began_at = time.monotonic()
    thread = threading.Thread(target=hear)
    with pytest.raises(Interrupted), signals.raised(), begun(thread):
        threading.Event().wait(SOON_SECONDS)
    assert time.monotonic() - began_at < SOON_SECONDS
    assert signal.getsignal(signal.SIGURG) == signal.SIG_DFL
    assert signal.set_wakeup_fd(-1) == -1
