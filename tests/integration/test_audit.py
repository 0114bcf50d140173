"""What the reading commands and reports answer, on both databases, through the command line."""

import csv
import io
import json
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from importlib.resources import files

import pytest
from sqlalchemy import text

from etl.audit import query
from etl.audit.query import names_in, read_query
from etl.cli.main import run
from etl.clock import instant_text
from etl.database.engine import open_engine
from etl.database.migrate import head
from tests.support.databases import BACKENDS, opened
from tests.support.history import missing, out_of_scope, removing
from tests.support.loading import Loading
from tests.support.loading import record as listed
from tests.support.record import Record, small_record

REPORTS = names_in("reports")


@pytest.fixture
def engine(database_url, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", database_url)
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module", params=BACKENDS)
def small_engine(request, databases):
    """The small record, written once for all that only read it, on either database in turn."""
    with databases.recorded(request.param, small_record) as url, opened(url) as engine:
        yield engine


@pytest.fixture
def record(small_engine, monkeypatch, tmp_path):
    """The small record is what commands read."""
    monkeypatch.chdir(tmp_path)
    url = small_engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", url)
    return small_engine


@pytest.fixture
def asked(capsys):
    """Asks a command for JSON and gives its rows."""

    def ask(*args, code=0):
        capsys.readouterr()
        assert run([*args, "--format", "json"]) == code
        return json.loads(capsys.readouterr().out)

    return ask


def picked(rows, *names):
    return [tuple(row[name] for name in names) for row in rows]


def ids(rows):
    return picked(rows, "source", "image_id")


PRESENT = [("one", "aa01"), ("one", "aa02"), ("two", "aa01")]


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    ("args", "found"),
    [
        ([], PRESENT),
        (["--state", "all"], [PRESENT[0], PRESENT[1], ("one", "bb01"), PRESENT[2]]),
        (["--state", "out_of_scope"], [("one", "bb01")]),
        (["--state", "removed"], []),
        (["--source", "two"], [("two", "aa01")]),
        (["--source", "two", "--source", "one"], PRESENT),
        (["--arch", "X86_64"], [("one", "aa01")]),
        (["--type", "dedicated"], [("one", "aa02")]),
        (["--dev-service", "NOTEBOOK"], [("one", "aa01")]),
        (["--dev-service", "notebook"], [("one", "aa01")]),
        (["--dev-service", "SSH"], []),
        (["--run", "5"], [("one", "aa02")]),
        (["--since", "2026-11-06"], [("one", "aa02"), ("two", "aa01")]),
        (["--until", "2026-11-05"], [("one", "aa01")]),
        (["--limit", "1"], [("one", "aa01")]),
        (["--as-of", "2026-11-02T08:00Z"], [("one", "aa01"), ("one", "aa02"), ("one", "bb01")]),
        (["--as-of", "2026-11-02T07:59:59.999Z"], []),
        (["--as-of", "3"], [("one", "aa01"), ("one", "bb01")]),
        (["--as-of", "3", "--type", "BUILD_IN"], [("one", "aa01")]),
        (["--as-of", "1", "--dev-service", "SSH"], [("one", "aa01")]),
        (["--as-of", "2", "--dev-service", "SSH"], []),
        (["--as-of", "now", "--source", "two"], [("two", "aa01")]),
    ],
)
def test_images(args, found, asked):
    assert ids(asked("images", *args)) == found


def test_images_have_all_columns_of_the_relation_with_their_types(asked, record):
    row = asked("images")[0]
    with record.connect() as connection:
        relation = connection.execute(text("select * from images where 1 = 0")).keys()
    assert set(relation) == set(row)
    assert row["dev_services"] == ["NOTEBOOK"]
    assert row["extra"] == {}
    assert row["size"] == 3
    assert row["description"] is None
    assert row["last_changed_at"] == "2026-11-05T08:00:00.000Z"
    assert row["last_seen_at"] == "2026-11-07T08:00:00.000Z"


@pytest.mark.usefixtures("record")
def test_images_as_of_have_the_values_of_that_time(asked):
    sizes = [picked(asked("images", "--as-of", str(n)), "image_id", "size")[0] for n in (1, 2, 4)]
    assert sizes == [("aa01", 1), ("aa01", 2), ("aa01", 3)]


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    "args", [["aa02"], ["aa02", "--source", "one"], ["mindspore"], ["aa01", "--source", "two"]]
)
def test_history_finds_an_image_by_id_or_name(args, asked):
    rows = asked("history", *args)
    assert {row["image_id"] for row in rows} == {args[0] if args[0] != "mindspore" else "aa02"}


