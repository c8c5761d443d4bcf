"""Orders unsettled: the main system may have them, nobody has found out for half an hour, and no batch takes them."""

from collections.abc import Iterator
from datetime import timedelta

from app.domain.main_health import MainState
from app.watch.rule import Rule, Situation, Trouble

LONG = timedelta(minutes=30)
"""After that the main system has answered again for long enough that somebody could have looked."""

NAMED = 3
"""Orders named in the text; the others are in the list it points to."""


def _find(situation: Situation) -> Iterator[Trouble]:
    since = situation.now - LONG
    with situation.store.reading() as uow:
        main = uow.main_probe.get()
        if main is not None and main.told == MainState.DOWN:
            return  # nobody can look there now
        if main is not None and main.told == MainState.UP and main.told_since is not None and main.told_since > since:
            return  # it has only just come back
        count, first = uow.passed_on.unsettled_since(since, first=NAMED)
    if count:
        named = "、".join(first) + (" 等" if count > len(first) else "")
        told = f"有 {count} 笔订单主系统可能已有，超过 30 分钟没有查清（{named}）"
        text = f"{told}，查清之前不进批次，请在控制台“待办”里处理。"
        yield Trouble("orders_unsettled", text)


ORDERS_UNSETTLED = Rule(name="orders_unsettled", level="orange", find=_find, again=timedelta(hours=1))
