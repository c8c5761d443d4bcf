"""alert.judged_by: by which lines; overdue_minute.waiting: how many orders of an incident wait for a batch at all."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert", sa.Column("judged_by", sa.String(16), nullable=True))
    op.add_column("overdue_minute", sa.Column("waiting", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("overdue_minute", "waiting")
    op.drop_column("alert", "judged_by")
