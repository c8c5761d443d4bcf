"""the first tables."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("actor", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("action", sqltypes.AutoString(length=48), nullable=False),
        sa.Column("subject", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("address", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_subject", "audit", ["subject", "action", "id"], unique=False)

    op.create_table(
        "client",
        sa.Column("id", sqltypes.AutoString(length=16), nullable=False),
        sa.Column("name", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("scope", sqltypes.AutoString(length=16), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sqltypes.AutoString(length=32), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(length=500), nullable=False),
        sa.Column("opened_by", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("opened_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("closed_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("closed_by", sqltypes.AutoString(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_index(
        "one_open_incident",
        "incident",
        ["drill"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )

    op.create_table(
        "instance",
        sa.Column("name", sqltypes.AutoString(length=48), nullable=False),
        sa.Column("value", sqltypes.AutoString(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("holder", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("until", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "login_throttle",
        sa.Column("subject", sqltypes.AutoString(length=128), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("updated_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("role", sqltypes.AutoString(length=16), nullable=False),
        sa.Column("password_hash", sqltypes.AutoString(length=255), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("disabled_at", sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sqltypes.AutoString(length=32), nullable=True),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("kind", sqltypes.AutoString(length=8), nullable=False),
        sa.Column("repairs_id", sa.BigInteger(), nullable=True),
        sa.Column("columns", sqltypes.AutoString(length=32), nullable=False),
        sa.Column("state", sqltypes.AutoString(length=10), nullable=False),
        sa.Column("window_from", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("window_to", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("claimed_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("lease_until", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("published_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("announced_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("sha256", sqltypes.AutoString(length=64), nullable=True),
        sa.Column("manifest", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incident.id"],
        ),
        sa.ForeignKeyConstraint(
            ["repairs_id"],
            ["batch.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_index(op.f("ix_batch_incident_id"), "batch", ["incident_id"], unique=False)

    op.create_table(
        "client_key",
        sa.Column("id", sqltypes.AutoString(length=16), nullable=False),
        sa.Column("client_id", sqltypes.AutoString(length=16), nullable=False),
        sa.Column("secret_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("revoked_at", sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["client.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_client_key_client_id"), "client_key", ["client_id"], unique=False)

    op.create_table(
        "coupon",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("worth", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("added_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("given_at", sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incident.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_index(
        "coupon_free",
        "coupon",
        ["id"],
        unique=False,
        sqlite_where=sa.text("given_at IS NULL"),
        postgresql_where=sa.text("given_at IS NULL"),
    )
    op.create_index(
        "coupon_once",
        "coupon",
        ["incident_id", "phone_index"],
        unique=True,
        sqlite_where=sa.text("given_at IS NOT NULL"),
        postgresql_where=sa.text("given_at IS NOT NULL"),
    )

    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("once", sqltypes.AutoString(length=128), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("kind", sqltypes.AutoString(length=24), nullable=False),
        sa.Column("channel", sqltypes.AutoString(length=8), nullable=False),
        sa.Column("target", sqltypes.AutoString(length=16), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("state", sqltypes.AutoString(length=10), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("due_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("lease_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("last_reason", sqltypes.AutoString(length=200), nullable=True),
        sa.Column("finished_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incident.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("once"),
    )
    op.create_index(
        "message_dead",
        "message",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "message_merged",
        "message",
        ["merged_into"],
        unique=False,
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index(
        "message_of_order",
        "message",
        ["order_id"],
        unique=False,
        sqlite_where=sa.text("order_id IS NOT NULL"),
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.create_index(
        "message_open",
        "message",
        ["channel", "target", "lane", "due_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'sending', 'settling')"),
        postgresql_where=sa.text("state IN ('pending', 'sending', 'settling')"),
    )

    op.create_table(
        "standing",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("state", sqltypes.AutoString(length=10), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incident.id"],
        ),
        sa.PrimaryKeyConstraint("incident_id", "state"),
    )
    op.create_table(
        "tally",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incident.id"],
        ),
        sa.PrimaryKeyConstraint("incident_id", "shard"),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sqltypes.AutoString(length=8), nullable=False),
        sa.Column("target", sqltypes.AutoString(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("finished_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("outcome", sqltypes.AutoString(length=12), nullable=True),
        sa.Column("reason", sqltypes.AutoString(length=200), nullable=True),
        sa.Column("reference", sqltypes.AutoString(length=128), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("attempt_of_message", "attempt", ["message_id"], unique=False)
    op.create_index("attempt_pace", "attempt", ["channel", "target", "started_at"], unique=False)

    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("number", sqltypes.AutoString(length=20), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sqltypes.AutoString(length=16), nullable=False),
        sa.Column("idempotency_key", sqltypes.AutoString(length=128), nullable=False),
        sa.Column("client_order_id", sqltypes.AutoString(length=128), nullable=True),
        sa.Column("profile", sqltypes.AutoString(length=64), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("look_alike", sa.LargeBinary(), nullable=False),
        sa.Column("phone_index", sa.LargeBinary(), nullable=False),
        sa.Column("phone_last4", sqltypes.AutoString(length=4), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=True),
        sa.Column("priority", sqltypes.AutoString(length=6), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_payload", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("state", sqltypes.AutoString(length=10), nullable=False),
        sa.Column("composed_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("released_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("looks_like", sqltypes.AutoString(length=20), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("main_order_number", sqltypes.AutoString(length=64), nullable=True),
        sa.Column("state_reason", sqltypes.AutoString(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["batch.id"],
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incident.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "order_held",
        "orders",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "order_in_batch",
        "orders",
        ["batch_id", "priority", "id"],
        unique=False,
        sqlite_where=sa.text("batch_id IS NOT NULL"),
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.create_index("order_number", "orders", ["number"], unique=True)
    op.create_index(
        "order_of_customer",
        "orders",
        ["phone_index", "id"],
        unique=False,
        sqlite_where=sa.text("composed_at IS NOT NULL"),
        postgresql_where=sa.text("composed_at IS NOT NULL"),
    )
    op.create_index("order_received", "orders", ["incident_id", "received_at"], unique=False)
    op.create_index(
        "order_released",
        "orders",
        ["released_at"],
        unique=False,
        sqlite_where=sa.text("batch_id IS NULL AND state = 'accepted' AND released_at IS NOT NULL"),
        postgresql_where=sa.text("batch_id IS NULL AND state = 'accepted' AND released_at IS NOT NULL"),
    )
    op.create_index(
        "order_unbatched",
        "orders",
        ["incident_id", "id"],
        unique=False,
        sqlite_where=sa.text("batch_id IS NULL AND state = 'accepted'"),
        postgresql_where=sa.text("batch_id IS NULL AND state = 'accepted'"),
    )
    op.create_index(
        "order_uncomposed",
        "orders",
        ["id"],
        unique=False,
        sqlite_where=sa.text("composed_at IS NULL"),
        postgresql_where=sa.text("composed_at IS NULL"),
    )

    op.create_table(
        "batch_order",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["batch.id"],
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("batch_id", "order_id"),
    )
    op.create_index(
        "live_batch_of_order",
        "batch_order",
        ["order_id"],
        unique=True,
        sqlite_where=sa.text("left_at IS NULL"),
        postgresql_where=sa.text("left_at IS NULL"),
    )

    op.create_table(
        "import_result",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("result", sqltypes.AutoString(length=10), nullable=False),
        sa.Column("main_order_number", sqltypes.AutoString(length=64), nullable=True),
        sa.Column("reason", sqltypes.AutoString(length=500), nullable=True),
        sa.Column("reported_by", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("reported_at", sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["batch.id"],
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("result_in_batch", "import_result", ["batch_id", "id"], unique=False)
    op.create_index("result_of_order", "import_result", ["order_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("result_of_order", table_name="import_result")
    op.drop_index("result_in_batch", table_name="import_result")

    op.drop_table("import_result")
    op.drop_index("live_batch_of_order", table_name="batch_order")

    op.drop_table("batch_order")
    op.drop_index("order_uncomposed", table_name="orders")
    op.drop_index("order_unbatched", table_name="orders")
    op.drop_index("order_released", table_name="orders")
    op.drop_index("order_received", table_name="orders")
    op.drop_index("order_of_customer", table_name="orders")
    op.drop_index("order_number", table_name="orders")
    op.drop_index("order_in_batch", table_name="orders")
    op.drop_index("order_held", table_name="orders")

    op.drop_table("orders")
    op.drop_index("attempt_pace", table_name="attempt")
    op.drop_index("attempt_of_message", table_name="attempt")

    op.drop_table("attempt")
    op.drop_table("tally")
    op.drop_table("standing")
    op.drop_index("message_open", table_name="message")
    op.drop_index("message_of_order", table_name="message")
    op.drop_index("message_merged", table_name="message")
    op.drop_index("message_dead", table_name="message")

    op.drop_table("message")
    op.drop_index("coupon_once", table_name="coupon")
    op.drop_index("coupon_free", table_name="coupon")

    op.drop_table("coupon")
    op.drop_index(op.f("ix_client_key_client_id"), table_name="client_key")

    op.drop_table("client_key")
    op.drop_index(op.f("ix_batch_incident_id"), table_name="batch")

    op.drop_table("batch")
    op.drop_table("user_account")
    op.drop_table("login_throttle")
    op.drop_table("lease")
    op.drop_table("instance")
    op.drop_index("one_open_incident", table_name="incident")

    op.drop_table("incident")
    op.drop_table("client")
    op.drop_index("audit_subject", table_name="audit")

    op.drop_table("audit")
