"""A benchmark counts a figure only if the database has the expected contents."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.peers import PEERS
from benchmarks.places import served
from benchmarks.processes import WrongResultError, measure
from benchmarks.programs import CHANGED, FIRST, UNCHANGED, ImageSync, PeerProgram

SIZE = 500
[SQLALCHEMY] = [peer for peer in PEERS if peer.name == "sqlalchemy"]  # its packages are installed


@pytest.fixture(scope="module")
def api():
    with served(SIZE) as api:
        yield api


def tamper(url: str, statement: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_measured_program_keeps_its_modules_compiled(monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert measure("-c", "import sys; print(sys.dont_write_bytecode)").output == "False\n"


def test_image_sync_is_checked(api, tmp_path):
    url = f"sqlite:///{tmp_path / 'images.db'}"
    program = ImageSync(api, url, tmp_path)
    api.show(1)
    assert program.load().cpu_seconds > 0
    program.check(FIRST)
    with pytest.raises(WrongResultError):
        program.check(UNCHANGED)  # the contents are right, but the run added them
    tamper(url, "update current_images set name = 'other' where rowid = 1")
    with pytest.raises(WrongResultError):
        program.check(FIRST)


def test_a_peer_is_checked(api, tmp_path):
    url = f"sqlite:///{tmp_path / 'images.db'}"
    program = PeerProgram(SQLALCHEMY, Path(sys.executable), api, url, tmp_path)
    api.show(1)
    program.load()
    program.check(FIRST)
    with pytest.raises(WrongResultError):
        program.check(CHANGED)
    api.show(2)
    program.load()
    program.check(CHANGED)  # this peer never removes
    tamper(url, "delete from images where rowid = 1")
    with pytest.raises(WrongResultError):
        program.check(CHANGED)


def test_a_process_that_fails_is_not_measured(api, tmp_path):
    program = PeerProgram(
        SQLALCHEMY, Path(sys.executable), api, "sqlite:////no/such/file", tmp_path
    )
    with pytest.raises(WrongResultError, match="exit code 1"):
        program.load()