@pytest.mark.usefixtures("record")
def test_history_shows_what_changed_and_how_each_version_ended(asked):
    first, second = asked("history", "mindspore")
    assert picked([first, second], "version", "run_id", "opened_as", "closed_as", "evidence") == [
        (1, 1, "added", "removed", "lookup_not_found"),
        (2, 5, "restored", None, None),
    ]
    assert first["evidence_detail"] == {"request_id": "r-1", "status": 404}
    assert second["changes"] == [{"field": "size", "old_value": "5", "new_value": "6"}]
    assert second["changed"] == ["size: 5 → 6"]
    assert first["changes"] == []


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    ("args", "versions"),
    [
        (["swr/org/pytorch:1.8"], [1, 2, 3]),
        (["swr/org/pytorch:1.8", "--limit", "2"], [1, 2]),
        (["swr/org/pytorch:1.8", "--since", "2026-11-05"], [3]),
        (["swr/org/pytorch:1.8", "--until", "2026-11-04"], [1, 2]),
        (["swr/org/pytorch:1.8", "--run", "2"], [1, 2]),
        (["bb"], [1]),
    ],
)
def test_history_can_be_narrowed(args, versions, asked):
    assert [row["version"] for row in asked("history", *args)] == versions


@pytest.mark.usefixtures("engine")
def test_images_as_of_a_run_are_what_the_command_showed_after_it(database_url, asked):
    loading = Loading(database_url)
    many = [listed(number) for number in range(6)]
    steps = (
        (many, removing),
        ([*many[:4], listed(4, status="DELETED"), listed(9, status="DELETED")], removing),
        (many[:3], out_of_scope),
        ([listed(0, tag="t"), *many[1:5]], removing),  # one changes, some come back
        (many[2:], missing),
        (many[2:], removing),
    )
    shown = {}
    for number, (records, decide) in enumerate(steps, 1):
        loading.run(records, decide=decide)
        for state in ("present", "removed", "out_of_scope", "all"):
            shown[number, state] = shape(asked("images", "--state", state))
        at = instant_text(loading.now)
        assert shape(asked("images", "--state", "all", "--as-of", at)) == shown[number, "all"]
    assert all(
        any(images for (_, of), images in shown.items() if of == state) for _, state in shown
    )
    for (number, state), images in shown.items():
        then = asked("images", "--state", state, "--as-of", str(number))
        assert shape(then) == images, (number, state)


def shape(rows):
    return [(row["image_id"], row["state"], row["version"], row["tag"]) for row in rows]


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    "args",
    [
        ["status", "--max-age", ""],
        ["images", "--as-of", ""],
        ["changes", "--since", ""],
        ["removals", "--until", " "],
        ["export", "images.csv", "--as-of", ""],
        ["report", "removed", "--since", ""],
        ["verify", "--since", ""],
        ["verify", "--head", ""],
        ["images", "--arch", ""],
        ["images", "--type", " "],
        ["images", "--arch", "\udcff"],
        ["images", "--source", "\udcff"],
        ["history", "a\udcff"],
        ["changes", "--field", "\udcff"],
        ["images", "--run", str(2**63)],
        ["runs", "--limit", str(2**63)],
        ["approve", str(2**63)],
    ],
    ids=str,
)
def test_an_empty_or_impossible_value_is_refused(args, capsys):
    assert run(args) == 2
    assert "a bug" not in capsys.readouterr().err


@pytest.mark.usefixtures("record")
def test_a_table_of_a_history_is_limited_and_says_so(monkeypatch, capsys):
    monkeypatch.setattr("etl.cli.output.TABLE_LIMIT", 2)
    for args, count in (([], 2), (["--limit", "1"], 1), (["--limit", "0"], 3)):
        assert run(["history", "swr/org/pytorch:1.8", *args]) == 0
        told = capsys.readouterr()
        assert len(told.out.splitlines()) == 1 + count
        assert ("--limit" in told.err) is (count < 3)


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    ("sought", "told"),
    [
        (["aa"], ["several images", "one aa01 pytorch", "one aa02", "two aa01"]),
        (["aa0", "--source", "one"], ["one aa01", "one aa02"]),
        (["nothing"], ["no image"]),
        ([""], ["the value is empty"]),
    ],
)
def test_a_history_of_no_image_or_of_several_is_refused(sought, told, capsys):
    assert run(["history", *sought]) == 2
    err = capsys.readouterr().err
    assert all(each in err for each in told)


@pytest.mark.usefixtures("record")
def test_a_complete_id_shows_the_image_of_each_source(asked, capsys):
    both = asked("history", "aa01")
    assert {row["source"] for row in both} == {"one", "two"}
    alone = [asked("history", "aa01", "--source", source) for source in ("one", "two")]
    assert both == [*alone[0], *alone[1]]
    assert run(["history", "aa01"]) == 0
    assert capsys.readouterr().out.startswith("SOURCE  VERSION")


def test_an_ambiguous_id_lists_ten_matches_at_most(engine, capsys):
    record = Record(engine)
    record.run()
    for number in range(12):
        record.add(f"x{number:02}")
    assert run(["history", "x"]) == 2
    assert capsys.readouterr().err.count("one x") == 10


