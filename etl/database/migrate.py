"""Brings a database's schema to this program's head, with Alembic.

A run that finds the schema at head never loads Alembic: the revision is read by itself. A migration
owns the DDL files beside it, and with them its views: whatever this program's newest views are, an
older revision's can be created again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.schema import CreateSchema

from etl.database.engine import database_text, open_reader, translated_errors, writing
from etl.database.integrity import schema_faults
from etl.database.schema import metadata
from etl.database.views import VIEWS
from etl.errors import DatabaseUnavailable, SchemaNotAtHead, UsageError

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE: Final = "image_sync_version"
LOCK_SECONDS: Final = 60  # an upgrade waits so long for those who read or write
SEPARATOR: Final = ";\n\n"  # between the statements of a DDL file
_LOCK_KEY: Final = 7_310_579_028_113_425_011  # "image-sync migrates", an arbitrary fixed number
_FIRST: Final = "sync_runs"  # a table that every revision has
_PRE_RELEASE: Final = {"sync_runs", "source_runs"}  # in every pre-release, without VERSION_TABLE
_OF_TOOLS: Final = ("_", "sqlite_", "litestream", "crsql_")  # tables that SQLite tools keep
_HAS_DEPENDENTS: Final = "2BP01"  # PostgreSQL: other objects depend on what is to be dropped
_CANNOT_REPLACE: Final = "42P16"  # a column was removed, renamed, moved or has another type
_CREATED: Final = re.compile(r"create (?:or replace )?(table|view) (\w+)", re.IGNORECASE)


def known_revisions() -> list[str]:
    """All revisions, oldest first.

    Read from the migrations' file names: loading Alembic for it would cost every run 0.1 s. A test
    compares the result with Alembic's own.
    """
    numbers = sorted(path.name[:4] for path in (_scripts() / "versions").glob("[0-9]*.py"))
    return [f"image_sync_{number}" for number in numbers]


def head() -> str:
    """The newest revision that this program knows."""
    return known_revisions()[-1]


def current_revision(connection: Connection) -> str | None:
    """The schema's revision; None if the database has no schema of image-sync yet.

    Raises `SchemaNotAtHead` for the schema of a pre-release, or one whose tables are missing;
    `DatabaseUnavailable` for a database of another program.
    """
    exists = inspect(connection).has_table
    revision: str | None = None
    if exists(VERSION_TABLE):
        revision = connection.scalar(text(f"select version_num from {VERSION_TABLE}"))  # noqa: S608  # our own name
    if revision is None:
        _refuse_strangers(connection)
    elif not exists(_FIRST):
        raise SchemaNotAtHead(
            f"the table {_FIRST} is missing: {database_text(connection.engine)}",
            hint="restore a backup, or name another database",
        )
    return revision


def ensure_head(engine: Engine, *, auto_upgrade: bool) -> None:
    """Upgrades an older schema if that is allowed.

    Raises `SchemaNotAtHead` if it is not, or if the schema is newer than this program.
    """
    with translated_errors(engine), engine.connect() as connection:
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
            f"schema {revision} is newer than this program ({head()}): {database_text(engine)}",
            hint="upgrade image-sync, or name another database",
        )
    return SchemaNotAtHead(
        f"the schema is {revision or 'missing'}, this program needs {head()}:"
        f" {database_text(engine)}",
        hint="run `image-sync db upgrade`",
    )


def require_schema(connection: Connection) -> None:
    """Requires the schema to be current and exactly the program's. Raises `SchemaNotAtHead`."""
    revision, engine = current_revision(connection), connection.engine
    if revision != head():
        raise not_at_head(engine, revision)
    if faults := schema_faults(connection):
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise SchemaNotAtHead(
            f"{faults[0].message}{more}: {database_text(engine)}",
            hint=f"find out who changed it; {faults[0].remedy}",
        )


@contextmanager
def open_record(url: str, *, schema: str = "") -> Iterator[Connection]:
    """A connection that reads a record whose schema is current.

    Raises `DatabaseUnavailable` and `SchemaNotAtHead`.
    """
    engine = open_reader(url, schema=schema)
    try:
        with translated_errors(engine):
            ensure_head(engine, auto_upgrade=False)
            with engine.connect() as connection:
                yield connection
    finally:
        engine.dispose()


def upgrade(engine: Engine, revision: str = "head") -> str | None:
    """Brings the schema to `revision`, in one transaction, one process at a time.

    Views of a schema that is current already are created again. Returns the revision that the
    schema is at then, which may be a later one.
    """
    with translated_errors(engine), engine.connect() as connection, writing(connection):
        return upgrade_in(connection, revision)


def upgrade_in(connection: Connection, revision: str = "head") -> str | None:
    """`upgrade` inside the open writing transaction."""
    with _migration(connection) as before:
        _run(connection, "upgrade", revision)
        reached = current_revision(connection)
        if before == reached == head():
            create_objects(connection, f"{reached[-4:]}_views")
    return reached


