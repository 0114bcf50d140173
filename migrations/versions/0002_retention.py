"""Second release: which run resolved a reject."""

import sqlalchemy as sa
from alembic import op

from etl.database.types import Key

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "rejects",
        sa.Column("resolved_run_id", Key, nullable=True, comment="the run that resolved it"),
    )


def downgrade() -> None:
    op.drop_column("rejects", "resolved_run_id")
