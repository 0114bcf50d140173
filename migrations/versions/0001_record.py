"""The schema of 1.0: images with their versions, changes and removals, runs, and the log.

The DDL is in the files `0001_*.sql` beside this one. `make migration` writes them from
`etl/database` until 1.0.0 is released; afterwards they never change.
"""

from alembic import op

from etl.database.migrate import create_objects, drop_objects

revision = "image_sync_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_objects(op.get_bind(), "0001_tables")
    create_objects(op.get_bind(), "0001_views")


def downgrade() -> None:
    drop_objects(op.get_bind(), "0001_views")
    drop_objects(op.get_bind(), "0001_tables")
