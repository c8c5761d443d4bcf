"""Worker silent: nobody leads, or no worker has given a sign of life for minutes; no messages, no batches are made."""

from collections.abc import Iterator
from datetime import timedelta

from app.store.repositories.jobs import WORKER
from app.store.repositories.leases import LEADER
from app.watch.rule import Rule, Situation, Trouble

SILENT_FOR = timedelta(minutes=3)
"""A worker writes its heartbeat each minute; a restart takes seconds, and who hears of each one stops listening."""


def _find(situation: Situation) -> Iterator[Trouble]:
    with situation.store.reading() as uow:
        leader = uow.leases.get(LEADER)
    if leader is None or leader.until < situation.now or _heartbeat_is_old(situation):
        yield Trouble("worker_silent", "后台进程没有在工作：订单照常受理，但不发通知、不出批次")


def _heartbeat_is_old(situation: Situation) -> bool:
    with situation.store.reading() as uow:
        last = uow.jobs.heartbeat(WORKER)
    return last is not None and situation.now - last.at > SILENT_FOR


def silence_of_worker(situation: Situation) -> str:
    """Return what people should read while no worker has been heard of for minutes; empty while one is."""
    if not _heartbeat_is_old(situation):
        return ""
    with situation.store.reading() as uow:
        last = uow.jobs.heartbeat(WORKER)
    since = f"{last.at.astimezone(situation.policy.zone):%m-%d %H:%M} 起" if last else ""
    return f"后台进程{since}没有动静：订单照常受理，但不发通知、不出批次，告警也发不出去。请重启服务。"


WORKER_SILENT = Rule(name="worker_silent", level="red", find=_find, hold=SILENT_FOR)