ALL_CHANGES = [
    (7, "two", "aa01", "added", None),
    (6, "one", "bb01", "out_of_scope", None),
    (5, "one", "aa02", "changed", "size"),
    (5, "one", "aa02", "restored", None),
    (4, "one", "aa01", "changed", "size"),
    (3, "one", "aa02", "removed", None),
    (2, "one", "aa01", "changed", "dev_services"),
    (2, "one", "aa01", "changed", "size"),
    (1, "one", "aa01", "added", None),
    (1, "one", "aa02", "added", None),
    (1, "one", "bb01", "added", None),
]


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    ("args", "kept"),
    [
        ([], lambda run, *_: True),
        (["--limit", "3"], lambda run, *_: run >= 5 and run != 4),
        (["--kind", "added"], lambda _r, _s, _i, kind, _f: kind == "added"),
        (["--field", "size"], lambda _r, _s, _i, _k, field: field == "size"),
        (["--source", "two"], lambda _r, source, *_: source == "two"),
        (["--run", "2"], lambda run, *_: run == 2),
        (["--since", "2026-11-05"], lambda run, *_: run >= 4),
        (["--until", "2026-11-03"], lambda run, *_: run <= 2),
        (["--since", "2026-11-04", "--until", "2026-11-04"], lambda run, *_: run == 3),
        (["--since", "2027-01-01"], lambda *_: False),
    ],
)
def test_changes(args, kept, asked):
    expected = [each for each in ALL_CHANGES if kept(*each)]
    limit = int(args[1]) if "--limit" in args else None
    found = picked(asked("changes", *args), "run_id", "source", "image_id", "kind", "field")
    assert found == expected[:limit]


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    ("after", "told"), [("0", "the log is empty"), ("-2", "is not in the range")]
)
def test_an_unknown_log_entry_is_refused(after, told, capsys):
    assert run(["changes", "--after", after]) == 2
    assert told in capsys.readouterr().err
    assert run(["changes", "--after", "-1"]) == 0


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize("limit", range(1, 12))
def test_any_limit_shows_the_latest_changes(limit, asked):
    found = asked("changes", "--limit", str(limit))
    assert picked(found, "run_id", "image_id", "field") == [
        (run_id, image_id, field) for run_id, _, image_id, _, field in ALL_CHANGES[:limit]
    ]


@pytest.mark.usefixtures("record")
def test_removals_and_held_removals(asked):
    (removal,) = asked("removals")
    assert removal["evidence"] == "lookup_not_found"
    assert removal["evidence_detail"]["status"] == 404
    assert removal["restored_run_id"] == 5
    assert asked("removals", "--run", "2") == []
    assert ids(asked("removals", "--since", "2026-11-04", "--source", "one")) == [("one", "aa02")]
    assert asked("removals", "--until", "2026-11-03") == []
    assert picked(asked("removals", "--held"), "image_id", "rule") == [("bb01", "max_percent")]
    assert asked("removals", "--held", "--source", "two") == []


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    ("sides", "found"),
    [
        (
            ["1", "4"],
            [
                ("aa01", "changed", "dev_services", '["NOTEBOOK","SSH"]', '["NOTEBOOK"]'),
                ("aa01", "changed", "size", "1", "3"),
                ("aa02", "removed", None, None, None),
            ],
        ),
        (["2", "3"], [("aa02", "removed", None, None, None)]),
        (["3", "5"], [
            ("aa01", "changed", "size", "2", "3"),
            ("aa02", "added", None, None, None),
        ]),
        (["2026-11-03T08:00Z", "2026-11-06T08:00Z"], [
            ("aa01", "changed", "size", "2", "3"),
            ("aa02", "changed", "size", "5", "6"),
        ]),
        (["2026-11-01", "2026-11-02T08:00Z"], [
            ("aa01", "added", None, None, None),
            ("aa02", "added", None, None, None),
            ("bb01", "added", None, None, None),
        ]),
        (["6", "7"], [("aa01", "added", None, None, None)]),
        (["5", "2026-11-07T09:00Z"], [("bb01", "removed", None, None, None)]),
        (["4", "4"], []),
    ],
)  # fmt: skip
def test_diff(sides, found, asked):
    rows = asked("diff", *sides)
    assert picked(rows, "image_id", "kind", "field", "old_value", "new_value") == found


def test_a_value_that_returned_to_what_it_was_is_not_a_difference(engine, asked):
    record = Record(engine)
    record.run()
    record.add("x", size=1)
    record.run()
    record.change("x", size=2)
    record.run()
    record.change("x", size=1)
    assert asked("diff", "1", "3") == []


def let_runs_commit_while_it_is_read(engine):
    """A SQLite file takes no commit while it is read, unless the user switched it to WAL."""
    if engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(engine.url.database)) as file:
            file.execute("pragma journal_mode = wal")


def test_an_answer_ignores_runs_that_commit_while_it_is_read(engine, asked, monkeypatch):
    let_runs_commit_while_it_is_read(engine)
    record = Record(engine)
    record.run()
    record.add("x", size=1)
    record.run()
    record.change("x", size=2)

    def ask_and_let_a_run_come(connection, name, /, **given):
        rows = query.read_rows(connection, name, **given)
        if name == "runs_between":
            record.run()
            record.change("x", size=3)
        return rows

    monkeypatch.setattr("etl.audit.read.read_rows", ask_and_let_a_run_come)
    assert picked(asked("diff", "1", "2999-01-01"), "old_value", "new_value") == [("1", "2")]


