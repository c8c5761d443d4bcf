"""main_probe, switched: how the main system stands, and which storefronts stand in with us."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
SWITCHED, UNTOLD = sa.text("ended_at IS NULL"), sa.text("told < 2")


def upgrade() -> None:
    op.create_table(
        "main_probe",
        sa.Column("name", sqltypes.AutoString(length=8), nullable=False),
        sa.Column("state", sqltypes.AutoString(length=8), nullable=False),
        sa.Column("answers", sqltypes.AutoString(length=8), nullable=True),
        sa.Column("since", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("looked_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("health_ms", sa.Integer(), nullable=True),
        sa.Column("health_reason", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("lookup_ms", sa.Integer(), nullable=True),
        sa.Column("lookup_reason", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("sent_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ordered", sqltypes.AutoString(length=8), nullable=True),
        sa.Column("ordered_by", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("ordered_why", sqltypes.AutoString(length=200), nullable=False),
        sa.Column("ordered_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("told", sqltypes.AutoString(length=8), nullable=False),
        sa.Column("told_since", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("edge", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "switched",
        sa.Column("id", BIG, primary_key=True, autoincrement=True),
        sa.Column("channel", sqltypes.AutoString(length=48), nullable=False),
        sa.Column("since", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("by", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("reason", sqltypes.AutoString(length=200), nullable=False),
        sa.Column("until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_by", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("ended_why", sqltypes.AutoString(length=200), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
    )
    now = {"sqlite_where": SWITCHED, "postgresql_where": SWITCHED}
    op.create_index("switched_now", "switched", ["channel"], unique=True, **now)
    op.create_index("switched_untold", "switched", ["id"], sqlite_where=UNTOLD, postgresql_where=UNTOLD)


def downgrade() -> None:
    op.drop_table("switched")
    op.drop_table("main_probe")
