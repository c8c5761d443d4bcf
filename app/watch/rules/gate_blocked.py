"""Gate blocked, orange: for half an hour no order has entered the warehouse although paid ones wait for it."""

from collections.abc import Iterator
from datetime import timedelta

from app.domain.alert_life import Sight
from app.domain.marks import STAGES
from app.watch.rule import Rule, Situation, Trouble
from app.watch.stages.health import HALF_HOUR, MINUTE
from app.watch.stages.names import channel_word

GATE = STAGES[1]


def _find(situation: Situation) -> Iterator[Trouble]:
    lines = situation.policy.lines.gate
    for one in situation.orders.now().channels:
        sight = lines.sight(entered=one.queued, over=one.over, high_over=one.high_over) if one.seen else Sight.UNSEEN
        high = f"，其中高优 {one.high_over} 单" if one.high_over else ""
        text = (
            f"入仓停了：{channel_word(one.channel)}已有 {HALF_HOUR // MINUTE} 分钟没有订单进入仓库，"
            f"{one.over} 单在等{high}。"
        )
        subject = f"S{GATE.number}:{one.channel}"
        yield Trouble("gate_blocked", text, subject=subject, stage=GATE.number, sight=sight)


GATE_BLOCKED = Rule(
    name="gate_blocked",
    level="orange",
    find=_find,
    clear_hold=timedelta(minutes=10),
    part=lambda lines: lines.gate,
    inhibited_by_incident=True,
)
