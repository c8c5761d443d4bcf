"""Alerts of stages: inhibited, unseen, flapping; feed_channel, stage_hour, backlog_hour, overdue_minute."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert", sa.Column("stage", sa.Integer(), nullable=True))
    op.add_column("alert", sa.Column("inhibited_why", sqltypes.AutoString(length=16), nullable=True))
    op.add_column("alert", sa.Column("unseen_since", sqltypes.UTCDateTime(), nullable=True))
    op.add_column("alert", sa.Column("flapping", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("lifecycle_event_heard", "lifecycle_event", ["source", "received_at"])
    op.create_table(
        "feed_channel",
        sa.Column("source", sqltypes.AutoString(length=32), nullable=False),
        sa.Column("channel", sqltypes.AutoString(length=64), nullable=False),
        sa.PrimaryKeyConstraint("source", "channel"),
    )
    op.execute("INSERT INTO feed_channel (source, channel) SELECT DISTINCT source, channel FROM lifecycle_event")
    op.create_table(
        "stage_hour",
        sa.Column("hour", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("channel", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("high", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("entered", sa.Integer(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("order_seconds", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "channel", "high", "stage"),
    )
    op.create_table(
        "backlog_hour",
        sa.Column("hour", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("samples", sa.JSON(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("hour"),
    )
    op.create_table(
        "feed_hour",
        sa.Column("hour", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("source", sqltypes.AutoString(length=32), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("gaps", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "source"),
    )
    op.create_table(
        "overdue_minute",
        sa.Column("minute", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute"),
    )


def downgrade() -> None:
    for table in ("overdue_minute", "feed_hour", "backlog_hour", "stage_hour", "feed_channel"):
        op.drop_table(table)
    op.drop_index("lifecycle_event_heard", "lifecycle_event")
    for column in ("flapping", "unseen_since", "inhibited_why", "stage"):
        op.drop_column("alert", column)
