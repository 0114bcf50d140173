"""SQLAlchemy Core: `python sqlalchemy_upsert.py API_URL DATABASE_URL FOLDER` upserts the listing.

A careful script: a typed table, one `on_conflict_do_update` per page, one transaction. PostgreSQL
through psycopg 3.
"""

from __future__ import annotations

import sys
from itertools import count
from typing import TYPE_CHECKING, Any

import requests
from sqlalchemy import JSON, BigInteger, Column, MetaData, Table, Text, create_engine
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE_ROWS = 1000
_TEXTS = (
    *("name", "swr_path", "tag", "type", "status", "arch", "description", "namespace"),
    *("workspace_id", "service_type", "visibility", "origin", "status_message"),
)
IMAGES = Table(
    "images",
    MetaData(),
    Column("id", Text, primary_key=True),
    *(Column(name, Text) for name in _TEXTS),
    *(Column(name, BigInteger) for name in ("size", "create_at", "update_at")),
    *(Column(name, JSON) for name in ("dev_services", "resource_categories", "tags")),
)


def pages(api_url: str) -> Iterator[list[dict[str, Any]]]:
    """The pages of the listing, each image with every column."""
    names = [column.name for column in IMAGES.c]
    with requests.Session() as session:
        for number in count():
            query = f"type=BUILD_IN&workspace_id=0&limit={PAGE_ROWS}&offset={number * PAGE_ROWS}"
            page = session.get(f"{api_url}/images?{query}", timeout=60).json()
            yield [{name: image.get(name) for name in names} for image in page["data"]]
            if number + 1 >= page["pages"]:
                return


def upsert(api_url: str, database_url: str) -> None:
    """Write the current values of every image."""
    engine = create_engine(database_url)
    dialect = sqlite if engine.dialect.name == "sqlite" else postgresql
    insert = dialect.insert(IMAGES)
    newer = {column.name: column for column in insert.excluded if not column.primary_key}
    statement = insert.on_conflict_do_update(index_elements=["id"], set_=newer)
    with engine.begin() as connection:
        IMAGES.metadata.create_all(connection)
        for page in pages(api_url):
            connection.execute(statement, page)


if __name__ == "__main__":
    upsert(*sys.argv[1:3])
