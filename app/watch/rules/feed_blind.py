"""Feed blind, orange: a source tells nothing, so nobody can say how its orders are; a matter for IT."""

from collections.abc import Iterator
from datetime import timedelta

from app.watch.rule import Rule, Situation, Trouble
from app.watch.stages.health import MINUTE


def _find(situation: Situation) -> Iterator[Trouble]:
    for one in situation.orders.now().feeds:
        text = (
            f"看不见：数据来源 {one.source} 已有 {one.silent // MINUTE} 分钟没有送来任何进度，请 IT 检查接口；"
            "在它恢复之前，它的订单一律按“不知道”处理，已有的告警保持原状。"
        )
        yield Trouble("feed_blind", text, subject=one.source, sight=one.sight)


FEED_BLIND = Rule(
    name="feed_blind",
    level="orange",
    find=_find,
    clear_hold=timedelta(minutes=10),
    part=lambda lines: lines.feed,
)
