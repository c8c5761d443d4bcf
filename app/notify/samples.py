"""How each kind of message reads, made with invented data: what a merchant looks at before the night it is needed."""

from typing import NamedTuple

from app.channels.kinds import EMAIL, SMS
from app.domain.subject import Subject
from app.notify.contents import (
    AlertContent,
    AlertGroupContent,
    AlertLine,
    BatchContent,
    Content,
    CustomerContent,
    DigestContent,
    HighDigestContent,
    OrderContent,
)
from app.notify.policy import MessagePolicy
from app.notify.rendered import text_of
from app.notify.texts import order_line


class Sample(NamedTuple):
    """One kind of message: its subject and channel by their codes, and its text."""

    subject: str
    channel: str
    text: str


def samples(policy: MessagePolicy) -> list[Sample]:
    """Return every kind of message of this deployment as it would read."""
    order = OrderContent(
        number="LB8SRYJXV2MKRZL",
        client_order_id="SHOP-1001",
        priority="normal",
        total=59900,
        pieces=2,
        goods="跑步鞋 42 ×1 等 2 种",
        phone="138****8000",
        client="旗舰店",
        at="2026-11-11 20:15:30",
    )
    high = HighDigestContent(high=(order,))
    digest = DigestContent(
        count=18, total=1_078_200, unpriced=0, first_at=order.at, last_at=order.at, lines=(order_line(order),)
    )
    batch = BatchContent(
        batch="B20261111-2030-1",
        kind="regular",
        orders=164,
        rows=201,
        total=9_832_600,
        high=12,
        held=3,
        sha256="0" * 64,
        url=f"{policy.public_url}/console/batches/B20261111-2030-1",
    )
    alert = AlertContent(sentence="优惠券仅剩 40 张，请尽快导入新券码。")
    group = AlertGroupContent(
        reason="some_resolved",
        level="yellow",
        going_on=1,
        ended=1,
        lines=(
            AlertLine(alert_id=1, sentence="旗舰店普通订单在打包环节偏慢。", state="ended", lasted=42),
            AlertLine(alert_id=2, sentence="旗舰店高优订单在打包环节偏慢。", state="going_on", at="11-11 20:15"),
        ),
    )
    customer = CustomerContent(number=order.number, shop=policy.shop, template="notice")
    coupon = CustomerContent(
        number=order.number,
        shop=policy.shop,
        template="coupon" if policy.coupon == "separate" or policy.coupon_template else "combined",
        coupon="SAVE-2026",
        worth="20 元",
    )
    to_groups: list[tuple[Subject, Content]] = [
        (Subject.ORDER, order),
        (Subject.DIGEST, high),
        (Subject.DIGEST, digest),
        (Subject.BATCH, batch),
        (Subject.ALERT, alert),
    ]
    kinds = list(dict.fromkeys(group.channel for group in policy.groups))
    wanted = [(subject, kind, content) for kind in kinds for subject, content in to_groups]
    wanted += [(Subject.NOTICE, SMS.name, customer)]
    wanted += [(Subject.COUPON, SMS.name, coupon)] if policy.coupon != "off" else []
    wanted += [(Subject.ALERT, EMAIL.name, alert), (Subject.ALERT, EMAIL.name, group)]
    return [Sample(subject, channel, text_of(content, channel)) for subject, channel, content in wanted]