def test_a_history_never_shows_a_version_without_its_changes(engine, asked, monkeypatch):
    let_runs_commit_while_it_is_read(engine)
    record = Record(engine)
    record.run()
    record.add("x", size=1)

    def ask_and_let_a_run_come(connection, name, /, **asked_for):
        answer = query.read_rows(connection, name, **asked_for)
        if name == "history_changes":
            record.run()
            record.change("x", size=2)
        return answer

    monkeypatch.setattr("etl.audit.read.read_rows", ask_and_let_a_run_come)
    assert picked(asked("history", "x"), "version", "changed") == [(1, [])]
    assert len(asked("history", "x")) == 2


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize("sides", [["4", "2"], ["now", "7d"]])
def test_a_diff_in_the_wrong_order_is_refused(sides, capsys):
    assert run(["diff", *sides]) == 2
    assert "is later than" in capsys.readouterr().err


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize("question", [["diff", "1", "99"], ["images", "--as-of", "2026"]])
def test_a_run_that_does_not_exist_is_refused(question, capsys):
    assert run(question) == 2
    assert "unknown run" in capsys.readouterr().err


@pytest.mark.usefixtures("record")
def test_runs(asked):
    rows = asked("runs")
    assert picked(rows, "run_id", "added", "changed", "removed", "restored")[-2:] == [
        (2, 0, 1, 0, 0),
        (1, 3, 0, 0, 0),
    ]
    assert picked(asked("runs", "--source", "two"), "run_id", "sources") == [(7, 1)]
    assert len(asked("runs", "--since", "2026-11-05", "--until", "2026-11-06")) == 2
    (row,) = asked("runs", "--run", "5", "--by-source")
    assert (row["certificate"], row["walk_detail"]) == ("none", {"doubles": 0})


@pytest.mark.usefixtures("record")
def test_rejects_shows_unresolved_ones_unless_all_are_requested(asked):
    assert picked(asked("rejects"), "record", "resolved_at") == [('{"id":3}', None)]
    assert len(asked("rejects", "--all", "--run", "3")) == 2


@pytest.mark.usefixtures("record")
def test_the_age_of_a_source_is_that_of_its_last_certified_walk(asked, capsys):
    one, two = asked("status")
    assert (one["present"], one["removed"], one["out_of_scope"], one["held"]) == (2, 0, 1, 1)
    assert one["last_run_id"] == 6
    assert one["certified_at"] == "2026-11-07T08:00:00.000Z"
    assert one["age_seconds"] > 0
    assert not one["is_stale"]
    assert two["source"] == "two"
    rows = asked("status", "--max-age", "1s", code=40)
    assert [row["is_stale"] for row in rows] == [True, True]
    assert run(["-q", "status", "--max-age", "0s"]) == 40
    capsys.readouterr()
    assert run(["-q", "status", "--max-age", "1000000d"]) == 0
    told = capsys.readouterr()
    assert told.out == ""


def test_a_source_that_was_never_certified_is_stale(engine, capsys, tmp_path, asked):
    Record(engine).run("one", certificate="none", status="partial")
    (tmp_path / "config.toml").write_text(
        '[[source]]\nname = "new"\nendpoint = "sample:"\nproject_id = "p"\n'
    )
    for rows in (asked("status"), asked("status", "--max-age", "7d", code=40)):
        assert picked(rows, "source", "age", "is_stale", "is_configured") == [
            ("new", "never", True, True),
            ("one", "never", True, False),
        ]
    assert run(["status", "--source", "new"]) == 0
    assert "new" in capsys.readouterr().out
    assert run(["status", "--source", "new", "--max-age", "7d"]) == 40


@pytest.mark.usefixtures("record")
def test_status_of_an_unknown_source_is_refused(capsys, tmp_path):
    (tmp_path / "config.toml").write_text(
        '[[source]]\nname = "new"\nendpoint = "sample:"\nproject_id = "p"\n'
    )
    for more in ([], ["--max-age", "1000000d"], ["--source", "one"]):
        assert run(["-q", "status", "--source", "tow", *more]) == 2
        assert capsys.readouterr().err == (
            "image-sync: unknown source 'tow'; did you mean 'two'? valid: new, one, two\n"
        )


@pytest.mark.usefixtures("engine")
def test_an_empty_answer_is_reported_on_standard_error(capsys):
    for args in (["images"], ["changes"], ["removals", "--held"], ["runs"], ["rejects"]):
        assert run(args) == 0
        told = capsys.readouterr()
        assert (told.out, told.err) == ("", "image-sync: nothing found\n")
        assert run([*args, "--format", "json", "-q"]) == 0
        told = capsys.readouterr()
        assert (told.out, told.err) == ("[]\n", "")


