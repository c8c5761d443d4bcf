"""Batch overdue: an order has waited longer for a batch than the period and the time that making one takes.

An order that a person released waits since then, and not since it came in.
"""

from collections.abc import Iterator

from app.domain.batch_window import is_overdue
from app.watch.rule import Rule, Situation, Trouble


def _find(situation: Situation) -> Iterator[Trouble]:
    every = situation.policy.batch_every
    with situation.store.reading() as uow:
        since = uow.orders.longest_waiting_since()
    if is_overdue(situation.now, oldest_waiting_at=since, every=every):
        minutes = int(every.total_seconds() // 60)
        yield Trouble("batch_overdue", f"批次逾期：有订单等待超过 {minutes} 分钟仍未进入批次，请检查后台进程与磁盘。")


BATCH_OVERDUE = Rule(name="batch_overdue", level="red", find=_find)
