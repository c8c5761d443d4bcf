"""completed orders: when a person completed one, and what it said before."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("completed_at", sqltypes.UTCDateTime(), nullable=True))
    op.add_column("orders", sa.Column("sealed_original", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "sealed_original")
    op.drop_column("orders", "completed_at")
