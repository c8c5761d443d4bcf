"""order_change, change_sheet, order_place, order_feed: what storefronts change afterwards, and hear of their orders.

Nothing is added to ``orders``, whose indexes the door waits for. Orders that are there already are given a row without
a place, so that the first list of their storefront has them all; what a worker of the release before composes meanwhile
is listed once it moves on. Tables that refer to ``orders`` come last: PostgreSQL keeps inserts out from then on.
"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
INDEXES = {
    "order_change_noted": ("order_change", ["id"], "state = 'noted'"),
    "order_change_untold": (
        "order_change",
        ["batch_id"],
        "batch_id IS NOT NULL AND told_at IS NULL AND state <> 'applied'",
    ),
    "order_change_of_batch": ("order_change", ["batch_id", "id"], "batch_id IS NOT NULL"),
    "order_unplaced": ("order_place", ["client_id", "changed_at", "order_id"], "place IS NULL"),
    "order_placed": ("order_place", ["client_id", "changed_at", "place"], "place IS NOT NULL"),
}


def upgrade() -> None:
    op.create_table(
        "order_place",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sqltypes.AutoString(length=16), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("order_id"),
    )
    op.create_table(
        "order_feed",
        sa.Column("client_id", sqltypes.AutoString(length=16), nullable=False),
        sa.Column("last_place", sa.BigInteger(), nullable=False),
        sa.Column("last_changed_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("listed_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("client_id"),
    )
    op.execute(
        "INSERT INTO order_place (order_id, client_id, changed_at) "
        "SELECT id, client_id, coalesce(settled_at, composed_at, received_at) FROM orders"
    )
    op.create_table(
        "order_change",
        sa.Column("id", BIG, primary_key=True, autoincrement=True),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(length=6), nullable=False),
        sa.Column("effect", sqltypes.AutoString(length=7), nullable=False),
        sa.Column("state", sqltypes.AutoString(length=7), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("paid_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("asked_by", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("asked_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("told_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("told_main", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("settled_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("settled_by", sqltypes.AutoString(length=80), nullable=True),
        sa.Column("settlement", sqltypes.AutoString(length=500), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"]),
    )
    op.create_index("order_change_once", "order_change", ["order_id", "kind"], unique=True)
    op.create_table(
        "change_sheet",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("sha256", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("published_at", sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"]),
        sa.PrimaryKeyConstraint("batch_id"),
    )
    for name, (table, columns, condition) in INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for table in ("order_feed", "order_place", "change_sheet", "order_change"):
        op.drop_table(table)
