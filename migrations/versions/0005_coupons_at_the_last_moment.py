"""coupons at the last moment: a given code knows its client, and the alert of a paused channel has its public name."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAMES = (("channel_down", "channel_paused"),)
"""The rule's name before and after: an alert that is open now must find its end."""

OF_ONE_NUMBER = ("aliyun:isv.BUSINESS_LIMIT_CONTROL", "tencent:LimitExceeded.PhoneNumber%")
"""Reasons for which earlier releases kept everybody's text messages back, a day at most; they concern one number."""


def upgrade() -> None:
    op.add_column("coupon", sa.Column("client_id", sqltypes.AutoString(length=16), nullable=True))
    given = sa.text("given_at IS NOT NULL")
    op.create_index("coupon_of_client", "coupon", ["client_id", "given_at"], sqlite_where=given, postgresql_where=given)
    for before, after in NAMES:
        _rename(before, after)
    for reason in OF_ONE_NUMBER:
        told = sa.text("DELETE FROM pause WHERE name = 'sms:' AND NOT fault AND reason LIKE :reason")
        op.execute(told.bindparams(reason=reason))


def downgrade() -> None:
    for before, after in NAMES:
        _rename(after, before)
    op.drop_index("coupon_of_client", table_name="coupon")
    op.drop_column("coupon", "client_id")


def _rename(before: str, after: str) -> None:
    rename = "UPDATE alert SET rule = :after, fingerprint = :after || substr(fingerprint, :length) WHERE rule = :before"
    op.execute(sa.text(rename).bindparams(before=before, after=after, length=len(before) + 1))
