"""orders are found by the last six of their number, the last four of the phone, and the main system's number."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COMPOSED = sa.text("composed_at IS NOT NULL")
HOME = sa.text("main_order_number IS NOT NULL")
INDEXES = (
    ("order_of_tail", [sa.text("substr(number, length(number) - 5)")], COMPOSED),
    ("order_of_last4", ["phone_last4", "id"], COMPOSED),
    ("order_of_main", ["main_order_number"], HOME),
)


def upgrade() -> None:
    for name, columns, where in INDEXES:
        op.create_index(name, "orders", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, _, _ in reversed(INDEXES):
        op.drop_index(name, table_name="orders")
