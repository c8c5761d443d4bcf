"""alerts in hand: which alert a message tells of, who ordered a pause, and the codes given last."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("alert_id", sa.BigInteger(), nullable=True))
    _partial("message_of_alert", "message", ["alert_id"], "alert_id IS NOT NULL")
    op.add_column("pause", sa.Column("by", sqltypes.AutoString(length=80), nullable=True))
    _partial("coupon_given", "coupon", ["given_at", "id"], "given_at IS NOT NULL")


def downgrade() -> None:
    op.drop_index("coupon_given", table_name="coupon")
    op.execute("DELETE FROM pause WHERE name LIKE 'person:%'")
    op.drop_column("pause", "by")
    op.drop_index("message_of_alert", table_name="message")
    op.drop_column("message", "alert_id")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