@pytest.mark.usefixtures("record")
def test_a_table_that_fits_no_terminal_becomes_blocks(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert run(["changes", "--limit", "1"]) == 0
    captured = capsys.readouterr()
    assert "\nimage_id   aa01\n" in captured.out
    assert "each row is shown as a block" in captured.err


@pytest.mark.usefixtures("record")
def test_an_export_of_the_past_says_where_the_record_starts(capsys, tmp_path):
    assert run(["export", str(tmp_path / "x.csv"), "--as-of", "2026-10-01"]) == 0
    assert EARLY in capsys.readouterr().err


@pytest.mark.usefixtures("engine")
def test_a_run_of_an_empty_record_is_unknown(capsys):
    assert run(["changes", "--run", "1"]) == 2
    assert "unknown run 1; there are no runs yet" in capsys.readouterr().err


@pytest.mark.usefixtures("record")
def test_a_limited_table_says_so(capsys):
    assert run(["images", "--limit", "2"]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 3
    assert "limited to 2 rows; --limit 0 shows all" in told.err
    assert run(["images", "--limit", "0"]) == 0
    assert "--limit" not in capsys.readouterr().err


MISSPELT = [
    (["images", "--source", "tow"], "unknown source 'tow' (did you mean 'two'? valid: one, two)"),
    (["export", "x.csv", "--relation", "imges"], "unknown relation 'imges' (did you mean 'images'"),
    (["report", "growht"], "unknown report 'growht' (did you mean 'growth'?"),
    (["images", "--state", "gone"], "unknown state 'gone' (valid: all, out_of_scope, present"),
    (["images", "--arch", "x86"], "unknown arch 'x86' (did you mean 'x86_64'? valid: aarch64"),
    (["images", "--arch", "x86", "--as-of", "3"], "unknown arch 'x86' (did you mean 'x86_64'?"),
    (["images", "--type", "BUILDIN"], "unknown type 'BUILDIN' (did you mean 'BUILD_IN'?"),
    (["images", "--dev-service", "NOTEBOK"], "unknown dev service 'NOTEBOK' (did you mean 'NOTE"),
    (["images", "--component", "pyton"], "unknown component 'pyton' (did you mean 'python'"),
    (["images", "--component", "=3.7"], "--component takes NAME or NAME=VERSION"),
    (["images", "--component", "python="], "--component takes NAME or NAME=VERSION"),
    (["images", "--run", "8"], "unknown run 8 (the latest is 7)"),
    (["changes", "--kind", "chnged"], "unknown kind 'chnged' (did you mean 'changed'?"),
    (["changes", "--field", "sise"], "unknown field 'sise' (did you mean 'size'?"),
    (["report", "--list", "growth"], "report --list takes no report name"),
    (["report", "--list", "--since", "7d"], "report --list takes no report name, and no option"),
    (["changes", "--vertical", "--format", "csv"], "--vertical is only supported with --format ta"),
    (["status", "--vertical", "--output", "json"], "--vertical is only supported with --format ta"),
]  # fmt: skip


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(("args", "told"), MISSPELT, ids=lambda each: str(each)[:40])
def test_an_unknown_name_is_refused_with_the_valid_ones(args, told, capsys):
    assert run(args) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("image-sync: ")
    assert plain(told) in plain(captured.err)


def plain(text_):
    """The text without what only separates its parts."""
    return re.sub(r"[();]", "", text_)


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    ("args", "found"),
    [
        (["--component", "python"], [("one", "aa01")]),
        (["--component", "PyTorch=1.8"], [("one", "aa01")]),
        (["--component", "python=3.7", "--type", "BUILD_IN"], [("one", "aa01")]),
        (["--component", "python=3.7", "--state", "all", "--limit", "1"], [("one", "aa01")]),
        (["--component", "python=3.9"], []),
        (["--component", "pytorch", "--as-of", "3"], [("one", "aa01")]),
        (["--component", "pytorch", "--as-of", "7"], [("one", "aa01"), ("two", "aa01")]),
        (["--component", "pytorch", "--as-of", "7", "--limit", "1"], [("one", "aa01")]),
        (["--component", "pytorch=1.9", "--as-of", "3"], []),
    ],
)
def test_images_that_contain_a_component(args, found, asked):
    assert ids(asked("images", *args)) == found


EARLY = "the record of source 'one' starts at 2026-11-02T08:00:00.000Z"
BOTH = "the record of source 'two' starts at 2026-11-08T08:00:00.000Z"


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["images", "--as-of", "2026-10-01"], [EARLY, BOTH]),
        (["images", "--as-of", "2026-11-03"], [BOTH]),
        (["images", "--as-of", "2026-11-08"], []),
        (["images", "--as-of", "2999-01-01"], ["2999-01-01T23:59:59.999Z is in the future"]),
        (["diff", "2026-10-01", "2999-01-01", "--source", "one"], [EARLY, "is in the future"]),
        (["changes", "--since", "2026-10-01", "--source", "one"], [EARLY]),
        (["changes", "--since", "2999-01-01"], ["2999-01-01T00:00:00.000Z is in the future"]),
        (["changes", "--until", "2999-01-01"], ["changes up to now are shown"]),
        (["changes"], []),
        (["rejects", "--until", "2999-01-01"], ["changes up to now are shown"]),
        (["rejects", "--until", "2020-01-01"], [EARLY, BOTH]),
        (["changes", "--until", "2020-01-01"], [EARLY, BOTH]),
        (["runs", "--until", "2020-01-01"], [EARLY, BOTH]),
        (["history", "aa02", "--until", "2020-01-01"], [EARLY]),
        (["images", "--as-of", "2026-11-09", "--since", "2020-01-01"], [EARLY, BOTH]),
        (["report", "moved-tags", "--since", "2020-01-01"], [EARLY, BOTH]),
        (["report", "moved-tags"], []),
        (["report", "moved-tags", "--until", "2020-01-01"], [EARLY, BOTH]),
        (["history", "aa02", "--since", "2026-10-01"], [EARLY]),
        (["report", "growth", "--since", "2026-10-01"], [EARLY, BOTH]),
    ],
    ids=str,
)
def test_gaps_in_the_record_are_reported(args, told, capsys):
    assert run([*args, "--format", "json"]) == 0
    captured = capsys.readouterr()
    remarks = captured.err.splitlines()
    assert all(any(each in line for line in remarks) for each in told)
    rows = json.loads(captured.out)
    assert all(row["complete_from"] and row["complete_to"] for row in rows)
    if not told:
        assert remarks == []
    assert run([*args, "-q"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    ("args", "remarks"),
    [
        (["removals", "--since", "2020-01-01", "--until", "2021-01-01"], [EARLY, BOTH]),
        (["removals", "--since", "2026-11-03"], [BOTH]),
        (["removals", "--since", "2999-01-01"], ["2999-01-01T00:00:00.000Z is in the future"]),
        (["removals", "--held", "--since", "2020-01-01"], [EARLY, BOTH]),
        (["report", "removed", "--since", "2020-01-01"], [EARLY, BOTH]),
        (["images", "--since", "2020-01-01"], [EARLY, BOTH]),
        (["images", "--since", "2020-01-01", "--source", "one"], [EARLY]),
        (["images", "--until", "2026-11-02"], [BOTH]),
        (["images"], []),
        (["removals", "--run", "3"], []),
        (["report", "removed"], []),
        (["report", "removed", "--until", "2020-01-01"], [EARLY, BOTH]),
    ],
    ids=str,
)
def test_a_period_before_the_record_is_reported_for_rows_that_are_never_pruned(
    args, remarks, capsys
):
    assert run([*args, "--format", "json"]) == 0
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if "nothing found" not in line]
    assert len(lines) == len(remarks)
    assert all(each in line for each, line in zip(remarks, lines, strict=True))
    assert not any("complete_from" in row for row in json.loads(captured.out))


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize("relation", ["image_changes", "image_removals", "sync_runs", "images"])
def test_an_export_as_of_a_time_before_the_record_is_reported(relation, tmp_path, capsys):
    path = str(tmp_path / "o.csv")
    assert run(["export", path, "--relation", relation, "--as-of", "2020-01-01"]) == 0
    error = capsys.readouterr().err
    assert EARLY in error
    assert BOTH in error


