"""A history of 300 runs: every question's answer is the one that plain Python gives.

The real loader writes the history into SQLite, and `db copy` puts it into PostgreSQL: that both
loaders write the same is shown by tests/property. `tests/support/naive_loader.py` records the same
runs in dictionaries and lists, and shares no line with the program.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import pyarrow.parquet
import pytest

from etl.audit.dashboard import data, write_dashboard
from etl.audit.export import RELATIONS
from etl.audit.query import names_in, read_query
from etl.cli.context import CliContext
from etl.cli.main import run
from etl.database.engine import open_engine
from etl.transform import builtin_tables
from tests.support import expected_output
from tests.support.databases import BACKENDS, opened
from tests.support.generated import play, steps
from tests.support.history import History
from tests.support.naive_loader import Plain, spelled
from tests.support.verified import assert_consistent

RUNS = 300
CUT = 120  # the run up to which history is pruned
MOMENTS = 8  # instants and runs that a question is asked for
pytestmark = pytest.mark.xdist_group("agreement")  # the history is written once
choose = random.Random(11)  # the same ones every time


@pytest.fixture(scope="session")
def script():
    return steps(runs=RUNS)


@pytest.fixture(scope="session")
def record(script):
    """The plain one."""
    first = datetime(2026, 9, 1, 7, 0, 2, tzinfo=UTC)
    return Plain().play(script, [first + timedelta(hours=number) for number in range(RUNS)])


@pytest.fixture(scope="session")
def written(databases, script, record):
    """The real one, in SQLite."""
    with databases.migrated("sqlite") as url, opened(url) as engine:
        assert play(History(engine), script) == [row["at"] for row in record.runs]
        yield engine


@pytest.fixture(scope="session", params=BACKENDS)
def engine(request, databases, written):
    """The real one, in SQLite and copied to PostgreSQL."""
    if request.param == "sqlite":
        yield written
        return
    with databases.empty("postgresql") as url, opened(url) as engine:
        assert run(["-q", "--database", _url(written), "db", "copy", url]) == 0
        yield engine


@pytest.fixture(scope="session")
def pruned(engine, databases, record):
    """A copy of the database in which the first part of the history of one source was pruned."""
    engine.dispose()
    now = record.runs[-1]["at"] + timedelta(minutes=1)
    keep = now - record.runs[CUT - 1]["at"]
    with databases.copied(_url(engine)) as url:
        with patch.object(CliContext, "clock", staticmethod(lambda: now)):
            hours = round(keep / timedelta(hours=1))
            assert run(["-q", "--database", url, "prune", "--source", "north",
                        "--keep", f"{hours}h"]) == 0  # fmt: skip
        yield url


def _url(engine):
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture
def ask(engine, monkeypatch, tmp_path, capsys):
    """Asks a command for JSON."""
    return _asking(_url(engine), monkeypatch, tmp_path, capsys)


@pytest.fixture
def ask_pruned(pruned, monkeypatch, tmp_path, capsys):
    """Asks a command for JSON and for what it remarks, where history was pruned."""
    return _asking(pruned, monkeypatch, tmp_path, capsys)


def _asking(url, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", url)

    def ask(*args, code=0):
        capsys.readouterr()
        assert run([*map(str, args), "--format", "json"]) == code
        captured = capsys.readouterr()
        ask.remarks = captured.err
        return json.loads(captured.out) if code == 0 else None

    return ask


def agree(found, expected, *, is_ordered=True):
    """The rows are the same in every column that the plain record tells."""
    columns = list(expected[0]) if expected else []
    told = [{name: row[name] for name in columns} for row in found]
    if not is_ordered:
        told, expected = (sorted(rows, key=_key) for rows in (told, expected))
    assert len(told) == len(expected)
    for one, other in zip(told, expected, strict=True):
        assert one == other


def _key(row):
    return json.dumps(row, sort_keys=True)


def moments(record):
    """Instants before, at, between and after runs."""
    rows = choose.sample(record.runs, MOMENTS)
    shifts = [timedelta(0), -timedelta(milliseconds=1), timedelta(minutes=7)]
    return [row["at"] + shifts[place % 3] for place, row in enumerate(rows)]


def test_the_generated_history_contains_every_kind_of_event(record):
    """What the comparisons below are worth."""
    assert {row["kind"] for row in record.changes} == {
        *("added", "changed", "removed", "restored", "out_of_scope", "in_scope")
    }
    assert {row["released_as"] for row in record.held} >= {"removed", "dismissed", "withdrawn"}
    assert {row["status"] for row in record.source_runs} == {
        *("succeeded", "partial", "held", "failed")
    }
    assert {row["kind"] for row in record.runs} == {"sync", "approve", "dismiss"}
    assert {row["evidence"] for row in record.removals} == {"lookup_not_found", "listed_deleted"}
    assert any(row["resolved_at"] for row in record.rejects)
    assert not all(row["resolved_at"] for row in record.rejects)
    assert any(known.missing_since for known in record.images.values())
    assert len(record.images) > 60


def test_the_record_is_consistent(engine):
    with engine.connect() as connection:
        assert_consistent(connection)


def test_images(ask, record):
    middle = sorted(known.latest.valid_from for known in record.images.values())[-40]
    for args, keeps in (
        ((), lambda row: row["state"] == "present"),
        (("--state", "all"), lambda _: True),
        (("--state", "removed"), lambda row: row["state"] == "removed"),
        (("--state", "out_of_scope"), lambda row: row["state"] == "out_of_scope"),
        (("--source", "south"), lambda row: (row["state"], row["source"]) == ("present", "south")),
        (("--arch", "AARCH64"), lambda row: (row["state"], row["arch"]) == ("present", "aarch64")),
        (
            ("--type", "dedicated", "--state", "all"),
            lambda row: row["type"] == "DEDICATED",
        ),
        (
            ("--dev-service", "SSH", "--state", "all"),
            lambda row: "SSH" in (row["dev_services"] or []),
        ),
        (
            ("--since", middle.isoformat(), "--state", "all"),
            lambda row: row["last_changed_at"] >= spelled(middle),
        ),
        (
            ("--until", middle.isoformat(), "--state", "all"),
            lambda row: row["last_changed_at"] < spelled(middle),
        ),
    ):
        expected = expected_output.images(record, keeps)
        assert expected
        agree(ask("images", *args), expected)
    for run_id in (1, RUNS // 2, RUNS):
        agree(ask("images", "--run", run_id), expected_output.images_of_run(record, run_id))


def test_images_as_of(ask, record):
    for at in moments(record):
        expected = expected_output.images_at(record, lambda _, at=at: at, lambda _: True)
        agree(ask("images", "--as-of", at.isoformat()), expected)
    for run_id in choose.sample(range(1, RUNS), MOMENTS // 2):
        expected = expected_output.images_at(
            record, lambda source, run_id=run_id: record.observed(source, run_id), lambda _: True
        )
        agree(ask("images", "--as-of", run_id), expected)
    at = record.runs[150]["at"]
    for args, keeps in (
        (("--arch", "x86_64"), lambda row: row["arch"] == "x86_64"),
        (("--type", "BUILD_IN"), lambda row: row["type"] == "BUILD_IN"),
        (("--dev-service", "SSH"), lambda row: "SSH" in (row["dev_services"] or [])),
        (("--source", "north"), lambda row: row["source"] == "north"),
    ):
        expected = expected_output.images_at(record, lambda _: at, keeps)
        assert expected
        agree(ask("images", "--as-of", at.isoformat(), *args), expected)


def test_history(ask, record):
    for known in choose.sample(expected_output.ordered(record), MOMENTS):
        expected = expected_output.history(record, known)
        found = ask("history", known.image_id[:12], "--source", known.source)
        for row in found:
            row["changes"].sort(key=lambda each: each["field"])
        agree(found, expected)


def test_changes(ask, record):
    one, other = (record.changes[len(record.changes) * n // 3]["at"] for n in (1, 2))
    for args, keeps in (
        ((), lambda _: True),
        *(
            (("--kind", kind), lambda row, kind=kind: row["kind"] == kind)
            for kind in ("added", "changed", "removed", "restored", "out_of_scope", "in_scope")
        ),
        *(
            (("--field", field), lambda row, field=field: row["field"] == field)
            for field in ("size", "status", "swr_path", "swr_tag", "dev_services", "updated_at")
        ),
        (("--run", "77"), lambda row: row["run_id"] == 77),
        (("--since", one.isoformat()), lambda row: row["at"] >= one),
        (("--until", other.isoformat()), lambda row: row["at"] < other),
        (
            ("--since", one.isoformat(), "--until", other.isoformat(), "--source", "south"),
            lambda row: one <= row["at"] < other and row["source"] == "south",
        ),
    ):
        agree(ask("changes", *args), expected_output.changes(record, keeps))
    for limit in (1, 40):
        latest = expected_output.changes(record, lambda _: True)[:limit]
        agree(ask("changes", "--limit", limit), latest)


def test_a_consumer_of_changes_can_resume(ask, record):
    """Each commit of a source is one log entry, in the order of the commits."""
    entries = [(row["run_id"], row["source"]) for row in record.source_runs]
    expected = [
        {**row, "entry": entry}
        for entry, key in enumerate(entries)
        for row in expected_output.changes_of(record, *key)
    ]
    agree(ask("changes", "--after", -1), expected)
    first = ask("changes", "--after", -1, "--limit", 1)  # never a part of an entry
    agree(first, [row for row in expected if row["entry"] == 0])
    for limit in (90, 700):
        received, after = [], -1
        while rows := ask("changes", "--after", after, "--limit", limit):
            assert len(rows) <= limit or len({row["entry"] for row in rows}) == 1
            received += rows
            after = rows[-1]["entry"]
        agree(received, expected)
    for args, keeps in (
        (("--source", "south"), lambda row: row["source"] == "south"),
        (("--kind", "removed", "--limit", 10_000), lambda row: row["kind"] == "removed"),
        (("--field", "size"), lambda row: row["field"] == "size"),
    ):
        some = [row for row in expected if row["entry"] > 20 and keeps(row)]
        agree(ask("changes", "--after", 20, *args), some)


def test_removals(ask, record):
    one = record.removals[len(record.removals) // 2]["removed_at"]
    for args, keeps in (
        ((), lambda _: True),
        (("--since", one.isoformat()), lambda row: row["removed_at"] >= one),
        (("--until", one.isoformat()), lambda row: row["removed_at"] < one),
        (("--source", "south"), lambda row: row["source"] == "south"),
        *(
            (("--run", number), lambda row, number=number: row["run_id"] == number)
            for number in {row["run_id"] for row in record.removals[:3]}
        ),
    ):
        expected = expected_output.removals(record, keeps)
        assert expected
        agree(ask("removals", *args), expected)
    agree(ask("removals", "--held"), expected_output.held(record))


def test_diff(ask, record):
    for _ in range(MOMENTS // 2):
        first, second = sorted(choose.sample(record.runs, 2), key=lambda row: row["at"])
        for begin, end in (
            (first["at"].isoformat(), second["at"].isoformat()),
            (first["run_id"], second["run_id"]),
            (first["run_id"], second["at"].isoformat()),
        ):
            sides = [
                (lambda source, run_id=row["run_id"]: record.observed(source, run_id))
                if isinstance(side, int)
                else (lambda _, at=row["at"]: at)
                for side, row in ((begin, first), (end, second))
            ]
            agree(ask("diff", begin, end), expected_output.diff(record, *sides))


def test_runs_and_rejects_and_status(ask, record):
    agree(ask("runs"), expected_output.runs(record))
    agree(ask("runs", "--source", "south"), expected_output.runs(record, ["south"]))
    one = record.runs[50]["at"] - timedelta(seconds=2)  # when run 51 began
    since = [row for row in expected_output.runs(record) if row["run_id"] > 50]
    agree(ask("runs", "--since", one.isoformat()), since)
    agree(
        ask("runs", "--run", "60"),
        [row for row in expected_output.runs(record) if row["run_id"] == 60],
    )
    agree(ask("runs", "--by-source"), expected_output.source_runs(record))
    agree(ask("rejects"), expected_output.rejects(record, is_all=False))
    agree(ask("rejects", "--all"), expected_output.rejects(record, is_all=True))
    agree(ask("status"), expected_output.status(record))


REPORTS = {
    "catalogue": lambda record, _since, _until: expected_output.catalogue(record),
    "changed-fields": expected_output.changed_fields,
    "come-and-go": lambda record, _since, _until: expected_output.come_and_go(record),
    "components": lambda record, _since, _until: expected_output.components(record),
    "dedicated": lambda record, _since, _until: expected_output.dedicated(record),
    "end-of-life": lambda record, _s, _u: expected_output.end_of_life(
        record, datetime.now(UTC).date()
    ),
    "freshness": lambda record, _since, _until: expected_output.freshness(record),
    "growth": lambda record, _since, _until: expected_output.weeks(record),
    "moved-tags": lambda record, since, until: [
        row
        for row in expected_output.moved_tags(record)
        if spelled(since) <= row["at"] < spelled(until)
    ],
    "never-updated": lambda record, _since, _until: expected_output.never_updated(record),
    "rejects": lambda record, _since, _until: expected_output.reject_reasons(record),
    "removed": lambda record, since, until: expected_output.removals(
        record, lambda row: since <= row["removed_at"] < until
    ),
}  # fmt: skip
ALWAYS = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def always(report):
    """All time, for a report that takes a period."""
    if "since" not in read_query(report, folder="reports").parameters:
        return []
    return ["--since", ALWAYS[0].isoformat(), "--until", ALWAYS[1].isoformat()]


@pytest.mark.parametrize("name", names_in("reports"))
def test_report(name, ask, record):
    answer = REPORTS[name]
    whole = answer(record, *ALWAYS)
    assert whole
    args = always(name)
    found = ask("report", name, *args)
    columns = [column for column in whole[0] if column in found[0]]
    whole = [{column: row[column] for column in columns} for row in whole]
    agree(found, whole, is_ordered=False)
    of_north = [row for row in whole if row.get("source", "north") == "north"]
    if "source" in columns:
        agree(ask("report", name, *args, "--source", "north"), of_north, is_ordered=False)
    if name in {"changed-fields", "moved-tags", "removed"}:
        since, until = (record.removals[-n]["removed_at"] for n in (40, 10))
        part = [{c: row[c] for c in columns} for row in answer(record, since, until)]
        assert 0 < len(part) < len(whole) or name == "changed-fields"
        args = ["--since", since.isoformat(), "--until", until.isoformat()]
        agree(ask("report", name, *args), part, is_ordered=False)


@pytest.mark.parametrize("name", names_in("reports"))
def test_a_limit_of_a_report_shows_its_first_rows(name, ask):
    """Whatever it spares the database to read."""
    args = always(name)
    whole = ask("report", name, *args)
    for limit in {1, 2, len(whole) // 3 + 1, len(whole)}:
        assert ask("report", name, *args, "--limit", limit) == whole[:limit]


def test_dashboard(engine, record, tmp_path):
    now = record.runs[-1]["at"] + timedelta(hours=1)
    with engine.connect() as connection:
        page = write_dashboard(
            connection,
            tmp_path / "page.html",
            now=now,
            tables=builtin_tables(),
            command="image-sync {}".format,
        )
    present = expected_output.present(record)
    for row in page.sources:
        of_source = [each for each in record.images.values() if each.source == row["source"]]
        counts = Counter(known.state for known in of_source)
        assert {name: row[name] for name in ("present", "removed", "out_of_scope")} == {
            name: counts[name] for name in ("present", "removed", "out_of_scope")
        }
    for column, pairs in page.values.items():
        assert dict(pairs) == Counter(known.latest.truth.values[column] for known in present)
    counted = {}
    for row in expected_output.components(record):
        counted.setdefault(row["component"], {})[row["version"]] = row["images"]
    assert {name: dict(pairs) for name, pairs in page.components.items()} == counted
    ended = expected_output.end_of_life(record, now.date())
    assert [row for row in page.releases if row["days_left"] >= 0] == []
    assert page.tables["ending"].total == len(page.tables["ending"].rows) == len(ended)
    assert page.totals["ended_images"] == len({(row["source"], row["image_id"]) for row in ended})
    assert {(row["component"], row["release"]): row["images"] for row in page.releases} == Counter(
        (row["component"], row["version"]) for row in ended
    )
    week = [row for row in record.source_runs if row["at"] >= now - data.WEEK]
    for name in ("added", "changed", "removed", "restored"):
        assert page.totals[name] == sum(row[name] for row in week)
    last: dict[str, int] = {}
    series = {}
    for row in record.source_runs:
        last[row["source"]] = row["present"]
        series[row["run_id"]] = row["at"], sum(last.values())
    assert [(point.at, point.value) for point in page.series] == list(series.values())
    held = expected_output.held(record)
    assert {name: each.total for name, each in page.tables.items()} == {
        "runs": RUNS,
        "changes": len(page.tables["changes"].rows),
        "removals": len(record.removals),
        "held": len(held),
        "rejects": len(expected_output.rejects(record, is_all=False)),
        "ending": len(ended),
        "images": len(present),
    }
    assert sum(row["images"] for row in page.held_sets) == len(held)
    holds = {(row["source"], row["image_id"]) for row in held}
    missed = [known for known in present if known.missing_since is not None]
    assert page.total("missing") == sum(known.key not in holds for known in missed)
    shown = {(row["source"], row["image_id"]) for row in page.tables["images"].rows}
    assert shown == {known.key for known in present}
    _agree_by_run(page, record)


def _agree_by_run(page, record):
    for each in page.runs:
        rows = [row for row in record.source_runs if row["run_id"] == each["run_id"]]
        assert each["added"] == sum(
            row["added"] + row["restored"] + row["in_scope"] for row in rows
        )
        assert each["changed"] == sum(row["changed"] for row in rows)
        assert each["removed"] == sum(row["removed"] + row["out_of_scope"] for row in rows)
        statuses = {row["status"] for row in rows}
        worst_first = ("failed", "held", "partial", "succeeded")
        assert each["status"] == next(status for status in worst_first if status in statuses)
    assert [each["run_id"] for each in page.runs] == list(
        range(RUNS - data.MOST_RUNS + 1, RUNS + 1)
    )


def expected_export(record):
    """What each relation holds, as far as the plain record tells."""
    known = expected_output.ordered(record)
    listed = {
        "image_dev_services": "dev_services",
        "image_resource_categories": "resource_categories",
    }
    told = {
        "images": expected_output.images(record),
        "image_versions": [expected_output.ended_row(k, v) for k in known for v in k.versions],
        "image_changes": expected_output.changes(record, lambda _: True),
        "image_removals": expected_output.removals(record, lambda _: True),
        "image_tags": [
            {"source": k.source, "image_id": k.image_id, **tag}
            for k in known
            for tag in k.latest.truth.values["tags"] or []
        ],
        "image_components": expected_output.component_rows(record),
        "held_removals": [expected_output.plain_row(row) for row in record.held],
        "sync_runs": expected_output.runs(record),
        "source_runs": expected_output.source_runs(record),
        "rejects": [expected_output.plain_row(row) for row in record.rejects],
        "source_fields": [
            {"source": source, "field": field, "run_id": run_id}
            for (source, field), run_id in record.fields.items()
        ],
    }
    for relation, column in listed.items():
        name = {"dev_services": "dev_service", "resource_categories": "resource_category"}[column]
        told[relation] = [
            {"source": k.source, "image_id": k.image_id, name: value}
            for k in known
            for value in k.latest.truth.values[column] or []
        ]
    return told


# Relations of which an export as of a time keeps rows as they are: the instant that counts.
PAST = {
    "image_versions": "valid_from",
    "image_changes": "at",
    "image_removals": "removed_at",
    "held_removals": "held_at",
    "source_runs": "observed_at",
    "rejects": "rejected_at",
}


def test_export(engine, ask, record, tmp_path):
    expected = expected_export(record)
    assert expected.keys() == RELATIONS.keys() - {
        "log_entries",
        "checkpoints",
    }  # verify reads these
    at = record.runs[110]["at"]
    for relation, rows in expected.items():
        agree(_exported(tmp_path, relation), _kept(rows, relation), is_ordered=False)
    past = expected_output.images_at(record, lambda _: at, lambda _: True)
    for row in past:
        del row["state"]
    agree(_exported(tmp_path, "images", "--as-of", at.isoformat()), past, is_ordered=False)
    for relation, instant in PAST.items():
        rows = _kept(expected[relation], relation)
        then = sorted(row[instant] for row in rows)[len(rows) // 2]
        past = [row for row in rows if row[instant] <= then]
        agree(_exported(tmp_path, relation, "--as-of", then), past, is_ordered=False)
    assert run(["-q", "export", str(tmp_path / "images.parquet")]) == 0
    typed = pyarrow.parquet.read_table(tmp_path / "images.parquet").to_pylist()
    by_id = {(row["source"], row["image_id"]): row for row in typed}
    assert set(by_id) == set(record.images)
    for key, row in by_id.items():
        known = record.images[key]
        assert row["last_seen_at"] == known.last_seen_at
        for column in ("dev_services", "size", "tags", "name"):
            assert row[column] == known.latest.truth.values[column]


def _kept(rows, relation):
    """`runs` counts over the sources; the table of runs has no counts."""
    if relation != "sync_runs":
        return rows
    return [{name: row[name] for name in ("run_id", "kind", "status", "exit_code")} for row in rows]


def _exported(folder, relation, *args):
    path = folder / f"{relation}.jsonl"
    assert run(["-q", "export", str(path), "--relation", relation, *args]) == 0
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text("utf-8")
SECTIONS = re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
RECIPES = {
    title: re.findall(r"```sql (both|sqlite|postgresql)\n(.*?)```", body, re.DOTALL)
    for title, body in SECTIONS
    if "```sql" in body
}
OLD, NEW = 90, 160  # the runs whose instants stand in place of the page's


def _when(record, run_id):
    return record.runs[run_id - 1]["at"]


def _there(record, run_id):
    return expected_output.images_at(record, lambda _: _when(record, run_id), lambda _: True)


def _removed(record):
    """An image that left, was restored and left again."""
    return next(row for row in record.removals if row["restored_at"])["key"]


def _moved(record):
    """What came, went or has another version."""
    sides = [
        {(row["source"], row["image_id"]): row for row in _there(record, n)} for n in (OLD, NEW)
    ]
    rows = []
    for key in sorted(sides[0].keys() | sides[1].keys()):
        old, new = (side.get(key) for side in sides)
        if old and new and old["version"] == new["version"]:
            continue
        kind = "removed" if not new else "changed" if old else "added"
        source, image_id = key
        rows.append(
            {"source": source, "image_id": image_id, "name": (new or old)["name"], "kind": kind}
        )
    return rows


def _of_image(record, key):
    rows = [row for row in record.changes if (row["source"], row["image_id"]) == key]
    return [expected_output.plain_row({"run_id": row["run_id"],
        "at": row["at"], "kind": row["kind"],
            "field": row["field"], "old_value": row["old_value"]}) for row in rows]  # fmt: skip


def _evidence(record):
    rows = [row for row in record.removals if row["image_id"] == _removed(record)[1]]
    runs = {(row["run_id"], row["source"]): row for row in record.source_runs}
    return [
        {**expected_output.plain_row({name: row[name] for name in
            ("source", "image_id", "removed_at", "last_seen_at", "missing_since", "evidence")}),
         **{name: runs[row["run_id"], row["source"]][name] for name in ("certificate", "seen")}}
        for row in rows
    ]  # fmt: skip


def _ends(record):
    known = record.images[_removed(record)]
    rows = (expected_output.ended_row(known, version) for version in known.versions)
    return [{name: row[name] for name in ("version", "valid_from", "valid_to", "closed_as", "size")}
            for row in rows]  # fmt: skip


def _week(record):
    until = _when(record, NEW)
    told = {}
    for row in expected_output.changed_fields(record, until - timedelta(days=7), until):
        one = told.setdefault(row["field"], {"field": row["field"], "changes": 0})
        one["changes"] += row["changes"]
    return list(told.values())


def _notebooks(record):
    return [
        {"source": known.source, "image_id": known.image_id, "python": version}
        for known in expected_output.present(record)
        if "NOTEBOOK" in (known.latest.truth.values["dev_services"] or [])
        for component, version in known.latest.truth.components
        if component == "python"
    ]


ANSWERS = {
    "The catalogue at a given time": [
        lambda record: [
            {name: row[name] for name in ("source", "image_id", "name", "tag", "size")}
            for row in _there(record, OLD)
        ]
    ],
    "What a run saw": [
        lambda record: [
            {name: row[name] for name in ("source", "image_id", "name", "version")}
            for row in _there(record, OLD)
            if row["source"] in {r["source"] for r in record.source_runs if r["run_id"] == OLD}
        ]
    ],
    "The difference between two times": [_moved],
    "What changed in one image": [lambda record: _of_image(record, _removed(record))],
    "Why an image counts as removed": [_evidence, _ends],
    "Removals that need a decision": [
        lambda record: [
            {name: row[name] for name in ("source", "image_id", "name", "held_at", "rule")}
            for row in expected_output.held(record)
        ]
    ],
    "Growth by week": [
        lambda record: [
            {name: row[name] for name in ("week", "source", "added", "changed", "removed")}
            for row in expected_output.weeks(record)
        ]
    ],
    "What changed in the last seven days": [_week],
    "Images for a development service that contain a component": [_notebooks],
    "Images built on a given release": [
        lambda record: [
            {name: row[name] for name in ("component", "version", "source", "image_id")}
            for row in expected_output.component_rows(record)
            if row["state"] == "present"
            and (row["component"], row["version"]) in {("python", "3.7"), ("ubuntu", "18.04")}
        ]
    ],
    "Lists and unknown fields": [
        lambda record: [
            {"image_id": known.image_id, "services": len(services)}
            for known in expected_output.ordered(record)
            if (services := known.latest.truth.values["dev_services"]) is not None
        ]
    ],
}


def test_every_recipe_has_an_expected_result():
    assert {title: len(ways) for title, ways in ANSWERS.items()} == {
        title: len([kind for kind, _ in recipes if kind != "postgresql"])
        for title, recipes in RECIPES.items()
    }


@pytest.mark.parametrize("title", ANSWERS)
def test_recipe(title, engine, record):
    source, image_id = _removed(record)
    names = {
        "'2026-11-05T08:00:00.000Z'": f"'{spelled(_when(record, OLD))}'",
        "'2026-11-03T08:00:00.000Z'": f"'{spelled(_when(record, OLD))}'",
        "'2026-11-06T09:00:00.000Z'": f"'{spelled(_when(record, NEW))}'",
        "'2026-11-08 00:00Z'": f"'{spelled(_when(record, NEW))}'",
        "'2026-11-08'": f"'{spelled(_when(record, NEW))}'",
        "run_id = 4": f"run_id = {OLD}",
        "'one'": f"'{source}'",
        "'aa01'": f"'{image_id}'",
        "'aa02'": f"'{image_id}'",
    }
    kinds = {"both", engine.dialect.name}
    recipes = [sql for kind, sql in RECIPES[title] if kind in kinds]
    for sql, answer in zip(recipes, ANSWERS[title], strict=True):
        for name, ours in names.items():
            sql = sql.replace(name, ours)
        if title.startswith("What changed in the last"):
            sql = sql.replace(
                "\ngroup by", f"\n    and at < '{spelled(_when(record, NEW))}'\ngroup by"
            )
        with engine.connect() as connection:
            driver = connection.connection.cursor()  # as it stands: no bound values, no escapes
            driver.execute(sql)
            columns = [column[0] for column in driver.description]
            found = [dict(zip(columns, row, strict=True)) for row in driver.fetchall()]
        told = [{name: _spelled(value) for name, value in row.items()} for row in found]
        expected = answer(record)
        assert expected
        agree(told, expected, is_ordered=False)


def _spelled(value):
    """PostgreSQL gives times, days and sums as such; SQLite as texts and numbers."""
    if isinstance(value, datetime | Decimal):
        return spelled(value) if isinstance(value, datetime) else int(value)
    return value.isoformat() if isinstance(value, date) else value


# Where the history of one source was pruned, what is answered is still right, and what is not
# complete says from when on it is.


@pytest.fixture(scope="session")
def cut(record):
    """When the pruned source was last read before the cut."""
    return max(
        row["at"] for row in record.source_runs if row["source"] == "north" and row["run_id"] <= CUT
    )


def is_kept(cut):
    """Whether a row belongs to the part of the record that is complete."""
    return lambda row, at: row["source"] != "north" or at > cut


def test_the_state_after_the_cut_is_complete(ask_pruned, record, cut):
    agree(ask_pruned("images", "--state", "all"), expected_output.images(record, lambda _: True))
    for at in (cut, record.runs[CUT]["at"], record.runs[-2]["at"]):
        expected = expected_output.images_at(record, lambda _, at=at: at, lambda _: True)
        agree(ask_pruned("images", "--as-of", at.isoformat()), expected)
    expected = expected_output.images_at(
        record, lambda source: record.observed(source, CUT + 1), lambda _: True
    )
    agree(ask_pruned("images", "--as-of", CUT + 1), expected)
    end = record.runs[-1]["at"]
    expected = expected_output.diff(record, lambda _: cut, lambda _: end)
    agree(ask_pruned("diff", cut.isoformat(), end.isoformat()), expected)
    agree(ask_pruned("status"), expected_output.status(record))
    agree(ask_pruned("removals"), expected_output.removals(record, lambda _: True))
    agree(ask_pruned("removals", "--held"), expected_output.held(record))
    agree(ask_pruned("rejects"), expected_output.rejects(record, is_all=False))


def test_a_state_before_the_cut_is_refused(ask_pruned, record, cut, tmp_path, capsys):
    early = (cut - timedelta(milliseconds=1)).isoformat()
    for args in (["images", "--as-of", early], ["diff", early, "now"]):
        ask_pruned(*args, code=2)
        assert "the history of source 'north' before" in ask_pruned.remarks
        ask_pruned(*args, "--source", "south")
    assert run(["export", str(tmp_path / "x.csv"), "--as-of", early]) == 2
    ask_pruned("images", "--as-of", CUT - 9, code=2)
    assert "was pruned" in ask_pruned.remarks


@pytest.mark.parametrize("args", [
    ["changes"], ["runs", "--by-source"], ["runs"], ["rejects", "--all"], ["report", "growth"],
    ["report", "rejects"], ["report", "changed-fields", "--since", "2026-01-01"],
    ["report", "moved-tags", "--since", "2026-01-01"],
], ids=" ".join)  # fmt: skip
def test_an_incomplete_answer_states_since_when_it_is_complete(args, ask_pruned, cut, record):
    from_then = cut + timedelta(milliseconds=1)
    rows = ask_pruned(*args)
    assert f"source 'north' is complete from {spelled(from_then)} on" in ask_pruned.remarks
    first = {row["source"]: row["at"] for row in reversed(record.source_runs)}
    for row in rows:
        north = row.get("source", "north") == "north"
        assert row["complete_from"] == spelled(from_then if north else first["south"])


def test_changes_after_the_cut_are_complete(ask_pruned, record, cut):
    keeps = is_kept(cut)
    from_then = (cut + timedelta(milliseconds=1)).isoformat()
    expected = expected_output.changes(record, lambda row: keeps(row, row["at"]))
    found = ask_pruned("changes")
    agree([row for row in found if keeps(row, datetime.fromisoformat(row["at"]))], expected)
    after = expected_output.changes(record, lambda row: row["at"] > cut)
    agree(ask_pruned("changes", "--since", from_then), after)
    assert "complete from" not in ask_pruned.remarks
    expected = expected_output.changed_fields(record, cut + timedelta(milliseconds=1), ALWAYS[1])
    found = ask_pruned("report", "changed-fields", "--since", from_then)
    agree(found, expected, is_ordered=False)
    expected = REPORTS["moved-tags"](record, cut + timedelta(milliseconds=1), ALWAYS[1])
    found = ask_pruned("report", "moved-tags", "--since", from_then)
    assert "complete from" in ask_pruned.remarks
    told = [{column: row[column] for column in expected[0]} for row in found]
    of_south = [row for row in expected if row["source"] == "south"]
    agree([row for row in told if row["source"] == "south"], of_south, is_ordered=False)
    moves = {(row["image_id"], row["at"], row["became"]) for row in expected}
    assert {(row["image_id"], row["at"], row["became"]) for row in told} <= moves
    assert len(expected) > len(told) > len(expected) * 0.9
    runs = [row for row in expected_output.source_runs(record) if keeps(row, _at(row))]
    agree([row for row in ask_pruned("runs", "--by-source") if keeps(row, _at(row))], runs)
    for known in choose.sample(expected_output.ordered(record), MOMENTS):
        expected = expected_output.history(record, known)
        found = ask_pruned("history", known.image_id, "--source", known.source)
        valid = [row for row in expected if not row["valid_to"] or row["valid_to"] > spelled(cut)]
        agree([row for row in found if row["version"] >= valid[0]["version"]]
              if valid else [], [_without_changes(row) for row in valid])  # fmt: skip


def _at(row):
    return datetime.fromisoformat(row["observed_at"])


def _without_changes(row):
    return {name: value for name, value in row.items() if name != "changes"}


def test_a_feed_from_before_the_cut_is_refused(ask_pruned, record, cut):
    entries = [(row["at"], row["source"]) for row in record.source_runs]
    last_pruned = max(
        number for number, (at, source) in enumerate(entries) if source == "north" and at <= cut
    )
    ask_pruned("changes", "--after", last_pruned - 1, code=2)
    assert f"continue with --after {last_pruned}" in ask_pruned.remarks
    assert ask_pruned("changes", "--after", last_pruned - 1, "--source", "south")
    expected = [
        row
        for at, source in entries[last_pruned + 1 :]
        for row in expected_output.changes_of(
            record,
            next(r["run_id"] for r in record.source_runs if (r["at"], r["source"]) == (at, source)),
            source,
        )
    ]
    agree(ask_pruned("changes", "--after", last_pruned), expected)


KEPT_REPORTS = [
    name
    for name in names_in("reports")
    if read_query(name, folder="reports").head.get("record", "kept") == "kept"
]


@pytest.mark.parametrize("name", KEPT_REPORTS)
def test_a_report_on_kept_rows_is_not_affected(name, ask_pruned, record):
    """Images, removals and the latest runs are never pruned."""
    whole = REPORTS[name](record, *ALWAYS)
    found = ask_pruned("report", name, *always(name))
    assert "complete from" not in ask_pruned.remarks
    columns = [column for column in whole[0] if column in found[0]]
    agree(found, [{c: row[c] for c in columns} for row in whole], is_ordered=False)


def test_the_dashboard_after_a_prune(pruned, record, tmp_path):
    now = record.runs[-1]["at"] + timedelta(hours=1)
    engine = open_engine(pruned)
    with engine.connect() as connection:
        page = write_dashboard(
            connection,
            tmp_path / "page.html",
            now=now,
            tables=builtin_tables(),
            command="image-sync {}".format,
        )
    engine.dispose()
    assert page.tables["removals"].total == len(record.removals)
    assert page.tables["held"].total == len(expected_output.held(record))
    assert page.tables["images"].total == len(expected_output.present(record))
    _agree_by_run(page, record)
