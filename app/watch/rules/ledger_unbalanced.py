"""Ledger unbalanced: what the door counted is not what the rows hold, so an order may be missing."""

from collections.abc import Iterator
from datetime import timedelta

from app.watch.rule import Rule, Situation, Trouble


def _find(situation: Situation) -> Iterator[Trouble]:
    with situation.store.reading() as uow:
        incident = uow.incidents.latest()
        ledger = uow.ledger.of(incident) if incident else None
    if ledger is not None and not ledger.balanced:
        off = ledger.accepted - ledger.accounted
        sums = f"事件 {ledger.incident} 已受理 {ledger.accepted} 笔，相差 {off} 笔"
        yield Trouble("ledger_unbalanced", f"台账不平：{sums}，请 IT 在服务器上运行 lifeboat ledger --full。")


LEDGER_UNBALANCED = Rule(name="ledger_unbalanced", level="red", find=_find, hold=timedelta(minutes=1))
