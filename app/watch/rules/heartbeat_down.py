"""Heartbeat down: a job that owes us a sign of life has failed, or nothing was heard of it in time."""

from collections.abc import Iterator

from app.domain.heartbeat import BeatState
from app.store.repositories.expected_beats import beat_of
from app.store.tables import ExpectedBeat
from app.watch.rule import Rule, Situation, Trouble


def _find(situation: Situation) -> Iterator[Trouble]:
    with situation.store.reading() as uow:
        beats = uow.expected_beats.all()
    for row in beats:
        if beat_of(row).state(situation.now) is BeatState.DOWN:
            yield Trouble("heartbeat_down", _sentence(row, situation), subject=row.name)


def _sentence(row: ExpectedBeat, situation: Situation) -> str:
    zone, beat = situation.policy.zone, beat_of(row)
    if beat.failures >= beat.most_failures:
        said = f"：{row.said[-200:]}" if row.said else ""
        return f"定时任务 {row.name} 连续失败 {beat.failures} 次{said}。请看该任务的日志，重跑成功后自动恢复。"
    awaited = beat.overdue_at
    since = f"{awaited.astimezone(zone):%m-%d %H:%M}" if awaited else "登记时"
    begun = awaited == row.started_at
    what = f"{since} 开始运行后一直没有报完成" if begun else f"应在 {since} 之前报到，至今没有消息"
    last = f"上次成功 {row.last_ok_at.astimezone(zone):%m-%d %H:%M}" if row.last_ok_at else "还没有成功过"
    return f"定时任务 {row.name} {what}（{last}）。请确认它还在运行，成功报到后自动恢复。"


HEARTBEAT_DOWN = Rule(name="heartbeat_down", level="orange", find=_find)
