"""orders by their ends: the last six of a number, the last four of a phone, a shop's number in capitals or not.

All three are partial: they hold orders that have been composed, so the door, which inserts without ``composed_at``,
does not keep them. What was composed before this release is taken in here, once, while the index is built.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COMPOSED = "composed_at IS NOT NULL"
INDEXES = {
    "order_of_tail": ([sa.text("substr(number, length(number) - 5)")], COMPOSED),
    "order_of_last4": (["phone_last4", "id"], COMPOSED),
    "order_of_shop_any_case": ([sa.text("lower(client_order_id)")], f"{COMPOSED} AND client_order_id IS NOT NULL"),
}


def upgrade() -> None:
    for name, (columns, condition) in INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, "orders", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name="orders")
