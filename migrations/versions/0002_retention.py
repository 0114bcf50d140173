"""Second release: what resolved a reject, how images were met, what was pruned and discovered."""

import sqlalchemy as sa
from alembic import op

from etl.database.types import Instant, Key, Word

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RUNS = "One row for each run of sync, approve, dismiss or replay-rejects"
RUNS_IN_0001 = "One row for each execution of a writing command"


def upgrade() -> None:
    columns = sa.inspect(op.get_bind()).get_columns("rejects")
    if any(each["name"] == "resolved_run_id" for each in columns):
        return  # a downgrade left everything where it was
    op.add_column(
        "rejects",
        sa.Column("resolved_run_id", Key, nullable=True, comment="the run that resolved it"),
    )
    op.add_column(
        "source_runs",
        sa.Column(
            "sight_digest",
            sa.Text(),
            nullable=True,
            comment="set digest of how images were met; null: by release 0.1",
        ),
    )
    op.add_column(
        "source_runs",
        sa.Column(
            "component_rules",
            sa.Text(),
            nullable=True,
            comment="the rules that image_components was read by then",
        ),
    )
    op.create_table(
        "prune_checkpoints",
        sa.Column(
            "source", Word, nullable=False, comment="name of the source in the configuration"
        ),
        sa.Column(
            "run_id",
            Key,
            nullable=False,
            comment="the last run of the source whose history was dropped",
        ),
        sa.Column(
            "observed_at",
            Instant(),
            nullable=False,
            comment="observed_at of that run: before it, history has gaps",
        ),
        sa.Column(
            "digest",
            sa.Text(),
            nullable=False,
            comment="digest of that run, where the chain goes on",
        ),
        sa.Column(
            "catalogue_digest",
            sa.Text(),
            nullable=False,
            comment="set digest of the images present after that run",
        ),
        sa.Column(
            "present",
            sa.BigInteger(),
            nullable=False,
            comment="images in the catalogue after that run",
        ),
        sa.Column(
            "kept_digest",
            sa.Text(),
            nullable=False,
            comment="set digest of what was kept of the runs up to that one",
        ),
        sa.Column("pruned_at", Instant(), nullable=False, comment="when it was dropped"),
        sa.PrimaryKeyConstraint("source", name="pk_prunings"),
        comment="Up to which run each source's history was dropped, and the seal on what was kept",
    )
    op.create_table(
        "discovered_sources",
        sa.Column(
            "source", Word, nullable=False, comment="name of the source in the configuration"
        ),
        sa.Column("label", Word, nullable=False, comment="of the [[discover]] that found it"),
        sa.Column("project_id", Word, nullable=False, comment="the project's id"),
        sa.Column("project_name", Word, nullable=False, comment="what the project was called then"),
        sa.Column("region", Word, nullable=False, comment="the region that the project lies in"),
        sa.Column(
            "first_seen_at", Instant(), nullable=False, comment="when the project was first found"
        ),
        sa.Column(
            "vanished_at",
            Instant(),
            nullable=True,
            comment="since when it is not found any more: not read, never emptied",
        ),
        sa.PrimaryKeyConstraint("source", name="pk_discovered_sources"),
        comment="Sources made of the projects that credentials may use",
    )
    if op.get_bind().dialect.supports_comments:
        op.create_table_comment("sync_runs", RUNS, existing_comment=RUNS_IN_0001)


def downgrade() -> None:
    """Leaves everything where it is: the runs' digests cover it, and the next upgrade needs it.

    The program of 0001 does not see what it has no name for. A downgrade to base drops it all.
    """
