"""Decisions as they are typed: `approve`, `dismiss` and `replay-rejects`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from etl.cli.main import run
from tests.support.fake_api import (
    FakeApi,
    Quirks,
    generation,
    workspaces,
)

ALIVE = [image for image in generation(1) if image.get("status") != "DELETED"]
FEW = ALIVE[::2]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi(ALIVE, workspaces=workspaces()) as api:
        yield api


@pytest.fixture
def config(tmp_path: Path, api: FakeApi, database_url: str) -> str:
    path = tmp_path / "config.toml"
    path.write_text(
        f'[database]\nurl = "{database_url}"\n[http]\nmax_retries = 0\n'
        f'[[source]]\nname = "s"\nendpoint = "{api.url}"\nproject_id = "p"\n'
    )
    return str(path)


def states(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        rows = connection.execute(text("select state, count(*) as n from images group by state"))
        return {row.state: row.n for row in rows}


def read(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def held(config: str, api: FakeApi, capsys: pytest.CaptureFixture[str]) -> str:
    """A source whose second run holds half its images."""
    assert run(["-c", config, "sync"]) == 0
    api.images = FEW
    assert run(["-c", config, "sync"]) == 30
    output = capsys.readouterr().out
    assert "removals held by the guard (max_percent)" in output
    assert "approve 2" in output
    assert "dismiss 2" in output
    return config


def test_approve_removes_what_is_still_gone(
    held: str, api: FakeApi, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    api.images = [*FEW, ALIVE[1]]
    assert run(["-c", held, "approve", "2", "--output", "json"]) == 0
    (source,) = read(capsys)["sources"]
    assert source["removed"] == len(ALIVE) - len(FEW) - 1
    assert states(engine) == {"present": len(FEW) + 1, "removed": len(ALIVE) - len(FEW) - 1}
    assert run(["-c", held, "verify"]) == 0
    assert run(["-c", held, "approve", "2"]) == 2
    assert "run 2 has no held removals" in capsys.readouterr().err


def test_a_held_image_is_not_counted_as_missing(
    held: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["-c", held, "status", "--format", "json"]) == 0
    (source,) = read(capsys)
    assert (source["held"], source["missing"]) == (len(ALIVE) - len(FEW), 0)


def test_an_unchanged_held_set_is_not_rewritten_and_belongs_to_each_run(
    held: str, engine: Engine
) -> None:
    def rows() -> list[Any]:
        with engine.connect() as connection:
            return list(connection.execute(text("select * from held_removals order by image_id")))

    before = rows()
    assert run(["-c", held, "sync"]) == 30
    assert rows() == before
    assert run(["-c", held, "approve", "3"]) == 0
    assert states(engine) == {"present": len(FEW), "removed": len(ALIVE) - len(FEW)}


def test_approve_keeps_images_held_if_lookups_fail(
    held: str, api: FakeApi, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    api.quirks = Quirks(show="refused")
    capsys.readouterr()
    assert run(["-c", held, "approve", "2"]) == 30
    output = capsys.readouterr()
    assert f"{len(ALIVE) - len(FEW)}  removals held by the guard (max_percent)" in output.out
    assert "lookups failed run=3 source=s refused=" in output.err
    assert states(engine) == {"present": len(ALIVE)}
    assert run(["-c", held, "verify"]) == 0
    api.quirks = Quirks()
    assert run(["-c", held, "approve", "3"]) == 0
    assert states(engine) == {"present": len(FEW), "removed": len(ALIVE) - len(FEW)}


def test_approve_uses_two_walks_if_lookups_are_refused(
    config: str, api: FakeApi, engine: Engine
) -> None:
    assert run(["-c", config, "sync"]) == 0
    api.images, api.quirks = FEW, Quirks(show="refused")
    assert run(["-c", config, "sync"]) == 0
    assert run(["-c", config, "sync"]) == 30
    assert run(["-c", config, "approve", "3"]) == 0
    assert states(engine) == {"present": len(FEW), "removed": len(ALIVE) - len(FEW)}


def test_dismiss_discards_the_set_and_the_next_run_decides_again(
    held: str, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(["-c", held, "dismiss", "2"]) == 0
    output = capsys.readouterr().out
    assert f"{len(ALIVE) - len(FEW)}  held removals dismissed: later runs decide again" in output
    assert run(["-c", held, "removals", "--held", "--format", "json"]) == 0
    assert read(capsys) == []
    assert states(engine) == {"present": len(ALIVE)}
    assert run(["-c", held, "sync"]) == 30
    assert run(["-c", held, "sync", "--accept-removals"]) == 0
    assert states(engine) == {"present": len(FEW), "removed": len(ALIVE) - len(FEW)}
    assert run(["-c", held, "verify"]) == 0


def test_rejects_are_replayed(
    config: str, api: FakeApi, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = {**ALIVE[3], "size": "large"}
    api.images = [*ALIVE[:3], bad, 17, *ALIVE[4:]]
    assert run(["-c", config, "sync"]) == 3
    capsys.readouterr()
    assert run(["-c", config, "replay-rejects"]) == 0
    assert "2  records rejected" in capsys.readouterr().out
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from rejects")) == 2
        connection.execute(text("update rejects set record = replace(record, '\"large\"', '5')"))
        connection.commit()
    assert run(["-c", config, "replay-rejects"]) == 0, "a record that is not whole is left alone"
    api.images = ALIVE
    assert run(["-c", config, "sync"]) == 0
    capsys.readouterr()
    assert run(["-c", config, "rejects", "--format", "json"]) == 0
    assert read(capsys) == [], "what has no id is resolved by a reading without it"
