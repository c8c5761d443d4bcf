"""What waits for a person, in six queues: which kinds each holds, how many wait, and the way back to where one was."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import FormData

from app.domain.order_number import is_number
from app.domain.states import HeldKind
from app.store.tables import Alert
from app.store.unit_of_work import UnitOfWork
from app.web.console.filters import BASE

BATCHES_LOOKED_AT = 48
"""Newest files in which refused orders are looked for: a day of half-hourly ones. Older ones stand under 批次."""

COUNT_AGAIN = timedelta(seconds=10)
"""Refused orders are counted again after this, and at once when the main system or a person has said something."""


class Queue(NamedTuple):
    """One queue: its word, the kinds of held orders in it, and what to say where it is empty."""

    word: str
    kinds: tuple[HeldKind, ...] = ()
    empty: str = ""
    next: str = ""


QUEUES: Mapping[str, Queue] = {
    "look_alike": Queue(
        "疑似重复",
        (HeldKind.LOOK_ALIKE, HeldKind.MAIN_MAY_HAVE),
        "没有要判断的疑似重复单。",
        "同一顾客短时间内下的相同订单会停在这里，等人判断后才进文件。",
    ),
    "incomplete": Queue(
        "信息不全",
        (HeldKind.INCOMPLETE, HeldKind.UNPAID, HeldKind.BROKEN),
        "没有缺信息的订单。",
        "缺地址、缺单价、未付款或无法处理的订单会停在这里，补全后进入下一批次。",
    ),
    "failed": Queue(
        "导入失败",
        (),
        "没有等补录的订单。",
        "上传主系统的导入结果后，失败的订单会按原因列在这里。",
    ),
    "unsent": Queue(
        "发送失败",
        (),
        "没有发送失败的消息。",
        "所有消息都已送达或仍在自动重试。",
    ),
    "alerts": Queue("告警", (), "现在没有告警。", "出了问题会出现在这里，即使群机器人已经失效。"),
    "changes": Queue(
        "订单变更",
        (),
        "没有待处理的变更。",
        "批次文件发出后，渠道又取消或付了款的订单会列在这里，在主系统中处理后记下结果。",
    ),
}


class Todo(NamedTuple):
    """How many wait in each queue."""

    look_alike: int = 0
    incomplete: int = 0
    failed: int = 0
    unsent: int = 0
    alerts: int = 0
    changes: int = 0

    @property
    def total(self) -> int:
        """How many wait in all."""
        return sum(self)

    @property
    def first(self) -> str:
        """The first queue in which anything waits."""
        return next((name for name, count in self._asdict().items() if count), "look_alike")


class TodoCounts:
    """Counts what waits; the refused orders, which no index has, only when something may have changed them."""

    def __init__(self) -> None:
        self._known: tuple[tuple[int, ...], datetime, int] | None = None

    def count(self, uow: UnitOfWork, *, unsent: int, alerts: int, now: datetime) -> Todo:
        """Return how many wait now, of which the caller knows already the failed sends and the alerts."""
        held = uow.held.counts()
        of = {name: sum(held.get(kind, 0) for kind in queue.kinds) for name, queue in QUEUES.items()}
        unknown = sum(held.values()) - sum(of.values())  # kinds of a later release: they wait all the same
        alike = of["look_alike"] + uow.passed_on.gone_on_count()
        incomplete, changes = of["incomplete"] + unknown, uow.changes.noted_count()
        return Todo(alike, incomplete, self._failed(uow, now), unsent, alerts, changes)

    def _failed(self, uow: UnitOfWork, now: datetime) -> int:
        batches = uow.batches.newest_ids(limit=BATCHES_LOOKED_AT)
        newest = uow.audit.page(limit=1)
        mark = (uow.results.newest_id(), max(batches, default=0), newest[0].id or 0 if newest else 0)
        if self._known is None or self._known[0] != mark or abs(now - self._known[1]) >= COUNT_AGAIN:
            failed = sum(one.orders for one in uow.results.failing(batches)) if batches else 0
            self._known = mark, now, failed + uow.contradictions.open_count()
        return self._known[2]


def kinds_of(queue: str) -> tuple[HeldKind, ...]:
    """Return the kinds of held orders in a queue."""
    return QUEUES[queue].kinds


def queue_of(kind: str | None) -> str:
    """Return the queue in which orders held for this kind wait."""
    return next((name for name, queue in QUEUES.items() if kind in queue.kinds), "incomplete")


def told(alerts: list[Alert]) -> list[Alert]:
    """Return the alerts that somebody has to do something about."""
    return [one for one in alerts if one.level != "notice"]


def way_back(form: FormData, *, decided: str = "") -> str:
    """Return where in the queue whoever sent this form goes on: at the order after it, nowhere near the top.

    ``decided`` is the order whose decision is offered to be taken back there.
    """
    asked = {"queue": str(form.get("queue") or ""), "after": str(form.get("after") or ""), "decided": decided}
    kept = {
        "queue": asked["queue"] if asked["queue"] in QUEUES else "",
        "after": asked["after"] if asked["after"].isascii() and asked["after"].isdigit() else "",
        "decided": asked["decided"],
    }
    following = str(form.get("next") or "")
    query = urlencode({name: value for name, value in kept.items() if value})
    return f"{BASE}/held" + (f"?{query}" if query else "") + (f"#o-{following}" if is_number(following) else "")
