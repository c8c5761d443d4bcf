"""Worker silent: nobody holds the lease of the leader, so no messages are composed and no batches made."""

from collections.abc import Iterator
from datetime import timedelta

from app.store.repositories.leases import LEADER
from app.watch.rule import Rule, Situation, Trouble


def _find(situation: Situation) -> Iterator[Trouble]:
    with situation.store.reading() as uow:
        leader = uow.leases.get(LEADER)
    if leader is None or leader.until < situation.now:
        yield Trouble("worker_silent", "后台进程没有在工作：订单照常受理，但不发通知、不出批次")


# A restart takes seconds; who hears of each one stops listening.
WORKER_SILENT = Rule(name="worker_silent", level="red", find=_find, hold=timedelta(minutes=3))
