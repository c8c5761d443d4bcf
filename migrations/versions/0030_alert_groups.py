"""alert_group, alert_group_member: alerts of one owner come in one e-mail, by what that address has heard before."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "alert_group",
        sa.Column("id", BIG, primary_key=True, autoincrement=True),
        sa.Column("name", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("level", sqltypes.AutoString(length=8), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.Column("target", sqltypes.AutoString(length=16), nullable=False),
        sa.Column("told_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"]),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "alert_group_member",
        sa.Column("id", BIG, primary_key=True, autoincrement=True),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("owed_since", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("first_told", sqltypes.AutoString(length=128), nullable=True),
        sa.Column("over_at", sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["alert_group.id"]),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"]),
    )
    op.create_index("alert_group_member_once", "alert_group_member", ["alert_id", "group_id"], unique=True)
    going_on = {"sqlite_where": sa.text("over_at IS NULL"), "postgresql_where": sa.text("over_at IS NULL")}
    op.create_index("alert_group_member_going_on", "alert_group_member", ["group_id"], **going_on)


def downgrade() -> None:
    op.drop_table("alert_group_member")
    op.drop_table("alert_group")
