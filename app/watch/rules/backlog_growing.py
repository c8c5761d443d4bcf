"""Backlog growing, red: more orders are unprocessed than at such a time, and they become more.

While the warehouse is closed, and in its first half hour, orders that wait for it just wait: only those on their way
into it can ring, and an alert that began before it closed stays as it is.
"""

from collections.abc import Iterator
from datetime import timedelta

from app.domain.alert_life import Sight
from app.watch.rule import Rule, Situation, Trouble
from app.watch.stages.health import BacklogOf
from app.watch.stages.hours import OF_THE_BACKLOG

WHAT = {
    BacklogOf.UNPROCESSED: "未处理",
    BacklogOf.OVERDUE: "应急订单等批次超过 31 分钟的有",
    BacklogOf.WAITING: "应急订单等批次的有",
}


def _find(situation: Situation) -> Iterator[Trouble]:
    backlog, lines = situation.orders.now().backlog, situation.policy.lines.backlog
    if not backlog.samples:
        return
    unprocessed, line = backlog.samples[-1], lines.line(backlog.usual)
    grows = lines.grows(backlog.samples, came=backlog.came, went=backlog.went)
    sight = lines.sight(backlog=unprocessed, line=line, grows=grows)
    if sight is not Sight.WRONG and backlog.rests:
        sight = Sight.RESTING
    elif sight is not Sight.WRONG and not backlog.all_seen:
        sight = Sight.UNSEEN
    text = (
        f"订单积压：{WHAT[backlog.of]} {unprocessed} 单，警戒线 {line:.0f} 单，且仍在增加（近 10 分钟 "
        f"{unprocessed - backlog.samples[0]:+d} 单）。"
    )
    yield Trouble(OF_THE_BACKLOG, text, sight=sight)


BACKLOG_GROWING = Rule(
    name=OF_THE_BACKLOG,
    level="red",
    find=_find,
    part=lambda lines: lines.backlog,
    hold_by=lambda lines: lines.backlog.hold,
    clear_hold=timedelta(minutes=15),
)
