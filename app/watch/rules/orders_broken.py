"""Orders broken: the program cannot read or write some orders; nobody ships them until a person has seen to them."""

from collections.abc import Iterator
from datetime import timedelta

from app.domain.states import HeldKind
from app.watch.rule import Rule, Situation, Trouble

NAMED = 3
"""Orders named in the text; the others are in the list it points to."""


def _find(situation: Situation) -> Iterator[Trouble]:
    with situation.store.reading() as uow:
        count, first = uow.overview.held_of_kind(HeldKind.BROKEN, first=NAMED)
    if count:
        named = "、".join(first) + (" 等" if count > len(first) else "")
        text = f"有 {count} 笔订单无法处理，已放到一边（{named}），请在控制台“待办”里查看原因并处理。"
        yield Trouble("orders_broken", text)


ORDERS_BROKEN = Rule(name="orders_broken", level="orange", find=_find, again=timedelta(hours=1))
