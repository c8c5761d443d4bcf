"""Worker silent: nobody leads, or no worker has given a sign of life for minutes; no messages, no batches are made."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.store.repositories.jobs import WORKER
from app.store.repositories.leases import LEADER
from app.watch.rule import Rule, Situation, Trouble

SILENT_FOR = timedelta(minutes=3)
"""A worker writes its heartbeat each minute; a restart takes seconds, and who hears of each one stops listening."""


def _find(situation: Situation) -> Iterator[Trouble]:
    with situation.store.reading() as uow:
        leader = uow.leases.get(LEADER)
    if leader is None or leader.until < situation.now or _last_heard(situation) is not None:
        yield Trouble("worker_silent", "后台进程没有在工作：订单照常受理，但不发通知、不出批次")


def silence_of_worker(situation: Situation) -> str:
    """Return what people should read while no worker has been heard of for minutes; empty while one is."""
    last = _last_heard(situation)
    if last is None:
        return ""
    since = f"{last.astimezone(situation.policy.zone):%m-%d %H:%M} 起"
    return f"后台进程{since}没有动静：订单照常受理，但不发通知、不出批次，告警也发不出去。请重启服务。"


def _last_heard(situation: Situation) -> datetime | None:
    """Return when a worker was last heard of, if that is too long ago."""
    with situation.store.reading() as uow:
        last = uow.jobs.heartbeat(WORKER)
    return last.at if last is not None and situation.now - last.at > SILENT_FOR else None


WORKER_SILENT = Rule(name="worker_silent", level="red", find=_find, hold=SILENT_FOR)
