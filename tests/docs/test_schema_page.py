"""docs/schema.md and the comments in the database describe every table, view and column."""

from sqlalchemy import inspect, text

from etl.database.engine import open_engine
from etl.database.schema import metadata
from etl.database.views import COMMENTS, VIEW_COLUMNS, VIEWS
from tests.support.schema_page import PAGE, schema_page


def test_the_page_is_current():
    assert PAGE.read_text("utf-8") == schema_page(), "run `make docs`"


def test_every_view_and_column_has_a_description(database_url):
    engine = open_engine(database_url)
    with engine.connect() as connection:
        for view in VIEWS:
            columns = connection.execute(text(f"select * from {view} where 1 = 0")).keys()
            assert list(VIEW_COLUMNS[view]) == list(columns)
    engine.dispose()
    assert set(COMMENTS) == set(VIEWS)


def test_every_table_and_column_has_a_comment():
    for table in metadata.tables.values():
        assert table.comment
        assert all(column.comment for column in table.columns)


def test_postgresql_stores_the_comments(databases):
    with databases.migrated("postgresql") as url:
        engine = open_engine(url)
        inspector = inspect(engine)
        for view, columns in VIEW_COLUMNS.items():
            kept = {each["name"]: each["comment"] for each in inspector.get_columns(view)}
            assert kept == columns
            assert inspector.get_table_comment(view)["text"] == COMMENTS[view]
        for table in metadata.tables.values():
            assert inspector.get_table_comment(table.name)["text"] == table.comment
        engine.dispose()
