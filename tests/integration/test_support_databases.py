"""The databases that the fixtures hand out are at head, and apart from each other."""

from __future__ import annotations

from sqlalchemy import text

from etl.database.engine import open_engine
from etl.database.migrate import current_revision, head


def test_an_empty_database_has_no_schema(empty_database_url):
    with open_engine(empty_database_url).connect() as connection:
        assert current_revision(connection) is None


def test_a_database_is_at_head(database_url):
    with open_engine(database_url).connect() as connection:
        assert current_revision(connection) == head()


def test_a_copy_is_not_affected_by_writes_to_another(backend, databases):
    with databases.migrated(backend) as one, databases.migrated(backend) as other:
        with open_engine(one).begin() as connection:
            connection.execute(text("delete from image_sync_version"))
        with open_engine(other).connect() as connection:
            assert current_revision(connection) == head()
