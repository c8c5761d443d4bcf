"""handover: a code on the phone is one named download on the office PC."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code_mark", sa.LargeBinary(), nullable=False),
        sa.Column("batch", sqltypes.AutoString(length=32), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("made_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ends_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("taken_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("taken_from", sqltypes.AutoString(length=64), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("handover_code", "handover", ["code_mark"], unique=True)
    op.create_index("handover_of_user", "handover", ["user_id", "batch"])
    op.create_index("handover_ends", "handover", ["ends_at"])


def downgrade() -> None:
    op.drop_table("handover")
