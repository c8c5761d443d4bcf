"""order_flow.promised_at: by when an order is to be shipped; those under way are found by it."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

PROMISED = sa.text("promised_at IS NOT NULL AND stage IS NOT NULL")


def upgrade() -> None:
    op.add_column("order_flow", sa.Column("promised_at", sqltypes.UTCDateTime(), nullable=True))
    op.create_index(
        "order_flow_promised", "order_flow", ["promised_at"], sqlite_where=PROMISED, postgresql_where=PROMISED
    )


def downgrade() -> None:
    op.drop_index("order_flow_promised", "order_flow")
    op.drop_column("order_flow", "promised_at")
