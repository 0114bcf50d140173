"""Brings a database's schema to this program's head, with Alembic.

A run that finds the schema at head never loads Alembic: the revision is read by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema

from etl.database.ddl import create_views, scripts
from etl.database.engine import open_reader, our_errors, place, writing
from etl.database.integrity import schema_faults
from etl.database.schema import metadata
from etl.database.views import VIEWS
from etl.errors import DatabaseUnavailable, SchemaNotAtHead

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE: Final = "image_sync_version"
LOCK_SECONDS: Final = 60  # an upgrade waits so long for those who read or write
_LOCK_KEY: Final = 7_310_579_028_113_425_011  # "image-sync migrates", an arbitrary fixed number
_FIRST: Final = "sync_runs"  # a table that every revision has
_PRE_RELEASE: Final = {"sync_runs", "source_runs"}  # in every pre-release, without VERSION_TABLE
_HAS_DEPENDENTS: Final = "2BP01"  # PostgreSQL: other objects depend on what is to be dropped
_OF_TOOLS: Final = ("_", "sqlite_", "litestream", "crsql_")  # tables that SQLite tools keep


def head() -> str:
    """The newest revision that this program knows.

    Read from the migrations' file names: loading Alembic for it would cost every run 0.1 s. A test
    compares the result with Alembic's own.
    """
    newest = max(path.name for path in (scripts() / "versions").glob("[0-9]*.py"))
    return f"image_sync_{newest[:4]}"


def current_revision(connection: Connection) -> str | None:
    """The schema's revision; None if the database has no schema of image-sync.

    Raises `SchemaNotAtHead` for the schema of a pre-release.
    """
    if not inspect(connection).has_table(VERSION_TABLE):
        if _relations(connection) >= _PRE_RELEASE:
            raise SchemaNotAtHead(
                "a pre-release of image-sync wrote this database, and this version cannot read it:"
                f" {place(connection.engine)}",
                hint="name a new database; the next sync reads every source again",
            )
        return None
    revision: str | None = connection.scalar(text("select version_num from image_sync_version"))
    return revision


def ensure_head(engine: Engine, *, auto_upgrade: bool) -> None:
    """Upgrades an older schema if that is allowed.

    Raises `SchemaNotAtHead` if it is not, or if the schema is newer than this program.
    """
    with our_errors(engine), engine.connect() as connection:
        revision = current_revision(connection)
    if revision == head():
        return
    if not auto_upgrade:
        raise not_at_head(engine, revision)
    upgrade(engine)


def not_at_head(engine: Engine, revision: str | None) -> SchemaNotAtHead:
    """The error for a schema at another revision than this program's; None: no schema."""
    if _is_unknown(revision):
        return SchemaNotAtHead(
            f"schema {revision} is newer than this program ({head()}): {place(engine)}",
            hint="upgrade image-sync, or name another database",
        )
    return SchemaNotAtHead(
        f"the schema is {revision or 'missing'}, this program needs {head()}: {place(engine)}",
        hint="`image-sync db upgrade` brings it there",
    )


def require_head(engine: Engine) -> None:
    """Requires the schema to be current, without changing anything."""
    ensure_head(engine, auto_upgrade=False)


@contextmanager
def open_record(url: str, *, schema: str = "") -> Iterator[Connection]:
    """A connection that reads a record whose schema is current.

    Raises `DatabaseUnavailable` and `SchemaNotAtHead`.
    """
    engine = open_reader(url, schema=schema)
    try:
        with our_errors(engine):
            require_head(engine)
            with engine.connect() as connection:
                yield connection
    finally:
        engine.dispose()


def upgrade(engine: Engine, revision: str = "head") -> str | None:
    """Brings the schema to `revision`, in one transaction, one process at a time.

    Views of a schema that is current already are created again. Returns the revision that the
    schema is at then, which may be a later one.
    """
    with our_errors(engine), engine.connect() as connection, writing(connection):
        return upgrade_in(connection, revision)


def upgrade_in(connection: Connection, revision: str = "head") -> str | None:
    """`upgrade` inside the open writing transaction."""
    _prepare(connection)
    _refuse_strangers(connection)
    before = current_revision(connection)
    _run(connection, "upgrade", revision)
    reached = current_revision(connection)
    if before == reached == head():
        _repair_views(connection)
    return reached


def downgrade(engine: Engine, revision: str) -> str | None:
    """Takes the schema back to `revision` (`base`: drops everything), and returns the revision."""
    with our_errors(engine), engine.connect() as connection, writing(connection):
        _prepare(connection)
        if current_revision(connection) is None:
            raise SchemaNotAtHead(f"there is no schema of image-sync: {place(engine)}")
        _refuse_strangers(connection)
        _run(connection, "downgrade", revision)
        reached = current_revision(connection)
        if reached is None:
            connection.execute(text(f"drop table {VERSION_TABLE}"))
        return reached


