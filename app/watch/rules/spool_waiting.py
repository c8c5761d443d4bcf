"""Spool waiting: orders of this machine wait for the database, or some of them for a person."""

from collections.abc import Iterator
from datetime import timedelta

from app.watch.rule import Rule, Situation, Trouble


def _find(situation: Situation) -> Iterator[Trouble]:
    spool = situation.spool()
    if spool.waiting:
        yield Trouble("spool_waiting", f"本机暂存中有 {spool.waiting} 笔订单等待补入数据库。", subject="waiting")
    if spool.quarantined:
        text = f"暂存中有 {spool.quarantined} 条记录无法自动补入，请在控制台“设置 → 暂存”里处理。"
        yield Trouble("spool_set_aside", text, subject="set_aside")
    if spool.damaged:
        text = "暂存文件损坏，其中可能有已受理的订单，请 IT 在服务器上用 lifeboat spool salvage 抢救：" + "、".join(
            spool.damaged
        )
        yield Trouble("spool_damaged", text, subject="damaged")


# A drain takes seconds once the database is back; only what stays is told.
SPOOL_WAITING = Rule(name="spool_waiting", level="orange", find=_find, of_machine=True, hold=timedelta(minutes=1))
