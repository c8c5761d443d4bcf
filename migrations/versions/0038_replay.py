"""replay, replay_order: orders that go home by the main system's API, and how far each has come."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

UNENDED = sa.text("state IN ('planned', 'running', 'paused')")
OPEN = sa.text("state IN ('waiting', 'sent')")


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "replay",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("state", sqltypes.AutoString(length=8), nullable=False),
        sa.Column("reason", sqltypes.AutoString(length=300), nullable=False),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.Column("planned_by", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("planned_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ended_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("replay_unended", "replay", ["id"], sqlite_where=UNENDED, postgresql_where=UNENDED)
    op.create_table(
        "replay_order",
        sa.Column("replay_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sqltypes.AutoString(length=8), nullable=False),
        sa.Column("due_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("leased_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("absent", sa.Integer(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("words", sqltypes.AutoString(length=500), nullable=False),
        sa.PrimaryKeyConstraint("replay_id", "order_id"),
    )
    op.create_index(
        "replay_order_open", "replay_order", ["order_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index("replay_order_of", "replay_order", ["replay_id", "state", "due_at"])


def downgrade() -> None:
    op.drop_table("replay_order")
    op.drop_table("replay")
