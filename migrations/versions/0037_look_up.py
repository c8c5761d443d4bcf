"""look_up: how far the look for an order in the main system has come; passed_on by its newest."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.create_table(
        "look_up",
        sa.Column("number", sqltypes.AutoString(length=20), nullable=False),
        sa.Column("state", sqltypes.AutoString(length=6), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("absent", sa.Integer(), nullable=False),
        sa.Column("asked_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("due_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("leased_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("words", sqltypes.AutoString(length=300), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("look_up_due", "look_up", ["due_at"], sqlite_where=OPEN, postgresql_where=OPEN)
    # The probe asks every five seconds when the newest of these came, and so does each look.
    op.create_index("passed_on_last", "passed_on", ["last_at"])


def downgrade() -> None:
    op.drop_index("passed_on_last", "passed_on")
    op.drop_table("look_up")
