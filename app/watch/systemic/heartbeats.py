"""Heartbeats that others owe us: named by a person, heard from a program, removed by a person."""

import re
from datetime import datetime, timedelta
from typing import Literal

from app.domain.actor import Actor
from app.domain.harmless_text import harmless_text
from app.domain.heartbeat import Beat
from app.domain.problems import NotFound, Refusal
from app.store.repositories.expected_beats import MOST, beat_of
from app.store.tables import ExpectedBeat
from app.store.unit_of_work import UnitOfWork

Signal = Literal["ok", "start", "fail"]

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=62)
LONGEST_SAID = 500
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}")
_TIME = re.compile(r"([0-9]{1,5})\s*(m|h|d|分钟|分|小时|天)?")
_UNITS = {"m": 1, "分钟": 1, "分": 1, "": 1, "h": 60, "小时": 60, "d": 1440, "天": 1440}


def time_of(text: str) -> timedelta:
    """Return the time that ``30m``, ``2h``, ``1d`` or a plain number of minutes says.

    Raises:
        Refusal: it says none.
    """
    found = _TIME.fullmatch(text.strip().lower())
    if found is None:
        raise Refusal(f"“{text[:20]}”不是一段时间，请写 30m、2h 或 1d（分钟、小时、天）。")
    return timedelta(minutes=int(found[1]) * _UNITS[found[2] or ""])


def set_heartbeat(
    uow: UnitOfWork, name: str, *, every: timedelta, grace: timedelta, most_failures: int, by: Actor, now: datetime
) -> ExpectedBeat:
    """Name a heartbeat, or change the times of one; what was heard of it is kept.

    Raises:
        Refusal: the name or a time is none that is allowed, or there are too many.
    """
    if not _NAME.fullmatch(name):
        raise Refusal("心跳名称须为 1–48 个字母、数字、点、横线或下划线，以字母或数字开头。")
    for word, time in (("周期", every), ("宽限", grace)):
        if not SHORTEST <= time <= LONGEST:
            raise Refusal(f"{word}须在 1 分钟到 62 天之间。")
    if not 1 <= most_failures <= MOST:
        raise Refusal(f"连续失败次数须为 1–{MOST}。")
    row = uow.expected_beats.locked(name)
    if row is None:
        if len(uow.expected_beats.all()) >= MOST:
            raise Refusal(f"最多 {MOST} 个心跳，请先移除不用的。")
        row = uow.expected_beats.named(ExpectedBeat(name=name, every_s=0, grace_s=0, set_at=now, set_by=by.name))
    known = beat_of(row)
    due_at = row.last_ok_at + every if row.last_ok_at and known.every != every else known.due_at
    beat = Beat(
        every=every,
        grace=grace,
        most_failures=most_failures,
        due_at=due_at,
        started_at=known.started_at,
        failures=known.failures,
    )
    row.set_at, row.set_by = now, by.name
    uow.expected_beats.keep(row, beat)
    detail = {"every_minutes": _minutes(every), "grace_minutes": _minutes(grace), "failures": most_failures}
    uow.audit.record("heartbeat.set", by=by, at=now, subject=f"heartbeat:{name}", detail=detail)
    return row


def remove_heartbeat(uow: UnitOfWork, name: str, *, by: Actor, now: datetime) -> None:
    """Forget a heartbeat; an alert about it ends by itself.

    Raises:
        NotFound: there is none of that name.
    """
    if not uow.expected_beats.remove(name):
        raise _unknown(name)
    uow.audit.record("heartbeat.remove", by=by, at=now, subject=f"heartbeat:{name}", detail={})


def hear(uow: UnitOfWork, name: str, signal: Signal, *, said: str = "", now: datetime) -> ExpectedBeat:
    """Take a signal in; of what it says the end is kept, where errors stand.

    Raises:
        NotFound: nobody has named this heartbeat.
    """
    row = uow.expected_beats.locked(name)
    if row is None:
        raise _unknown(name)
    beat = beat_of(row)
    match signal:
        case "ok":
            beat, row.last_ok_at = beat.succeeded(now), now
        case "start":
            beat = beat.begun(now)
        case "fail":
            beat, row.failed_at = beat.failed(now), now
    row.said = harmless_text(said)[-LONGEST_SAID:]
    uow.expected_beats.keep(row, beat)
    return row


def _unknown(name: str) -> NotFound:
    return NotFound(f"没有名为 {harmless_text(name)[:48]} 的心跳，请先在控制台或用 lifeboat watch heartbeat set 登记。")


def _minutes(time: timedelta) -> int:
    return int(time / timedelta(minutes=1))