def test_a_remark_that_applies_to_many_sources_is_reported_once(engine, capsys):
    record = Record(engine)
    for number in range(6):
        record.run(f"source-{number}")
    assert run(["images", "--as-of", "2026-10-01"]) == 0
    err = capsys.readouterr().err
    assert err.count("starts at") == 3
    assert "the same holds for 3 more sources" in err


def test_remarks_are_events_where_logs_are_json(record, capsys):
    assert run(["--log-format", "json", "changes", "--since", "2026-10-01", "--format", "csv"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (events[0]["event"], events[0]["detail"]) == ("record incomplete", EARLY)


def test_a_certified_walk_in_the_future_is_stale(engine, asked, monkeypatch):
    record = Record(engine)
    record.run()
    now = record.at() - timedelta(days=1)
    monkeypatch.setattr("etl.cli.context.CliContext.clock", staticmethod(lambda: now))
    (row,) = asked("status")
    assert (row["age"], row["is_stale"], row["age_seconds"]) == ("in the future", True, -86_400)
    assert run(["-q", "status", "--max-age", "7d"]) == 40


def test_the_run_of_held_removals_is_the_latest_that_held_them(engine, asked):
    small_record(engine)
    with engine.begin() as connection:
        connection.execute(text("update source_runs set held = 1 where run_id in (3, 5)"))
    (held,) = asked("removals", "--held")
    assert (held["run_id"], held["first_run_id"]) == (5, 3)
    assert asked("removals", "--held", "--run", "3") == []
    assert len(asked("removals", "--held", "--run", "5")) == 1


def test_a_removal_by_a_run_of_another_endpoint_carries_a_warning(engine, asked):
    record = Record(engine)
    record.run()
    record.add("x")
    record.run(endpoint="https://b", previous_endpoint="https://a")
    record.remove("x")
    (removal,) = asked("removals")
    assert removal["warning"] == "the run read https://b, the run before it https://a"
    assert (removal["endpoint"], removal["attribution"]) == ("https://b", None)


@pytest.mark.usefixtures("record")
def test_a_table_fits_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert run(["changes"]) == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert len(lines) > 10
    assert max(map(len, lines)) <= 70


@pytest.fixture
def mixed_record(engine):
    """Images and rejects that only differ by letter case, or by having no value."""
    record = Record(engine)
    record.run()
    record.run()
    for number, value in enumerate(MIXED):
        record.add(f"id{number}", name=value, type=value, arch=value, status=value, size=1,
                   service_type=value, components=[["python", value]])  # fmt: skip
        record.add(f"of{number}", type="DEDICATED", workspace_id=value, swr_organization=value)
        record.reject(value or "")


MIXED = ["b", None, "B", "a_b", "ab", "é", "A"]
BY_CODE_POINT = [None, "A", "B", "a_b", "ab", "b", "é"]


@pytest.mark.usefixtures("mixed_record")
def test_nulls_come_first_and_text_is_sorted_by_code_point(asked):
    def column(report, name):
        return [row[name] for row in asked("report", report)]

    assert column("catalogue", "type") == ["DEDICATED", *BY_CODE_POINT]
    assert column("components", "version") == BY_CODE_POINT
    assert column("dedicated", "swr_organization") == BY_CODE_POINT
    assert column("rejects", "reason") == [each or "" for each in BY_CODE_POINT]


# What both databases sort alike as it is: by the columns' collation, numbers, times, our own words.
SORTED_ALIKE = {
    *("source", "image_id", "run_id", "reject_id", "version", "place", "images", "changes"),
    *(
        "removals",
        "size",
        "size_sum",
        "unresolved",
        "1",
        "at",
        "created_at",
        "held_at",
        "removed_at",
    ),
    *("observed_at", "last_changed_at", "certified_at", "week", "ends_on"),
    *("component", "release", "kind", "field", "how", "state"),
}


def test_queries_ask_postgresql_for_the_order_of_text():
    root = files("etl.audit")
    for path in root.rglob("*.sql"):
        folder = "/".join(path.relative_to(root).parts[:-1])
        sql = query.read_query(path.stem, folder=folder).sql("postgresql", {})
        for keys in re.findall(r"^order by (.*)", sql, re.MULTILINE):
            plain = re.findall(r"(?:^|, )(?:\w\.)?(\w+)(?: desc)?(?=,|$)", keys)
            assert set(plain) <= SORTED_ALIKE, path.name


def test_images_that_were_never_updated_come_oldest_first(engine, asked):
    record = Record(engine)
    record.run()
    for image_id, days in (("a", 1), ("b", 2)):
        record.add(image_id, created_at=record.at(days), updated_at=record.at(days))
    record.add("c", created_at=record.at(), updated_at=record.at(9))
    assert ids(asked("report", "never-updated")) == [("one", "a"), ("one", "b")]


@pytest.mark.usefixtures("engine")
def test_the_list_of_reports_shows_their_questions(capsys, asked):
    assert picked(asked("report", "--list"), "name") == [(name,) for name in REPORTS]
    assert run(["report"]) == 0
    assert "end-of-life" in capsys.readouterr().out
    assert run(["report", "nonsense"]) == 2


@pytest.mark.parametrize("folder", ["queries", "reports"])
def test_every_query_declares_its_question_parameters_and_order(folder):
    for name in names_in(folder):
        query = read_query(name, folder=folder)
        assert query.question.endswith("?"), name
        assert {"parameters", "order"} <= query.head.keys(), name
        assert "order by" in query.template, name


HOSTILE = [
    "\x1b[2J\x1b]0;title\x07",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe",
    "@SUM(1)",
    "x" * 5000,
    "a,b\"c\nd\r'e",
    "%s {} :x [bold]red[/bold]",
]


@pytest.fixture
def hostile_record(engine):
    record = Record(engine)
    record.run(error_message=HOSTILE[0])
    for number, text_ in enumerate(HOSTILE):
        record.add(f"id{number}{text_[:60]}", name=text_, description=text_, tag=text_, size=1,
                   swr_path=text_, type=text_, arch=text_, dev_services=[text_],
                   tags=[{"key": text_, "value": text_}], extra={text_: text_},
                   components=[["python", text_]])  # fmt: skip
        record.reject(text_, text_, image_id=text_)
        record.hold(f"id{number}{text_[:60]}", name=text_)
    record.run()
    for number, text_ in enumerate(HOSTILE):
        record.change(f"id{number}{text_[:60]}", description=text_ + "!")
    record.run()
    for number, text_ in enumerate(HOSTILE):
        record.remove(f"id{number}{text_[:60]}", told=text_)
    return record


QUESTIONS = [
    ["images", "--state", "all"], ["images", "--as-of", "2"], ["changes"], ["removals"],
    ["removals", "--held"], ["runs"], ["runs", "--by-source"], ["rejects"], ["status"],
    ["diff", "1", "3"], ["history", "id0"], ["history", "id6"],
    *(["report", name] for name in REPORTS),
]  # fmt: skip


@pytest.mark.usefixtures("hostile_record")
def test_hostile_text_is_harmless_in_every_command_and_format(capsys):
    for args in QUESTIONS:
        for form in ("table", "csv", "json", "jsonl"):
            assert run([*args, "--format", form]) == 0, args
            told = capsys.readouterr()
            assert all(line.isprintable() for line in told.out.split("\n")), (args, form)
            assert all(line.isprintable() for line in told.err.split("\n"))
            if form == "csv":
                cells = [cell for row in csv.reader(io.StringIO(told.out)) for cell in row]
                assert not any(cell[:1] in ("=", "+", "@", "\t") for cell in cells), args
            if form == "json":
                json.loads(told.out)
    assert run(["history", "id"]) == 2
    assert all(line.isprintable() for line in capsys.readouterr().err.split("\n"))


@pytest.mark.usefixtures("hostile_record")
def test_json_preserves_hostile_text(asked):
    names = [row["name"] for row in asked("images", "--state", "all")]
    assert names == HOSTILE


def test_a_reader_cannot_write(record):
    from sqlalchemy.exc import DBAPIError

    from etl.database.engine import open_reader

    reader = open_reader(record.url.render_as_string(hide_password=False))
    with reader.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("delete from rejects"))
    reader.dispose()


def test_a_reader_creates_no_database(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    assert run(["images"]) == 20
    assert "no database at" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_reader_requires_the_current_schema(empty_database_url, monkeypatch, capsys, backend):
    monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", empty_database_url)
    if backend == "sqlite":
        open_engine(empty_database_url).connect().close()
    assert run(["images"]) == 21
    assert "db upgrade" in capsys.readouterr().err


@pytest.mark.parametrize(
    "args",
    [
        ["db", "downgrade"],
        ["prune", "--keep", "1d"],
        ["approve", "1"],
        ["dismiss", "1"],
        ["replay-rejects"],
    ],
)
def test_a_command_that_needs_a_record_creates_no_file(args, monkeypatch, tmp_path, capsys):
    config = tmp_path / "config.toml"
    config.write_text('[[source]]\nname = "s"\nendpoint = "sample:"\nproject_id = "p"\n')
    monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    assert run(["-c", str(config), *args]) == 20
    assert capsys.readouterr().err.startswith(f"image-sync: no database at {tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == [config]


def test_db_commands(empty_database_url, monkeypatch, capsys):
    monkeypatch.setenv("IMAGE_SYNC_DATABASE_URL", empty_database_url)
    assert run(["db", "upgrade"]) == 0
    assert run(["db", "check"]) == 0
    assert run(["db", "current"]) == 0
    assert run(["db", "downgrade"]) == 0
    assert run(["db", "downgrade"]) == 21
    assert run(["db", "check"]) == 21
    assert run(["db", "upgrade", "nonsense"]) == 2
    assert run(["db", "upgrade"]) == 0
    out = capsys.readouterr().out
    assert "(this program: " in out
    assert "the schema was downgraded to base" in out
    for command in ("current", "check"):
        assert run(["db", command, "--output", "json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["revision"], told["current"], told["problem"]) == (head(), True, None)
    assert run(["db", "downgrade", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["revision"] is None
    assert run(["db", "check", "--output", "json"]) == 21
    told = json.loads(capsys.readouterr().out)
    assert (told["current"], told["program_revision"]) == (False, head())
    assert told["problem"]
    assert run(["-q", "db", "downgrade"]) == 21
    assert run(["-q", "db", "upgrade"]) == 0
    assert capsys.readouterr().out == ""
    assert run(["db", "upgrade", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["current"]
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: "n")
    assert run(["db", "downgrade", "base"]) == 130


def test_reading_commands_need_no_secret_of_a_source(record, tmp_path, monkeypatch, capsys):
    url = record.url.render_as_string(hide_password=False)
    monkeypatch.delenv("IMAGE_SYNC_DATABASE_URL")
    (tmp_path / "config.toml").write_text(
        f'[database]\nurl = "{url}"\n[[source]]\nname = "one"\nendpoint = "sample:"\n'
        'project_id = "p"\n[source.auth]\nmethod = "token"\ntoken = "${UNSET_TOKEN}"\n'
    )
    page = str(tmp_path / "page.html")
    for args in (["images"], ["status"], ["report", "catalogue"], ["dashboard", page]):
        assert run(args) == 0, args
    assert run(["check"]) == run(["plan"]) == run(["sync"]) == 2
    assert "UNSET_TOKEN is not set" in capsys.readouterr().err
