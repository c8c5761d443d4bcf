"""Batch failing: a batch that holds orders could not be finished several times in a row, so they come out nowhere."""

from collections.abc import Iterator

from app import words
from app.domain.batch_failure import FAILING_FROM, kind_of
from app.watch.rule import Rule, Situation, Trouble


def _find(situation: Situation) -> Iterator[Trouble]:
    with situation.store.reading() as uow:
        failing = uow.batches.all_unfinished(failures=FAILING_FROM)
    for batch in failing:
        why = words.BATCH_FAILURES[kind_of(batch.failure)]
        text = f"批次 {batch.name} 连续生成失败，其中的订单没有进入任何文件：{why}。"
        yield Trouble("batch_failing", text, subject=batch.name or "")


BATCH_FAILING = Rule(name="batch_failing", level="red", find=_find)
