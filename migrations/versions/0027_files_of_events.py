"""event_upload: which events a file told; their source was not heard then, and closed hours are written anew."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_upload",
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("received_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("hours_since", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "received_at"),
    )


def downgrade() -> None:
    op.drop_table("event_upload")
