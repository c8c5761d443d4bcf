"""high-priority orders: who has one in hand, and whether it is done."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attention",
        sa.Column("order_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("claimed_by", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("claimed_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("handled_by", sqltypes.AutoString(length=80), nullable=True),
        sa.Column("handled_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("note", sqltypes.AutoString(length=200), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("order_id"),
    )


def downgrade() -> None:
    op.drop_table("attention")
