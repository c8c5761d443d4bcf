"""Contradictions: the main system has said what does not fit, and nobody has decided about it yet."""

from collections.abc import Iterator
from datetime import timedelta

from app.watch.rule import Rule, Situation, Trouble


def _find(situation: Situation) -> Iterator[Trouble]:
    with situation.store.reading() as uow:
        count = uow.contradictions.open_count()
    if count:
        text = f"有 {count} 条导入结果与已知结果矛盾，请到主系统核实后，在控制台“待办”里裁定。"
        yield Trouble("contradictions_open", text)


CONTRADICTIONS_OPEN = Rule(name="contradictions_open", level="notice", find=_find, again=timedelta(hours=1))
