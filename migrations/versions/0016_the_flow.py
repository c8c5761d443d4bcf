"""lifecycle_event, order_flow, stage_visit, stage_minute, stage_total: what the main system tells of an order's way."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SUMS = ("entered", "entered_at_sum", "left", "left_at_sum", "inside", "inferred")


def upgrade() -> None:
    op.create_table(
        "order_flow",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("order_ref", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("channel", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("high", sa.Boolean(), nullable=False),
        sa.Column("standing", sqltypes.AutoString(length=12), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=True),
        sa.Column("entered_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("reworks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("order_flow_ref", "order_flow", ["order_ref"], unique=True)
    in_stage = sa.text("stage IS NOT NULL")
    op.create_index(
        "order_flow_in_stage", "order_flow", ["stage", "entered_at"], sqlite_where=in_stage, postgresql_where=in_stage
    )
    op.create_table(
        "lifecycle_event",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("source", sqltypes.AutoString(length=32), nullable=False),
        sa.Column("event_id", sqltypes.AutoString(length=96), nullable=False),
        sa.Column("flow_id", sa.BigInteger(), nullable=False),
        sa.Column("mark", sqltypes.AutoString(length=16), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("received_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("said_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("channel", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("attributes", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["flow_id"], ["order_flow.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("lifecycle_event_said", "lifecycle_event", ["source", "event_id"], unique=True)
    op.create_index("lifecycle_event_of", "lifecycle_event", ["flow_id", "id"])
    op.create_table(
        "stage_visit",
        sa.Column("flow_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("channel", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("high", sa.Boolean(), nullable=False),
        sa.Column("entered_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("left_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("inferred", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["order_flow.id"]),
        sa.PrimaryKeyConstraint("flow_id", "place"),
    )
    op.create_index("stage_visit_left", "stage_visit", ["stage", "left_at"])
    op.create_table(
        "stage_minute",
        sa.Column("minute", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("channel", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("high", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in SUMS),
        sa.PrimaryKeyConstraint("minute", "channel", "high", "stage"),
    )
    op.create_table(
        "stage_total",
        sa.Column("channel", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("high", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in SUMS),
        sa.PrimaryKeyConstraint("channel", "high", "stage"),
    )


def downgrade() -> None:
    for table in ("stage_total", "stage_minute", "stage_visit", "lifecycle_event", "order_flow"):
        op.drop_table(table)
