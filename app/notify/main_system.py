"""Keeps how the main system stands, and tells the groups each change of it once: in the transaction that notes it.

Nothing is switched here. Proxies hand orders over by themselves, and who stands in for whom is a person's word.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app import words
from app.domain.dependency import Probed
from app.domain.main_health import MainState, after_look, answers_of, is_in_force
from app.domain.send_budget import Urgency
from app.domain.subject import Subject
from app.notify.alert_messages import alert_exits
from app.notify.contents import AlertContent
from app.notify.new_message import NewMessage
from app.notify.policy import MessagePolicy
from app.store.main_standing import stands, why_it_stands
from app.store.tables import MainProbe, Switched
from app.store.unit_of_work import Store, UnitOfWork

MAIN, SWITCH = "red", "orange"
"""Levels: that the main system takes no orders concerns every group there is; what a person switches, not those for
emergencies."""

_AFTERWARDS = {
    MainState.DOWN: "代理会把订单转到这里；渠道不会自动切换，要整体切换请打开控制台“切换”。",
    MainState.UP: "切换过来的渠道不会自动切回，请核对后在控制台“切换”里切回。",
    MainState.UNKNOWN: "请看一眼主系统，必要时在控制台“切换”里人工认定。",
}


def keep_main(
    store: Store, policy: MessagePolicy, probes: Sequence[Probed], *, window: timedelta, now: datetime
) -> MainState | None:
    """Note what a look found, and tell what has changed; without probes nobody looks, and only a person may say.

    Returns how the main system stands, None where nobody can know.
    """
    if not probes:
        with store.reading() as uow:
            row = uow.main_probe.get()
            if row is None or stands(row, asked=False, now=now) == row.told:
                return None
    with store.writing() as uow:
        row = uow.main_probe.locked()
        if probes:
            _note(row, probes, sent_at=uow.passed_on.newest_sent_at(since=now - window), window=window, now=now)
        _tell(uow, row, policy, asked=bool(probes), now=now)
        return stands(row, asked=bool(probes), now=now)


def _note(
    row: MainProbe, probes: Sequence[Probed], *, sent_at: datetime | None, window: timedelta, now: datetime
) -> None:
    health, lookup = probes[0], probes[1] if len(probes) > 1 else None
    seen = after_look(row.health, answers_of(health, lookup), sent_at=sent_at, window=window, now=now)
    row.state, row.answers, row.since, row.looked_at = seen.state, seen.answers, seen.since, seen.looked_at
    row.health_ms, row.health_reason = health.ms, health.reason[:80]
    row.lookup_ms, row.lookup_reason = (lookup.ms, lookup.reason[:80]) if lookup is not None else (None, "")
    row.sent_at = sent_at or row.sent_at


def _tell(uow: UnitOfWork, row: MainProbe, policy: MessagePolicy, *, asked: bool, now: datetime) -> None:
    """Tell an edge; that it is well where nobody has heard anything else before is no news, and neither is nothing."""
    state = stands(row, asked=asked, now=now)
    if state == row.told or (not row.told and state is MainState.UNKNOWN):
        return
    is_news = bool(row.told) or state is not MainState.UP or is_in_force(row.ordered_until, now=now)
    row.told, row.told_since, row.edge = state, now, row.edge + 1
    if is_news:
        why = why_it_stands(row, asked=asked, zone=policy.zone, now=now)
        sentence = f"主系统{words.MAIN_STATES[state].text}：{why}{_AFTERWARDS[state]}"
        content = AlertContent(sentence=sentence, ended=state is MainState.UP, level=MAIN)
        uow.messages.add_new([one.as_row() for one in _messages(f"main:{row.edge}", content, policy, now=now)])


def tell_switches(store: Store, policy: MessagePolicy, *, now: datetime) -> int:
    """Tell the groups which storefronts have been switched to us, and which switched back; return how many."""
    with store.reading() as uow:
        if not any(_untold(row) for row in uow.switched.untold()):
            return 0
    told = 0
    with store.writing() as uow:
        for row in uow.switched.untold():
            if _untold(row) and uow.switched.note_told(row, 2 if row.ended_at else 1):
                once = f"switch:{row.id}:{'off' if row.ended_at else 'on'}"
                content = AlertContent(sentence=_sentence(row, policy), ended=row.ended_at is not None, level=SWITCH)
                uow.messages.add_new([one.as_row() for one in _messages(once, content, policy, now=now)])
                told += 1
    return told


def _untold(row: Switched) -> bool:
    """Tell whether there is news of a switch; of one that was over before anybody heard of it only the end is told."""
    return row.told < (2 if row.ended_at else 1)


def _sentence(row: Switched, policy: MessagePolicy) -> str:
    what = words.switched_name(row.channel)
    if row.ended_at is not None:
        return f"{what}已切回主系统（{row.ended_by}：{row.ended_why}）。"
    until = f"，到 {row.until.astimezone(policy.zone):%m-%d %H:%M} 自动切回" if row.until else "，直到有人切回"
    return f"{what}由 {row.by} 切到 Lifeboat{until}：{row.reason}。"


def _messages(once: str, content: AlertContent, policy: MessagePolicy, *, now: datetime) -> list[NewMessage]:
    return [
        NewMessage(
            once=f"{once}:{channel}:{target}",
            subject=Subject.ALERT,
            channel=channel,
            target=target,
            urgency=Urgency.ALERT,
            content=content,
            now=now,
        )
        for channel, target in alert_exits(policy, content.level)
    ]
