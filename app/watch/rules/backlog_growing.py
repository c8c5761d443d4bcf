"""Backlog growing, red: more orders are unprocessed than at such a time, and they become more."""

from collections.abc import Iterator
from datetime import timedelta

from app.domain.alert_life import Sight
from app.domain.order_health import BacklogGrowing
from app.watch.rule import Rule, Situation, Trouble
from app.watch.stages.hours import OF_THE_BACKLOG

LINES = BacklogGrowing()


def _find(situation: Situation) -> Iterator[Trouble]:
    backlog = situation.orders.now().backlog
    if not backlog.samples:
        return
    unprocessed, line = backlog.samples[-1], LINES.line(backlog.usual)
    grows = LINES.grows(backlog.samples, came=backlog.came, went=backlog.went)
    sight = LINES.sight(backlog=unprocessed, line=line, grows=grows)
    if sight is not Sight.WRONG and not backlog.all_seen:
        sight = Sight.UNSEEN
    what = "应急订单等批次超过 31 分钟的有" if backlog.overdue else "未处理"
    text = (
        f"订单积压：{what} {unprocessed} 单，警戒线 {line:.0f} 单，且仍在增加（近 10 分钟 "
        f"{unprocessed - backlog.samples[0]:+d} 单）。"
    )
    yield Trouble(OF_THE_BACKLOG, text, sight=sight)


BACKLOG_GROWING = Rule(
    name=OF_THE_BACKLOG,
    level="red",
    find=_find,
    hold=timedelta(minutes=3),
    clear_hold=timedelta(minutes=15),
)
