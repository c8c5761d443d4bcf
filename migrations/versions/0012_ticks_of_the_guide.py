"""ticks of the guide: steps of an outage that nothing measures, and who has which job."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guide_tick",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("step", sqltypes.AutoString(length=24), nullable=False),
        sa.Column("said", sqltypes.AutoString(length=100), nullable=False),
        sa.Column("done_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("done_by", sqltypes.AutoString(length=80), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"]),
        sa.PrimaryKeyConstraint("incident_id", "step"),
    )


def downgrade() -> None:
    op.drop_table("guide_tick")
