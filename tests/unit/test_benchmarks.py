"""The benchmark notices wrong results and reports its figures correctly."""

from __future__ import annotations

import ast
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec import json
from sqlalchemy import create_engine

from benchmarks import environments, moving
from benchmarks.catalogue import changed_count, records, removed_count, removed_rows
from benchmarks.environments import NotInstallableError, environment
from benchmarks.moving import Dlt, Watched, plain
from benchmarks.peers import PEERS, check
from benchmarks.processes import Cost
from benchmarks.programs import CHANGED, FIRST, UNCHANGED
from benchmarks.report import page
from benchmarks.round_trips import RoundTrips
from benchmarks.rounds import FETCH, FLOOR, HELP, IMAGE_SYNC, INSERT, Results, Round
from benchmarks.tables import Aim, judged, table
from benchmarks.truth import COLUMNS, contents
from tests.support.schedules import World, drawn

SCRIPTS = Path(check.__file__).parent
DLT = PEERS[0]
USUAL = {"schedules", "settled", "runs"}  # the other figures count mistakes


class TestCatalogue:
    def test_a_record_has_its_length_and_ids_are_unique(self):
        images = list(records(1000, generation=1))
        assert {len(json.encode(image)) for image in images} == {491}
        assert len({image["id"] for image in images}) == 1000

    def test_the_second_generation_differs_as_documented(self):
        before, after = (
            {image["id"]: image for image in records(1000, generation=number)} for number in (1, 2)
        )
        both = before.keys() & after.keys()
        assert sum(before[key] != after[key] for key in both) == changed_count(1000) == 10
        assert len(before.keys() - after.keys()) == removed_count(1000) == 2
        assert len(after) == len(before)

    def test_the_removed_rows_are_absent_from_the_second_generation(self):
        before = list(records(1000, generation=1))
        after = {image["id"] for image in records(1000, generation=2)}
        gone = {row for row, image in enumerate(before) if image["id"] not in after}
        assert removed_rows(1000) == gone


class TestTruth:
    def test_the_digest_does_not_depend_on_order_or_parts(self):
        rows = [[number, "value"] for number in range(5)]
        assert contents(rows[:2]) + contents(rows[2:]) == contents(reversed(rows))

    def test_another_value_has_another_digest(self):
        assert contents([[1, "a"]]) != contents([[1, "b"]])
        assert contents([[1, None]]) != contents([[1, ""]])


