"""kinds of held: why an order is set aside is told by its row, and what the main system says twice finds room."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SHOP_DECIDED = "state <> 'accepted' AND client_order_id IS NOT NULL"


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":  # in the order in which the door takes them
        op.execute("LOCK TABLE orders, batch IN ACCESS EXCLUSIVE MODE")
    op.add_column("orders", sa.Column("held_kind", sqltypes.AutoString(length=16), nullable=True))
    # the first releases told a look-alike by the number it looks like, and had two other sentences
    op.execute(
        "UPDATE orders SET held_kind = CASE WHEN looks_like IS NOT NULL THEN 'look_alike' "
        "WHEN state_reason LIKE '订单内容无法解密%' THEN 'broken' ELSE 'incomplete' END WHERE state = 'held'"
    )
    _partial("order_shop_decided", "orders", ["client_id", "client_order_id"], SHOP_DECIDED)
    op.add_column("batch", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("batch", sa.Column("failure", sqltypes.AutoString(length=200), nullable=False, server_default=""))
    op.create_table(
        "main_number",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("said_at", sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("order_id", "number"),
    )
    op.create_index("main_number_of", "main_number", ["number"], unique=False)
    op.execute(
        "INSERT INTO main_number (order_id, number, said_at) SELECT id, main_order_number, "
        "COALESCE(settled_at, received_at) FROM orders WHERE main_order_number IS NOT NULL"
    )
    op.create_table(
        "contradiction",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("known", sqltypes.AutoString(length=10), nullable=False),
        sa.Column("known_main", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("said", sqltypes.AutoString(length=10), nullable=False),
        sa.Column("said_main", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("reason", sqltypes.AutoString(length=500), nullable=True),
        sa.Column("reported_by", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("reported_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("settled_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("settled_by", sqltypes.AutoString(length=64), nullable=True),
        sa.Column("settlement", sqltypes.AutoString(length=10), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    _partial(
        "contradiction_open", "contradiction", ["order_id", "said", "said_main"], "settled_at IS NULL", unique=True
    )
    op.create_index("contradiction_of_batch", "contradiction", ["batch_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("contradiction")
    op.drop_table("main_number")
    for column in ("failure", "failures"):
        op.drop_column("batch", column)
    op.drop_index("order_shop_decided", table_name="orders")
    op.drop_column("orders", "held_kind")


def _partial(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)
