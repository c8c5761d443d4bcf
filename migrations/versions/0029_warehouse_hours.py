"""warehouse_hours: when the warehouse works, by which the clock of its stages runs."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "warehouse_hours",
        sa.Column("clock", sqltypes.AutoString(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("starts_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("zone", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("week", sa.JSON(), nullable=False),
        sa.Column("special_days", sa.JSON(), nullable=False),
        sa.Column("changed_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("changed_by", sqltypes.AutoString(length=80), nullable=False),
        sa.PrimaryKeyConstraint("clock", "version"),
    )


def downgrade() -> None:
    op.drop_table("warehouse_hours")