def write_images(folder: Path, columns: str, *rows: str) -> None:
    """Write a table like a peer's to images.db."""
    engine = create_engine(f"sqlite:///{folder / 'images.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"create table images ({columns})")
        for row in rows:
            connection.exec_driver_sql(f"insert into images values ({row})")
    engine.dispose()


class TestPeers:
    def test_rows_that_dlt_closed_are_not_present(self, tmp_path):
        columns = ", ".join([*COLUMNS, "_dlt_valid_to"])
        lists = {"dev_services": '["SSH", "NOTEBOOK"]', "resource_categories": "[]", "tags": None}
        cells = {name: "1" if name == "id" else None for name in COLUMNS} | lists
        shown = ", ".join("null" if cell is None else f"'{cell}'" for cell in cells.values())
        write_images(tmp_path, columns, f"{shown}, null", f"{shown}, '2026-11-02'")
        left = check.left_by(DLT, f"sqlite:///{tmp_path / 'images.db'}")
        wanted = cells | {"dev_services": ["NOTEBOOK", "SSH"], "resource_categories": []}
        assert left == contents([list(wanted.values())])

    @pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
    def test_each_script_parses_and_names_its_versions(self, peer):
        assert ast.parse((SCRIPTS / peer.script).read_text()).body
        assert all("==" in package for package in peer.packages)  # the page shows versions
        assert set(peer.relations) == {"sqlite", "postgresql"} or peer.without


class TestEnvironment:
    @pytest.fixture
    def requested(self, monkeypatch):
        """The packages requested from pip; nothing is installed."""
        requested: list[list[str]] = []

        def run(command, **_):
            requested.append(command[command.index("install") + 1 :])
            code = int("broken==1" in command)
            return SimpleNamespace(returncode=code, stderr="ERROR: one\nERROR: no such version\n")

        monkeypatch.setattr(subprocess, "run", run)
        monkeypatch.setattr(
            environments.venv, "create", lambda folder, with_pip: folder.mkdir(parents=True)
        )
        return requested

    def test_it_is_created_once(self, requested, tmp_path):
        for _ in range(2):
            assert environment(tmp_path / "dlt", ["dlt==1"]) == tmp_path / "dlt" / "bin" / "python"
        assert requested == [["dlt==1"]]

    def test_it_is_created_again_for_other_packages(self, requested, tmp_path):
        environment(tmp_path / "dlt", ["dlt==1"])
        environment(tmp_path / "dlt", ["dlt==2"])
        assert requested == [["dlt==1"], ["dlt==2"]]

    def test_packages_that_cannot_be_installed_are_reported_each_time(self, requested, tmp_path):
        for _ in range(2):
            with pytest.raises(NotInstallableError, match=r"^ERROR: no such version$"):
                environment(tmp_path / "dlt", ["broken==1"])
        assert len(requested) == 2


class TestTables:
    @pytest.mark.parametrize(
        ("aim", "reached", "missed"),
        [
            (Aim(2), 2.0, ""),
            (Aim(2), 2.5, "25% above"),
            (Aim(2, is_least=True), 2.0, ""),
            (Aim(2, is_least=True), 1.5, "25% below"),
        ],
    )
    def test_a_goal_reports_by_how_much_it_is_missed(self, aim, reached, missed):
        assert aim.missed_by(reached) == missed

    def test_a_figure_is_the_median_with_its_range(self):
        assert list(judged([3, 1, 9], None)) == ["3 (1 to 9)", "", ""]
        assert list(judged([3, 1, 9], Aim(2))) == ["3 (1 to 9)", "≤ 2", "50% above"]

    def test_a_table_without_rows_is_no_section(self):
        assert table("Title", ("a", "b"), []) == ""


def cost(cpu_seconds: float) -> Cost:
    return Cost(cpu_seconds, cpu_seconds * 2, 50_000_000, "")


def one_round(floor: float, own: float, dlt: float | None = None) -> Round:
    works = {FIRST: own * 3, UNCHANGED: own, CHANGED: own * 1.2}
    costs = {FLOOR: {FETCH: cost(floor)}}
    costs[IMAGE_SYNC] = {work: cost(seconds) for work, seconds in works.items()}
    if dlt:
        costs["dlt"] = {work: cost(dlt) for work in works}
    return costs


def lines_of(results: Results) -> list[str]:
    return page(results).splitlines()


class TestPage:
    def test_ratios_compare_programs_within_one_round(self):
        rounds = [one_round(1, 2, dlt=16), one_round(2, 2, dlt=22), one_round(1, 3)]
        lines = lines_of(Results(rounds={(100_000, "sqlite"): rounds}))
        assert "| 100,000 | sqlite | unchanged : floor | 2 (1 to 3) | ≤ 1.4 | 43% above |" in lines
        wanted = "dlt : image-sync, unchanged | 9.5 (8 to 11) | ≥ 15 | 37% below |"
        assert f"| 100,000 | sqlite | {wanted}" in lines
        assert "| 100,000 | sqlite | image-sync | unchanged | 2.00 | 4.00 | 50 | 3 |" in lines
        assert "| 100,000 | sqlite | dlt | unchanged | 19.00 | 38.00 | 50 | 2 |" in lines

    def test_the_first_load_is_compared_with_floor_and_fastest_insert(self):
        measured = one_round(1, 2) | {INSERT: {FIRST: cost(3)}}
        lines = lines_of(Results(rounds={(100_000, "sqlite"): [measured, one_round(1, 2)]}))
        label = "first load : (floor + fastest insert)"
        assert f"| 100,000 | sqlite | {label} | 1.5 (1.5 to 1.5) | ≤ 1.5 |  |" in lines

    def test_round_trips_come_first_with_the_needed_requests_and_the_goal(self):
        name = "20 + 20 images, correct `total`"
        found = RoundTrips(4, "exact", {0: [0.4, 9, 0.3], 50: [0.5], 200: [1.0]})
        lines = lines_of(Results(round_trips={name: found}, startup={HELP: [cost(1)]}))
        # 1.25 × (0.4 s + one round trip of 0.2 s)
        row = f"| {name} | 4 | 3 | 1 | 0.40 | 0.50 | 1.00 | ≤ 0.75 | 33% above | exact |"
        assert row in lines
        sections = [line for line in lines if line.startswith("## ")]
        assert sections[0] == "## Scheduled runs over a slow network"

    def test_growth_is_shown_in_total_and_for_each_step(self):
        rounds = {
            (100_000, "sqlite"): [one_round(1, 2)],
            (10_000, "sqlite"): [one_round(0.2, 0.5)],
        }
        lines = lines_of(Results(rounds=rounds))
        # 0.5 s for 10,000: 50 µs each; 2 s for 100,000: 20; the 90,000 between them: 16.7
        assert "| sqlite | unchanged | 50.0 | 20.0 | 16.7 | 0.40 | ≤ 1.25 |  |" in lines

    def test_latency_is_compared_with_the_unavoidable_share(self):
        works = one_round(1, 1.5)[IMAGE_SYNC]
        lines = lines_of(Results(latencies={(100_000, "sqlite", 200): [works]}))
        # 100 pages, 8 in flight, 200 ms: 2.5 s; it took 3
        wanted = "unchanged | 3.00 | 2.50 | 1.2 (1.2 to 1.2) | ≤ 1.15 | 4% above |"
        assert f"| 100,000 | sqlite | 200 ms | {wanted}" in lines

    def test_the_page_says_if_a_database_was_not_available(self):
        notice = "PostgreSQL was not available."
        both = {(10, kind): [one_round(1, 2)] for kind in ("sqlite", "postgresql")}
        assert notice in lines_of(Results(rounds={(10, "sqlite"): [one_round(1, 2)]}))
        assert notice not in lines_of(Results(rounds=both))

    def test_each_command_is_listed_with_the_load_before_it(self):
        lines = lines_of(Results(sessions=[("python -m benchmarks 10", 0.04), ("… --add", 2.5)]))
        assert "- `python -m benchmarks 10`, started at a load average of 0.0" in lines
        assert "- `… --add`, started at a load average of 2.5" in lines

    def test_the_page_says_why_a_tool_was_left_out(self):
        lines = lines_of(Results(left_out={"dlt": "no such version"}))
        assert any(line.startswith("| dlt |") and "no such version" in line for line in lines)


class TestMoving:
    def test_a_plain_endpoint_keeps_the_changes(self):
        schedule = plain(drawn(7))
        assert (schedule.total, schedule.offset, schedule.limit_cap) == ("right", "records", None)
        assert schedule.budgets == drawn(7).budgets
        assert schedule.settles

    def test_image_sync_is_correct_at_the_end(self):
        figures = moving.played(plain(drawn(1)), None)
        assert figures["runs"] >= 4
        assert sum(count for name, count in figures.items() if name not in USUAL) == 0

    def test_an_existing_image_that_is_not_in_the_record_is_missed(self):
        world = World(replace(drawn(1), rows=9))
        world.begin(0)
        listed = list(world.truth().values())
        reader = SimpleNamespace(run=None, versions=None, present=lambda: [(listed[0]["id"],)])
        watched = Watched(world, reader)
        watched.present()
        assert watched.missed == 8

    def test_the_rows_of_dlt_are_read(self, tmp_path):
        columns = "id, name, status, arch, dev_services, _dlt_valid_to"
        write_images(
            tmp_path,
            columns,
            "'a', 'new', 'ACTIVE', 'X86_64', '[\"SSH\", \"NOTEBOOK\"]', null",
            "'a', 'old', 'ACTIVE', 'x86_64', '[]', '2026-11-02'",
            "'b', 'gone', 'DELETED', 'x86_64', '[]', null",
        )
        reader = Dlt(World(plain(drawn(1))), "http://127.0.0.1:9", tmp_path, None)
        [facts] = reader.present()
        assert facts[:2] == ("a", "new")
        assert facts[5:7] == ("x86_64", ("NOTEBOOK", "SSH"))
        assert reader.versions() == Counter(a=2)

    def test_before_the_first_image_dlt_has_no_table(self, tmp_path):
        reader = Dlt(World(plain(drawn(1))), "http://127.0.0.1:9", tmp_path, None)
        assert reader.present() == []
