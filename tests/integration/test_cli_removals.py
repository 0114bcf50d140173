"""Every kind of evidence and every rule of the guard, through the command: codes and words."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from etl.cli.main import run
from tests.support.fake_api import FakeApi, Quirks, Request, Response, error_response
from tests.support.syncing import catalogue, image

OTHER = "a" * 32
GONE = "id-0011"
ALL = catalogue(12)
LESS = [each for each in ALL if each["id"] != GONE]
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi(ALL) as api:
        yield api


@pytest.fixture
def command(
    tmp_path: Path, api: FakeApi, database_url: str, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Types a command; its exit code, and what it said on either stream."""
    path = tmp_path / "config.toml"
    path.write_text(
        f'[database]\nurl = "{database_url}"\n[http]\nmax_retries = 0\n'
        f'[[source]]\nname = "one"\nendpoint = "{api.url}"\nproject_id = "p"\n'
    )

    def command(line: str, *, removals: dict[str, Any] | None = None) -> tuple[int, str, str]:
        if removals is not None:
            told = "\n".join(f"{key} = {json.dumps(value)}" for key, value in removals.items())
            path.write_text(f"{path.read_text()}\n[removals]\n{told}\n")
        code = run(["-c", str(path), *shlex.split(line)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def rows(command: Command, line: str) -> list[dict[str, Any]]:
    code, out, _ = command(f"{line} --format json")
    assert code == 0
    return json.loads(out)


def in_lines(text: str, *lines: str) -> None:
    """Each of them is a line of the text, whatever it is indented by."""
    found = {line.strip() for line in text.splitlines()}
    assert set(lines) <= found, text


# Evidence.


@pytest.mark.parametrize(
    ("evidence", "images", "quirks", "detail"),
    [
        (
            "lookup_not_found",
            LESS,
            {"missing_image_status": 400},
            {"http_status": 400, "error_code": "ModelArts.6404"},
        ),
        (
            "lookup_not_found",
            LESS,
            {"missing_image_status": 404},
            {"http_status": 404, "error_code": "ModelArts.6404"},
        ),
        (
            "lookup_deleted",
            [*LESS, image(11, status="DELETED")],
            {"unlisted": frozenset({GONE})},
            {"http_status": 200, "status": "DELETED"},
        ),
        (
            "listed_deleted",
            [*LESS, image(11, status="DELETED")],
            {},
            {"status": "DELETED", "listing": "BUILD_IN/0"},
        ),
    ],
)
def test_what_is_proven_is_removed_with_its_evidence(
    command: Command,
    api: FakeApi,
    evidence: str,
    images: list[Any],
    quirks: dict[str, Any],
    detail: dict[str, Any],
) -> None:
    assert command("sync")[0] == 0
    api.images, api.quirks = images, Quirks(**quirks)
    code, out, err = command("plan")
    assert (code, err) == (0, "")
    assert f"- {GONE}  image 11  remove ({evidence}: " in out
    assert rows(command, "removals") == []
    code, out, err = command("sync")
    assert (code, err) == (0, "")
    in_lines(out, "1  removed, each with evidence", "11  unchanged")
    assert re.search(r"removals:        image-sync .*removals --run 2", out)
    [row] = rows(command, "removals --run 2")
    assert (row["image_id"], row["evidence"]) == (GONE, evidence)
    assert row["evidence_detail"].items() >= detail.items()
    assert row["last_seen_at"] < row["evidence_detail"]["time"] <= row["removed_at"]
    assert row["last_seen_at"] < row["removed_at"]
    assert evidence in command("removals")[1]
    assert command("verify")[0] == 0


@pytest.mark.parametrize(
    ("removals", "quirks", "warning"),
    [
        ({"evidence": "two_walks"}, {}, ""),
        ({"max_lookups": 0}, {}, ""),
        ({}, {"show": "refused"}, "warning: lookups not permitted"),
    ],
)
def test_without_lookups_absence_from_two_certified_runs_is_the_evidence(
    command: Command,
    api: FakeApi,
    removals: dict[str, Any],
    quirks: dict[str, Any],
    warning: str,
) -> None:
    assert command("sync", removals=removals)[0] == 0
    api.images, api.quirks = LESS, Quirks(**quirks)
    assert f"? {GONE}  image 11  missing, undecided" in command("plan")[1]
    code, out, err = command("sync")
    assert (code, err.count(warning)) == (0, 1 if warning else len(err) + 1)
    in_lines(out, "1  missing without proof: present until a later run decides")
    assert rows(command, "removals") == []
    code, out, err = command("sync")
    assert (code, err.count(warning)) == (0, 1 if warning else len(err) + 1)
    in_lines(out, "1  removed, each with evidence")
    [row] = rows(command, "removals")
    assert (row["run_id"], row["evidence"]) == (3, "absent_twice")
    assert row["last_seen_at"] < row["missing_since"] < row["removed_at"]
    assert row["missing_since"] == row["evidence_detail"]["missing_since"]
    assert row["missing_since"] < row["evidence_detail"]["time"] <= row["removed_at"]


def failing(request: Request) -> Response | None:
    is_lookup = "/images/" in request.path
    return error_response(500, "ModelArts.0001", "no") if is_lookup else None


def test_an_image_that_is_found_or_undecided_stays(command: Command, api: FakeApi) -> None:
    assert command("sync")[0] == 0
    api.quirks = Quirks(unlisted=frozenset({GONE}))
    code, out, _ = command("sync")
    assert code == 0
    in_lines(out, "1  not listed, but found by id: still present")
    api.images, api.before_request = LESS, failing
    for _ in range(3):
        code, out, _ = command("sync")
        assert code == 0
        in_lines(out, "1  missing without proof: present until a later run decides")
    assert len(rows(command, "images")) == 12
    api.before_request = None
    in_lines(command("sync")[1], "1  removed, each with evidence")


def test_a_walk_that_is_not_certified_says_why_and_removes_nothing(
    command: Command, api: FakeApi
) -> None:
    assert command("sync")[0] == 0
    totals = iter(range(20, 99))
    api.images = LESS
    api.quirks = Quirks(total=lambda _: next(totals), sort_keys=frozenset())
    code, out, _ = command("sync")
    assert code == 3
    in_lines(
        out,
        "none  not certified: images may have been missed, so none is removed",
    )
    assert "BUILD_IN/0: the number of images differs from the total" in out
    assert "DEDICATED/0: the number of images differs from the total" in out
    assert "; the endpoint cannot sort by creation time" in out
    assert len(rows(command, "images")) == 12
    _, _, err = command("-q sync")
    assert err == "image-sync: Run 3 partial: one: the walk could not be certified\n"


def test_an_image_that_comes_back_changed_says_so(command: Command, api: FakeApi) -> None:
    assert command("sync")[0] == 0
    api.images = LESS
    assert command("sync")[0] == 0
    api.images = [*LESS, image(11, name="anew")]
    assert "~ id-0011  anew  restored\n" in command("plan")[1]
    in_lines(command("sync")[1], "1  restored: had been removed")
    [row] = rows(command, "removals")
    assert (row["restored_run_id"], row["restored_at"] > row["removed_at"]) == (3, True)
    told = rows(command, f"history {GONE}")
    assert [(row["version"], row["opened_as"]) for row in told] == [(1, "added"), (2, "restored")]
    assert 'name: "image 11" → "anew"' in command(f"history {GONE}")[1]


def test_an_image_that_a_new_filter_excludes_is_not_removed(
    command: Command, api: FakeApi, tmp_path: Path
) -> None:
    api.images = [*LESS, image(11, type="DEDICATED")]
    assert command("sync")[0] == 0
    path = tmp_path / "config.toml"
    path.write_text(path.read_text() + 'types = ["BUILD_IN"]\n')
    assert f"? {GONE}  image 11  out of scope" in command("plan")[1]
    code, out, _ = command("sync")
    assert code == 0
    in_lines(out, "1  out of scope: excluded by the source's types, workspaces or filters")
    assert rows(command, "removals") == []


# The guard.

FEW = [image(2, name="changed"), image(12), *ALL[3:5]]  # of twelve, nine are gone


@pytest.mark.parametrize(
    ("removals", "images", "rule", "held"),
    [
        ({"always_allow": 8, "max_percent": 60}, FEW, "max_percent", 9),
        ({"always_allow": 8, "max_count": 8, "max_percent": 100}, FEW, "max_count", 9),
        ({"always_allow": 99, "max_count": 99, "max_percent": 100}, [], "empty_listing", 12),
    ],
)
def test_implausibly_large_removals_are_held_and_can_be_approved_or_dismissed(
    command: Command,
    api: FakeApi,
    removals: dict[str, Any],
    images: list[Any],
    rule: str,
    held: int,
) -> None:
    assert command("sync", removals=removals)[0] == 0
    api.images = images
    code, out, _ = command("plan")
    assert (code, out.count(" hold (lookup_not_found: ")) == (30, held)
    code, out, _ = command("sync")
    assert code == 30
    assert f"{held}  removals held by the guard ({rule}): " in out
    if images:
        in_lines(out, "1  added", "1  changed: name 1")
    labels = "held removals|remove them|keep the images"
    ways = dict(re.findall(rf"^  ({labels}): +image-sync (.*)$", out, re.MULTILINE))
    assert [*ways] == labels.split("|")
    assert len(rows(command, "images")) == 12 + bool(images)

    assert command(ways["held removals"])[1].count(f"  {rule}  ") == held
    code, out, _ = command(ways["keep the images"])
    assert code == 0
    in_lines(out, f"{held}  held removals dismissed: later runs decide again")
    code, _, err = command("-q sync")
    assert code == 30
    assert re.fullmatch(
        rf"image-sync: Run 4 held: one: {held} removals held \({rule}\): remove them with"
        " `image-sync .*approve 4` or keep the images with `image-sync .*dismiss 4`\n",
        err,
    )
    assert {row["run_id"] for row in rows(command, "removals --held")} == {4}
    if rule == "max_count":
        code, out, _ = command("sync --accept-removals")
    else:
        code, out, _ = command(ways["remove them"].replace("approve 2", "approve 4"))
    assert code == 0
    in_lines(out, f"{held}  removed, each with evidence")
    assert command("sync")[0] == 0
    assert command("verify")[0] == 0


def test_few_removals_are_never_held(command: Command, api: FakeApi) -> None:
    removals = {"always_allow": 9, "max_count": 0, "max_percent": 0}
    assert command("sync", removals=removals)[0] == 0
    api.images = FEW
    code, out, _ = command("sync")
    assert code == 0
    in_lines(out, "9  removed, each with evidence")


def test_one_listing_of_several_that_comes_back_empty_is_held(
    command: Command, api: FakeApi
) -> None:
    api.images = [*LESS, image(11, type="DEDICATED")]
    assert command("sync")[0] == 0
    api.images = LESS
    code, out, _ = command("sync")
    assert code == 30
    assert "1  removal held by the guard (empty_listing): " in out
    assert len(rows(command, "images")) == 12


def test_a_workspace_that_vanishes_from_the_discovery_proves_nothing(
    command: Command, api: FakeApi
) -> None:
    api.workspaces = (OTHER,)
    api.images = [*LESS, image(11, workspace_id=OTHER)]
    assert command("sync")[0] == 0
    api.workspaces, api.images = (), LESS
    for _ in range(2):
        code, out, _ = command("sync")
        assert code == 0
        in_lines(out, "1  missing without proof: present until a later run decides")
    assert len(rows(command, "images")) == 12


def test_what_approve_asked_for_again_is_counted(
    command: Command, api: FakeApi, tmp_path: Path
) -> None:
    guard = {"always_allow": 0, "max_count": 0, "max_percent": 0}
    assert command("sync", removals=guard)[0] == 0
    api.images = LESS
    assert command("sync")[0] == 30
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("max_retries = 0", "max_retries = 2"))
    answers = [error_response(503, "ModelArts.0001", headers={"Retry-After": "0"})]
    api.before_request = lambda _: answers.pop() if answers else None
    code, out, _ = command("approve 2 --output json")
    (source,) = json.loads(out)["sources"]
    assert (code, source["removed"], source["requests"], source["retries"]) == (0, 1, 2, 1)


def test_a_run_begins_when_its_row_says(command: Command) -> None:
    told = json.loads(command("sync --output json")[1])
    (row,) = json.loads(command("runs --format json")[1])
    assert {name: row[name] for name in ("started_at", "finished_at")} == {
        name: told[name] for name in ("started_at", "finished_at")
    }
