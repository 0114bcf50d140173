"""Alembic's entry: runs the migrations on the connection and in the transaction handed over."""

from alembic import context

from etl.database.migrate import VERSION_TABLE
from etl.database.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
