"""Other tools for the same task: one script for each, run in an environment of its own.

Each script takes the API's URL, the database's URL and a folder for its state between loads, and
loads the listing once. It is configured as the tool's own documentation describes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool, its packages, and the relation that it writes.

    `relations`: by kind of database; other kinds are left out, for the reason in `without`.
    `present`: the condition that selects present images. `sizes`: the catalogues that it is
    measured with by default.
    """

    name: str
    about: str
    script: str
    packages: tuple[str, ...]
    relations: dict[str, str]
    removes: str
    history: str
    present: str = "true"
    without: str = ""
    sizes: tuple[int, ...] = (100_000,)


PEERS: Final = (
    Peer(
        name="dlt",
        about="REST source with an offset paginator, merge strategy scd2",
        script="dlt_scd2.py",
        packages=("dlt[postgres,sqlalchemy]==1.31.0",),
        relations={"sqlite": "images", "postgresql": "dlt.images"},
        present="_dlt_valid_to is null",
        removes="images that a load did not see",
        history="whole rows",
    ),
    Peer(
        name="sqlite-utils",
        about="`upsert_all`",
        script="sqlite_utils_upsert.py",
        packages=("sqlite-utils==4.2.1", "requests==2.34.2"),
        relations={"sqlite": "images"},
        removes="never",
        history="none",
        without="it writes only SQLite",
    ),
    Peer(
        name="sqlalchemy",
        about="Core, `on_conflict_do_update`",
        script="sqlalchemy_upsert.py",
        packages=("sqlalchemy==2.1.9", "psycopg[binary]==3.3.6", "requests==2.34.2"),
        relations={"sqlite": "images", "postgresql": "images"},
        removes="never",
        history="none",
    ),
    Peer(
        name="singer",
        about="a tap on the Meltano SDK, piped into MeltanoLabs' target-postgres",
        script="singer.py",
        packages=("singer-sdk==0.54.9", "meltanolabs-target-postgres==0.8.1"),
        relations={"postgresql": "singer.images"},
        present="_sdc_deleted_at is null",
        removes="images that a load did not see",
        history="none",
        without="target-sqlite 0.2.0, the only release, needs a SQLAlchemy older than Python 3.10",
        sizes=(10_000,),  # larger ones take minutes
    ),
)
