"""alert.acknowledged_told_at: whether the others have heard who has an alert in hand."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert", sa.Column("acknowledged_told_at", sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("alert", "acknowledged_told_at")
