"""order_flow.said: what events say of an order, by which the table of triage tells its type."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order_flow", sa.Column("said", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("order_flow", "said")
