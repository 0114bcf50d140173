"""Datasette and pandas read the record without help from image-sync."""

from __future__ import annotations

import asyncio
import html
import io
import json
import shutil

import pytest
from sqlalchemy import make_url, text

from etl.cli.main import run
from etl.database.engine import open_engine
from tests.support import datasette
from tests.support.example_record import example_record

METADATA = json.loads(datasette.FILE.read_text("utf-8"))
DATABASE = METADATA["databases"][datasette.DATABASE]


@pytest.fixture
def file(databases, tmp_path):
    """The example record in a file of the name that the metadata expect."""
    path = tmp_path / f"{datasette.DATABASE}.db"
    with databases.migrated("sqlite") as url:
        shutil.copy(str(make_url(url).database), path)
    engine = open_engine(f"sqlite:///{path}")
    example_record(engine)
    engine.dispose()
    return path


def test_the_metadata_are_current():
    assert datasette.FILE.read_text("utf-8") == datasette.page(), "run `make docs`"


def test_the_metadata_describe_every_column_that_exists(file):
    engine = open_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        for name, table in DATABASE["tables"].items():
            found = connection.execute(text(f"select * from {name} limit 0")).keys()
            assert list(table["columns"]) == list(found), name
    engine.dispose()


def test_every_query_is_one_that_sqlite_can_run(file):
    engine = open_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        for name, query in DATABASE["queries"].items():
            since = {"since": ""} if ":since" in query["sql"] else {}
            rows = connection.exec_driver_sql(query["sql"], since).all()
            assert rows, name
    engine.dispose()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_datasette_shows_titles_descriptions_units_and_queries(file):
    app = pytest.importorskip("datasette.app", reason="datasette is not installed")
    served = app.Datasette([str(file)], metadata=METADATA)

    async def pages():
        names = ("", *DATABASE["tables"], *DATABASE["queries"])
        return {name: await served.client.get(f"/images/{name}".rstrip("/")) for name in names}

    found = asyncio.run(pages())
    assert {name: page.status_code for name, page in found.items()} == dict.fromkeys(found, 200)
    texts = {name: html.unescape(page.text) for name, page in found.items()}
    for name, table in DATABASE["tables"].items():
        for description in (table["description"], *table["columns"].values()):
            assert description in texts[name], name
    assert "8.285974&nbsp;GB" in found["images"].text
    for name, query in DATABASE["queries"].items():
        assert query["title"] in texts[""]
        assert 'class="rows-and-columns"' in texts[name], name


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_pandas_reads_what_is_exported(file, tmp_path, kind):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    path = tmp_path / f"images.{kind}"
    assert run(["-q", "--database", f"sqlite:///{file}", "export", str(path)]) == 0
    read = {
        "csv": pandas.read_csv,
        "jsonl": lambda path: pandas.read_json(io.StringIO(path.read_text("utf-8")), lines=True),
        "parquet": pandas.read_parquet,
    }[kind]
    frame = read(path)
    assert len(frame) == 5
    assert frame["size"].max() == 12_992_276_070
    seen = pandas.to_datetime(frame["first_seen_at"], utc=True)
    assert seen.min() == pandas.Timestamp("2026-11-02T08:00Z")
