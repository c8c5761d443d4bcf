"""passed_on: orders that a proxy passed on and that the main system may have, until that is settled."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0032"
down_revision = "0030"
branch_labels = None
depends_on = None

UNSETTLED = sa.text("main_may_have = 'maybe'")


def upgrade() -> None:
    op.create_table(
        "passed_on",
        sa.Column("number", sqltypes.AutoString(length=20), nullable=False),
        sa.Column("sent", sqltypes.AutoString(length=7), nullable=False),
        sa.Column("reason", sqltypes.AutoString(length=300), nullable=False),
        sa.Column("main_may_have", sqltypes.AutoString(length=10), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("last_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("settled_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("passed_on_unsettled", "passed_on", ["number"], sqlite_where=UNSETTLED, postgresql_where=UNSETTLED)


def downgrade() -> None:
    op.drop_table("passed_on")
