"""An exported file holds what its relation holds, with its types, now or as of a time."""

from __future__ import annotations

import csv
import json
import sys
from datetime import UTC, datetime, timedelta

import pyarrow
import pyarrow.parquet
import pytest
from sqlalchemy import Engine, text

from etl.audit.export import RELATIONS, export
from etl.cli.main import run
from etl.errors import DatabaseUnavailable, UsageError
from tests.support.history import BEGINNING, HOSTILE, History, record, varied

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def exported(engine: Engine, path, **options) -> int:
    with engine.connect() as connection:
        return export(connection, path, now=NOW, **options)[0]


@pytest.mark.parametrize("relation", RELATIONS)
def test_every_relation_in_every_format(varied_engine, tmp_path, relation):
    engine = varied_engine
    with engine.connect() as connection:
        count = connection.execute(text(f"select count(*) from {relation}")).scalar_one()
    for ending in ("csv", "jsonl", "parquet"):
        path = tmp_path / f"file.{ending}"
        assert exported(engine, path, relation=relation) == count
    read = [json.loads(line) for line in (tmp_path / "file.jsonl").read_text().splitlines()]
    with (tmp_path / "file.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(read) == count
    table = pyarrow.parquet.read_table(tmp_path / "file.parquet")
    assert table.num_rows == count
    if read:
        assert list(read[0]) == table.column_names
    if RELATIONS[relation] is not None:
        early = BEGINNING - timedelta(days=1)
        path = tmp_path / "early.jsonl"
        assert exported(engine, path, relation=relation, as_of=early) == 0
    else:
        with pytest.raises(UsageError, match="--as-of is not supported for"):
            exported(engine, tmp_path / "early.csv", relation=relation, as_of=NOW)


def test_parquet_keeps_types(engine, tmp_path):
    values = {
        "size": 2**40,
        "create_at": 1_638_238_504_492,
        "dev_services": ["SSH", "NOTEBOOK"],
        "tags": [{"key": "a", "value": ""}],
        "unheard_of": 1,
    }
    History(engine).run([record("a", **values), record("b", dev_services=[], description="")])
    exported(engine, tmp_path / "images.parquet")
    a, b = pyarrow.parquet.read_table(tmp_path / "images.parquet").to_pylist()
    assert a["created_at"] == datetime(2021, 11, 30, 2, 15, 4, 492000, tzinfo=UTC)
    assert a["size"] == 2**40
    assert a["dev_services"] == ["NOTEBOOK", "SSH"]
    assert a["tags"] == [{"key": "a", "value": ""}]
    assert json.loads(a["extra"]) == {"unheard_of": 1}
    assert (b["dev_services"], b["description"], b["size"]) == ([], "", None)
    exported(engine, tmp_path / "c.parquet", relation="image_components")
    names = pyarrow.parquet.read_schema(tmp_path / "c.parquet")
    assert names.field("version").type == pyarrow.string()


def test_csv_distinguishes_null_from_empty_and_is_safe_in_a_spreadsheet(engine, tmp_path):
    History(engine).run(
        [record("a", name="=1+1", description="", tag='say "hi", you'), record("b")]
    )
    exported(engine, tmp_path / "images.csv")
    content = (tmp_path / "images.csv").read_text()
    assert "'=1+1" in content
    assert '"say ""hi"", you"' in content
    header, a, b = list(csv.reader(content.splitlines()))
    place = header.index("description")
    assert (a[place], b[place]) == ("", "")
    assert ',"",' in content.splitlines()[1]
    assert ',"",' not in content.splitlines()[2]


def test_images_as_of_a_time_have_the_values_of_that_time(engine, tmp_path):
    history = History(engine)
    history.run([record("a", size=1), record("b")])
    then = history.at + timedelta(minutes=30)
    history.run([record("a", size=2), record("c")])
    path = tmp_path / "then.jsonl"
    assert exported(engine, path, as_of=then) == 2
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert {(row["image_id"], row["size"]) for row in rows} == {("a", 1), ("b", None)}


def test_hostile_text_is_exported_unchanged(engine, tmp_path):
    History(engine).run([record(f"{n}", name=text) for n, text in enumerate(HOSTILE)])
    for ending in ("csv", "jsonl", "parquet"):
        exported(engine, tmp_path / f"images.{ending}")
    for ending in ("csv", "jsonl"):
        content = (tmp_path / f"images.{ending}").read_text()
        assert not [each for each in content if not each.isprintable() and each != "\n"]
    names = [
        json.loads(line)["name"]
        for line in (tmp_path / "images.jsonl").read_text().split("\n")[:-1]
    ]
    table = pyarrow.parquet.read_table(tmp_path / "images.parquet")
    assert sorted(names) == sorted(table["name"].to_pylist())
    assert set(HOSTILE[:2]) < set(names)


def test_an_impossible_export_is_refused(engine, tmp_path, monkeypatch):
    for path, options in (("a.xlsx", {}), ("a.csv", {"relation": "catalogue; drop"})):
        with pytest.raises(UsageError):
            exported(engine, tmp_path / path, **options)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"\[parquet\]"):
        exported(engine, tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_written_is_refused(engine, database_url, tmp_path, capsys):
    (tmp_path / "afile").touch()
    url = ["--database", database_url]
    for name in ("afile/x", "none/x", "x" * 255):
        for command in (["export", f"{name}.csv"], ["dashboard", f"{name}.html"]):
            command[1] = str(tmp_path / command[1])
            assert run(["-q", *url, *command]) == 2
            assert f": cannot write {command[1]}" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["afile"]


def test_a_file_name_may_be_as_long_as_the_system_allows(engine, database_url, tmp_path):
    paths = [tmp_path / f"{'x' * 250}.csv", tmp_path / f"{'x' * 250}.html"]
    for command, path in zip(("export", "dashboard"), paths, strict=True):
        assert run(["-q", "--database", database_url, command, str(path)]) == 0
    assert sorted(tmp_path.iterdir()) == paths


def test_a_failed_export_leaves_the_old_file(engine, tmp_path, monkeypatch):
    varied(engine, runs=2)
    path = tmp_path / "images.csv"
    path.write_text("old")
    monkeypatch.setattr("etl.audit.export.lines_of", _fail)
    with pytest.raises(DatabaseUnavailable):
        exported(engine, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _fail(_rows, _form):
    yield "half"
    raise DatabaseUnavailable("gone")


def test_the_command_reports_the_number_of_rows(engine, database_url, tmp_path, capsys):
    varied(engine, runs=2)
    path = tmp_path / "images.jsonl"
    assert (
        run(["--database", database_url, "export", str(path), "--as-of", "2026-09-01T08:00"]) == 0
    )
    assert "rows of images" in capsys.readouterr().err
    assert run(["-q", "--database", database_url, "export", str(path)]) == 0
    assert capsys.readouterr().err == ""
