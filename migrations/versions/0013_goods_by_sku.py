"""goods by SKU: what was ordered is counted once an order, and a stock list may stand beside it."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "order_goods",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("fate", sqltypes.AutoString(length=6), nullable=False),
        sa.Column("lines", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("order_id"),
    )
    unread = sa.text("lines IS NULL")
    op.create_index(
        "order_goods_unread",
        "order_goods",
        ["incident_id", "order_id"],
        sqlite_where=unread,
        postgresql_where=unread,
    )
    op.create_table(
        "sku_count",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("sku", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("name", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("home", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"]),
        sa.PrimaryKeyConstraint("incident_id", "sku"),
    )
    op.create_index("sku_count_most", "sku_count", ["incident_id", "accepted", "sku"])
    op.create_table(
        "sku_note",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "sku_stock",
        sa.Column("sku", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("stock", sa.BigInteger(), nullable=False),
        sa.Column("listed_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("listed_by", sqltypes.AutoString(length=80), nullable=False),
        sa.PrimaryKeyConstraint("sku"),
    )


def downgrade() -> None:
    for table in ("sku_stock", "sku_note", "sku_count", "order_goods"):
        op.drop_table(table)
