"""what stays small: conditions instead of whole tables, and one index less for the door to keep."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ADDED = (
    ("order_decided", "orders", ["incident_id", "received_at"], "state <> 'accepted'"),
    ("order_of_shop", "orders", ["client_order_id"], "composed_at IS NOT NULL AND client_order_id IS NOT NULL"),
    ("batch_unfinished", "batch", ["id"], "state IN ('claiming', 'writing')"),
    ("batch_unannounced", "batch", ["id"], "state = 'published' AND announced_at IS NULL"),
    ("batch_published", "batch", ["published_at"], "published_at IS NOT NULL"),
    ("left_batch_of_order", "batch_order", ["order_id"], "left_at IS NOT NULL"),
    ("message_settling", "message", ["due_at"], "state = 'settling'"),
)


def upgrade() -> None:
    for name, table, columns, condition in ADDED:
        where = sa.text(condition)
        op.create_index(name, table, columns, unique=False, sqlite_where=where, postgresql_where=where)
    op.drop_index("order_received", table_name="orders")


def downgrade() -> None:
    op.create_index("order_received", "orders", ["incident_id", "received_at"], unique=False)
    for name, table, _, _ in reversed(ADDED):
        op.drop_index(name, table_name=table)
