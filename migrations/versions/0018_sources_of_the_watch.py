"""watch_source, watch_parcel: how far each source of lifecycle events is read, which parcels were asked for."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moments = ("stands_at", "ok_at", "failing_since", "failed_at", "newest_at")
    op.create_table(
        "watch_source",
        sa.Column("name", sqltypes.AutoString(length=32), nullable=False),
        sa.Column("kind", sqltypes.AutoString(length=16), nullable=False),
        *(sa.Column(name, sqltypes.UTCDateTime(), nullable=True) for name in moments),
        sa.Column("trouble", sqltypes.AutoString(length=24), nullable=False),
        sa.Column("trouble_words", sqltypes.AutoString(length=200), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.JSON(none_as_null=True), nullable=True) for name in ("tried", "odd", "coverage")),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "watch_parcel",
        sa.Column("flow_id", sa.BigInteger(), nullable=False),
        sa.Column("waybill", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("subscribed_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("asked_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["order_flow.id"]),
        sa.PrimaryKeyConstraint("flow_id"),
    )
    op.create_index("watch_parcel_waybill", "watch_parcel", ["waybill"])


def downgrade() -> None:
    for table in ("watch_parcel", "watch_source"):
        op.drop_table(table)
