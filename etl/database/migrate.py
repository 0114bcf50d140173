"""Brings a database's schema to this program's head, with Alembic.

A run that finds the schema at head never loads Alembic: the revision is read by itself.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import inspect, text
from sqlalchemy.schema import CreateSchema

from etl.database.engine import our_errors, place, writing
from etl.database.schema import metadata
from etl.database.views import drop_views, make_views
from etl.errors import DatabaseUnavailable, SchemaNotAtHead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config
    from sqlalchemy import Connection, Engine

HEAD: Final = "0002"
LOCK_SECONDS: Final = 60  # an upgrade waits so long for those who read or write
_LOCK_KEY: Final = 7_310_579_028_113_425_011  # "image-sync migrates", an arbitrary fixed number


def current_revision(connection: Connection) -> str | None:
    """The schema's revision; None when image-sync has never been here."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("select version_num from alembic_version"))
    return revision


def ensure_head(engine: Engine, *, auto_upgrade: bool) -> None:
    """Upgrades an older schema where that is allowed.

    Raises `SchemaNotAtHead` when it is not, or when the schema is newer than this program.
    """
    with our_errors(engine), engine.connect() as connection:
        revision = current_revision(connection)
    if revision == HEAD:
        return
    if not auto_upgrade:
        raise not_at_head(engine, revision)
    upgrade(engine)


def not_at_head(engine: Engine, revision: str | None) -> SchemaNotAtHead:
    """The error of a schema that waits for an upgrade, its own or this program's; None: no schema.

    Only a schema that this program knows is told to be upgraded.
    """
    if _is_strange(revision):
        return SchemaNotAtHead(
            f"database {place(engine)}: schema {revision} is newer than this program ({HEAD}),"
            " or another program's",
            hint="upgrade image-sync, or name another database",
        )
    return SchemaNotAtHead(
        f"database {place(engine)}: schema {revision or 'missing'}, this program needs {HEAD}",
        hint="`image-sync db upgrade` brings it there",
    )


def require_head(engine: Engine) -> None:
    """What readers ask for: the schema as it must be, without changing anything."""
    ensure_head(engine, auto_upgrade=False)


def upgrade(engine: Engine, revision: str = "head") -> str | None:
    """Brings the schema to `revision`, in one transaction, one process at a time.

    Names the revision that the schema is at then, which may be a later one.
    """
    with our_errors(engine), _prepared(engine) as connection:
        _refuse_strangers(engine, connection)
        drop_views(connection)
        _run(engine, connection, "upgrade", revision)
        make_views(connection)
        return current_revision(connection)


def downgrade(engine: Engine, revision: str) -> str | None:
    """Takes the schema back to `revision` (`base`: nothing of image-sync is left), and names it.

    What an older revision has no place for stays, unseen, for the next upgrade.
    """
    with our_errors(engine), _prepared(engine) as connection:
        if current_revision(connection) is None:
            raise SchemaNotAtHead(f"database {place(engine)}: there is no schema to take back")
        drop_views(connection)
        _run(engine, connection, "downgrade", revision)
        reached = current_revision(connection)
        if reached is None:
            metadata.drop_all(connection)  # what the first revision did not make
        else:
            make_views(connection)
        return reached


def known_revisions() -> list[str]:
    """All revisions, oldest first."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_config())
    return [each.revision for each in reversed(list(script.walk_revisions()))]


def _is_strange(revision: str | None) -> bool:
    return revision is not None and revision not in known_revisions()


@contextmanager
def _prepared(engine: Engine) -> Iterator[Connection]:
    """A connection inside one writing transaction that no other upgrade shares."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            with connection.begin():  # before anything of the file is changed
                _refuse_strangers(engine, connection)
            driver: Any = connection.connection.driver_connection
            driver.execute("pragma journal_mode = wal")  # not possible inside a transaction
        with writing(connection):
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"set local lock_timeout = {int(LOCK_SECONDS * 1000)}"))
                connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
                _make_schema(connection)
            yield connection


def _make_schema(connection: Connection) -> None:
    """Makes the PostgreSQL schema that the configuration names, when it is not there."""
    schema = connection.get_execution_options().get("schema")
    if schema and connection.execute(text("select current_schema()")).scalar() is None:
        connection.execute(CreateSchema(schema, if_not_exists=True))


def _refuse_strangers(engine: Engine, connection: Connection) -> None:
    """Nothing is written into a file that another program keeps its tables in."""
    revision = current_revision(connection)
    if _is_strange(revision):
        raise not_at_head(engine, revision)
    if revision is None and engine.dialect.name == "sqlite":
        tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
        if tables:
            raise DatabaseUnavailable(
                f"database {place(engine)} belongs to another program (it has {min(tables)!r})",
                hint="name another file",
            )


def _run(engine: Engine, connection: Connection, command: str, revision: str) -> None:
    from alembic import command as commands
    from alembic.script.revision import ResolutionError
    from alembic.util import CommandError

    config = _config()
    config.attributes["connection"] = connection
    try:
        getattr(commands, command)(config, revision)
    except (CommandError, ResolutionError) as error:
        raise SchemaNotAtHead(f"database {place(engine)}: {error}") from None


def _config() -> Config:
    """Alembic's settings without an ini file: the scripts lie beside the package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_scripts()))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> Path:
    package = Path(__file__).parents[1]
    shipped = package / "migrations"
    return shipped if shipped.is_dir() else package.parent / "migrations"


def connection_of(config: Any) -> Connection:
    """The connection that `upgrade` handed to Alembic, for `migrations/env.py`."""
    connection: Connection = config.attributes["connection"]
    return connection
