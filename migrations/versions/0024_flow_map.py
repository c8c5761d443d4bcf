"""stage_plan: each stage's limit, owner and what to do when it goes wrong, as people have planned it."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stage_plan",
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("limit_minutes", sa.Integer(), nullable=False),
        sa.Column("owner", sqltypes.AutoString(length=40), nullable=False),
        sa.Column("keeper", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("exceptions", sqltypes.AutoString(length=500), nullable=False),
        sa.Column("changed_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("changed_by", sqltypes.AutoString(length=80), nullable=False),
        sa.PrimaryKeyConstraint("stage", "version"),
    )


def downgrade() -> None:
    op.drop_table("stage_plan")