def downgrade(engine: Engine, revision: str) -> str | None:
    """Takes the schema back to `revision` (`base`: drops everything), and returns the revision."""
    with (
        translated_errors(engine),
        engine.connect() as connection,
        writing(connection),
        _migration(connection) as before,
    ):
        if before is None:
            raise SchemaNotAtHead(f"there is no schema of image-sync: {database_text(engine)}")
        _run(connection, "downgrade", revision)
        reached = current_revision(connection)
        if reached is None:
            connection.execute(text(f"drop table {VERSION_TABLE}"))
        return reached


def create_objects(connection: Connection, file: str) -> None:
    """Runs a DDL file.

    PostgreSQL replaces a view, so that other objects may go on depending on it. A view with other
    columns cannot be replaced; it is dropped and created. Everything between two views, such as
    hundreds of comments, is sent to PostgreSQL at once.
    """
    for view, group in groupby(_statements(connection, file), _replaced_view):
        if view:
            _replace_view(connection, view, *group)
        elif connection.dialect.name == "postgresql":
            _execute(connection, SEPARATOR.join(group))
        else:
            for statement in group:
                _execute(connection, statement)


def drop_objects(connection: Connection, file: str) -> None:
    """Drops the tables or views that a DDL file creates, with everything in them."""
    created = [found for each in _statements(connection, file) if (found := _CREATED.match(each))]
    for kind, name in map(re.Match.groups, reversed(created)):
        _execute(connection, f"drop {kind} if exists {name}")


@contextmanager
def _migration(connection: Connection) -> Iterator[str | None]:
    """Excludes other migrations; the revision before. Raises what `current_revision` does.

    Names the user's objects that keep a table or view from being dropped.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"set local lock_timeout = {LOCK_SECONDS * 1000}"))
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        schema = connection.get_execution_options()["schema"]  # as configured
        if schema and connection.execute(text("select current_schema()")).scalar() is None:
            connection.execute(CreateSchema(schema, if_not_exists=True))
    revision = current_revision(connection)
    if _is_unknown(revision):
        raise not_at_head(connection.engine, revision)
    try:
        yield revision
    except DBAPIError as error:
        cause: Any = error.orig
        if getattr(cause, "sqlstate", None) != _HAS_DEPENDENTS:
            raise
        raise SchemaNotAtHead(
            f"{cause.diag.message_detail}: {database_text(connection.engine)}",
            hint="drop what depends on it, repeat the command, and create it again",
        ) from None


def _refuse_strangers(connection: Connection) -> None:
    """Refuses a database without a revision whose tables or views belong to another program.

    That is a SQLite file with other tables than those of SQLite tools, or a schema in which one of
    our names is taken.
    """
    engine, relations = connection.engine, _relations(connection) - {VERSION_TABLE}
    if relations >= _PRE_RELEASE:
        raise SchemaNotAtHead(
            "a pre-release of image-sync wrote this database, and this version cannot read it:"
            f" {database_text(engine)}",
            hint="name a new database; the next sync reads every source again",
        )
    if engine.dialect.name == "sqlite":
        taken = {name for name in relations if not name.startswith(_OF_TOOLS)}
        hint = "name another file"
    else:
        taken = relations & {*metadata.tables, *VIEWS}
        hint = "give image-sync a schema of its own with database.schema"
    if taken:
        raise DatabaseUnavailable(
            f"the database belongs to another program (it has {min(taken)!r}):"
            f" {database_text(engine)}",
            hint=hint,
        )


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


def _is_unknown(revision: str | None) -> bool:
    return revision is not None and revision not in known_revisions()


def _run(connection: Connection, command: str, revision: str) -> None:
    from alembic import command as commands
    from alembic.script.revision import ResolutionError
    from alembic.util import CommandError

    config = _config()
    config.attributes["connection"] = connection
    try:
        getattr(commands, command)(config, revision)
    except (CommandError, ResolutionError) as error:
        hint = f"known: base, {', '.join(known_revisions())}"
        raise UsageError(f"invalid revision {revision!r}: {error}", hint=hint) from None


def _config() -> Config:
    """Alembic's settings without an ini file: the scripts are beside the package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_scripts()))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> Path:
    """The folder of the migrations: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    shipped = package / "migrations"
    return shipped if shipped.is_dir() else package.parent / "migrations"


def _replaced_view(statement: str) -> str:
    """The view that a statement replaces; empty: none."""
    found = re.match(r"create or replace view (\w+)", statement)
    return found[1] if found else ""


def _replace_view(connection: Connection, name: str, statement: str) -> None:
    try:
        with connection.begin_nested():
            _execute(connection, statement)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _CANNOT_REPLACE:
            raise
        _execute(connection, f"drop view {name}")
        _execute(connection, statement)


def _statements(connection: Connection, file: str) -> Iterator[str]:
    path = _scripts() / "versions" / f"{file}.{connection.dialect.name}.sql"
    yield from (statement.strip() for statement in path.read_text("utf-8").split(SEPARATOR))


def _execute(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
