"""Orders silent, orange: for half an hour no order has come, and at such an hour some always do."""

from collections.abc import Iterator
from datetime import timedelta

from app.domain.alert_life import Sight
from app.domain.marks import STAGES
from app.watch.rule import Rule, Situation, Trouble
from app.watch.stages.health import HALF_HOUR, MINUTE
from app.watch.stages.names import channel_word

FIRST = STAGES[0]


def _find(situation: Situation) -> Iterator[Trouble]:
    lines = situation.policy.lines.silent
    for one in situation.orders.now().channels:
        sight = lines.sight(came=one.came, expected=one.expected) if one.seen else Sight.UNSEEN
        text = (
            f"没有新订单：{channel_word(one.channel)}已有 {HALF_HOUR // MINUTE} 分钟没有订单，"
            f"平时此刻约 {one.expected or 0:.0f} 单。"
        )
        subject = f"S{FIRST.number}:{one.channel}"
        yield Trouble("orders_silent", text, subject=subject, stage=FIRST.number, sight=sight)


ORDERS_SILENT = Rule(
    name="orders_silent",
    level="orange",
    find=_find,
    clear_hold=timedelta(minutes=10),
    part=lambda lines: lines.silent,
    inhibited_by_incident=True,
)