def require_schema(connection: Connection) -> None:
    """Requires the schema to be current and exactly the program's. Raises `SchemaNotAtHead`."""
    revision = current_revision(connection)
    engine = connection.engine
    if revision != head():
        raise not_at_head(engine, revision)
    if faults := schema_faults(connection):
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise SchemaNotAtHead(
            f"{faults[0].message}{more}: {place(engine)}",
            hint="find out who changed it; `image-sync db upgrade` creates the views again",
        )


def known_revisions() -> list[str]:
    """All revisions, oldest first."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(_config())
    return [each.revision for each in reversed(list(script.walk_revisions()))]


def _is_unknown(revision: str | None) -> bool:
    return revision is not None and revision not in known_revisions()


def _prepare(connection: Connection) -> None:
    """Excludes other upgrades, and bounds the wait for those who read or write."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"set local lock_timeout = {int(LOCK_SECONDS * 1000)}"))
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        _make_schema(connection)


def _make_schema(connection: Connection) -> None:
    """Creates the PostgreSQL schema that the configuration names, unless it exists."""
    schema = connection.get_execution_options().get("schema")
    if schema and connection.execute(text("select current_schema()")).scalar() is None:
        connection.execute(CreateSchema(schema, if_not_exists=True))


def _refuse_strangers(connection: Connection) -> None:
    """Changes nothing in a database whose tables or views belong to another program.

    Raises `SchemaNotAtHead` for a revision that this program does not know, or a schema whose
    tables are missing; `DatabaseUnavailable` for a SQLite file with other tables than those of
    SQLite tools, and for a schema in which one of our names is taken.
    """
    revision = current_revision(connection)
    engine = connection.engine
    if _is_unknown(revision):
        raise not_at_head(engine, revision)
    if revision is not None:
        if not inspect(connection).has_table(_FIRST):
            raise SchemaNotAtHead(
                f"the table {_FIRST} is missing: {place(engine)}",
                hint="restore a backup, or name another database",
            )
        return
    relations = _relations(connection) - {VERSION_TABLE}
    if engine.dialect.name == "sqlite":
        taken = {name for name in relations if not name.startswith(_OF_TOOLS)}
        hint = "name another file"
    else:
        taken = relations & {*metadata.tables, *VIEWS}
        hint = "give image-sync a schema of its own with database.schema"
    if taken:
        raise DatabaseUnavailable(
            f"the database belongs to another program (it has {min(taken)!r}): {place(engine)}",
            hint=hint,
        )


def _repair_views(connection: Connection) -> None:
    newest = max(path.name[:4] for path in (scripts() / "versions").glob("*_views.*.sql"))
    with _named_dependents(connection):
        create_views(connection, f"{newest}_views")


def _relations(connection: Connection) -> set[str]:
    """Names of the tables and views in the file, or in the current schema of PostgreSQL."""
    if connection.dialect.name == "sqlite":
        statement = "select name from sqlite_master where type = 'table' or type = 'view'"
    else:
        statement = (
            "select relname from pg_class"
            " where relnamespace = to_regnamespace(quote_ident(current_schema()))"
            " and relkind in ('r', 'p', 'f', 'v', 'm')"
        )
    return set(connection.scalars(text(statement)))


def _run(connection: Connection, command: str, revision: str) -> None:
    from alembic import command as commands
    from alembic.script.revision import ResolutionError
    from alembic.util import CommandError

    config = _config()
    config.attributes["connection"] = connection
    try:
        with _named_dependents(connection):
            getattr(commands, command)(config, revision)
    except (CommandError, ResolutionError) as error:
        raise SchemaNotAtHead(f"{error}: {place(connection.engine)}") from None


@contextmanager
def _named_dependents(connection: Connection) -> Iterator[None]:
    """Names the user's objects that keep a table or view from being dropped."""
    try:
        yield
    except DBAPIError as error:
        cause: Any = error.orig
        if getattr(cause, "sqlstate", None) != _HAS_DEPENDENTS:
            raise
        raise SchemaNotAtHead(
            f"{cause.diag.message_detail}: {place(connection.engine)}",
            hint="drop what depends on it, repeat the command, and create it again",
        ) from None


def _config() -> Config:
    """Alembic's settings without an ini file: the scripts are beside the package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts()))
    config.set_main_option("path_separator", "os")
    return config


def connection_of(config: Any) -> Connection:
    """The connection that `upgrade` passed to Alembic, for `migrations/env.py`."""
    connection: Connection = config.attributes["connection"]
    return connection
