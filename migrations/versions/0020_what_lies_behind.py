"""expected_beat, rule_change, dependency_window, outgoing_ping: what may lie behind many stuck orders."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "expected_beat",
        sa.Column("name", sqltypes.AutoString(length=48), nullable=False),
        sa.Column("every_s", sa.Integer(), nullable=False),
        sa.Column("grace_s", sa.Integer(), nullable=False),
        sa.Column("most_failures", sa.Integer(), nullable=False),
        sa.Column("due_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("started_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_ok_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("failed_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("said", sqltypes.AutoString(length=500), nullable=False),
        sa.Column("set_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("set_by", sqltypes.AutoString(length=80), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "rule_change",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("source", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("change_id", sqltypes.AutoString(length=96), nullable=False),
        sa.Column("who", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("what", sqltypes.AutoString(length=200), nullable=False),
        sa.Column("before", sqltypes.AutoString(length=500), nullable=False),
        sa.Column("after", sqltypes.AutoString(length=500), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("told_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("told_by", sqltypes.AutoString(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("rule_change_said", "rule_change", ["source", "change_id"], unique=True)
    op.create_index("rule_change_at", "rule_change", ["at"])
    op.create_table(
        "dependency_window",
        sa.Column("name", sqltypes.AutoString(length=32), nullable=False),
        sa.Column("begins_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("probes", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("latencies_ms", sa.JSON(), nullable=False),
        sa.Column("last_ok_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("first_error_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("reason", sqltypes.AutoString(length=80), nullable=False),
        sa.PrimaryKeyConstraint("name", "begins_at"),
    )
    op.create_table(
        "outgoing_ping",
        sa.Column("name", sqltypes.AutoString(length=16), nullable=False),
        sa.Column("tried_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ok_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("reason", sqltypes.AutoString(length=80), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    for table in ("outgoing_ping", "dependency_window", "rule_change", "expected_beat"):
        op.drop_table(table)
