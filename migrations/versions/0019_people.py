"""shift, shift_override, duty_fallback, duty_notice, contact_code; phone and e-mail of an account."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CONTACTS = (
    ("phone", sa.LargeBinary()),
    ("phone_verified_at", sqltypes.UTCDateTime()),
    ("email", sa.LargeBinary()),
    ("email_verified_at", sqltypes.UTCDateTime()),
)


def _turn(*more: "sa.Column[str] | sa.Column[object]") -> list["sa.Column[object]"]:
    return [
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("starts_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ends_at", sqltypes.UTCDateTime(), nullable=False),
        *more,
    ]


def upgrade() -> None:
    for name, kind in CONTACTS:
        op.add_column("user_account", sa.Column(name, kind, nullable=True))
    op.create_table(
        "contact_code",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("way", sqltypes.AutoString(length=8), nullable=False),
        sa.Column("nonce", sqltypes.AutoString(length=32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ends_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("sent_at", sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]),
        sa.PrimaryKeyConstraint("user_id", "way"),
    )
    unsent = sa.text("sent_at IS NULL")
    op.create_index("contact_code_unsent", "contact_code", ["user_id"], sqlite_where=unsent, postgresql_where=unsent)
    by = (
        sa.Column("reason", sqltypes.AutoString(length=200), nullable=False),
        sa.Column("made_by", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("made_at", sqltypes.UTCDateTime(), nullable=False),
    )
    for table, more in (("shift", ()), ("shift_override", by)):
        op.create_table(
            table,
            *_turn(*more),
            sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]),
            sa.PrimaryKeyConstraint("id"),
        )
        op.create_index(f"{table}_ends", table, ["ends_at"])
    op.create_table(
        "duty_fallback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("set_by", sqltypes.AutoString(length=80), nullable=False),
        sa.Column("set_at", sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "duty_notice",
        sa.Column("once", sqltypes.AutoString(length=96), nullable=False),
        sa.Column("told_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("once"),
    )
    op.create_index("duty_notice_told", "duty_notice", ["told_at"])


def downgrade() -> None:
    for table in ("duty_notice", "duty_fallback", "shift_override", "shift", "contact_code"):
        op.drop_table(table)
    for name, _ in reversed(CONTACTS):
        op.drop_column("user_account", name)
