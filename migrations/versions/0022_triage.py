"""triage_wording: how people have worded the lines of the table of stuck orders."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "triage_wording",
        sa.Column("code", sqltypes.AutoString(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner", sqltypes.AutoString(length=40), nullable=False),
        sa.Column("meaning", sqltypes.AutoString(length=200), nullable=False),
        sa.Column("say", sqltypes.AutoString(length=500), nullable=False),
        sa.Column("next", sqltypes.AutoString(length=300), nullable=False),
        sa.Column("changed_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("changed_by", sqltypes.AutoString(length=80), nullable=False),
        sa.PrimaryKeyConstraint("code", "version"),
    )


def downgrade() -> None:
    op.drop_table("triage_wording")
