"""The strip above every page: how things stand, in one line and one colour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app import words
from app.web.console.conservation import BarPart, parts_of
from app.web.console.dashboard_figures import Figures
from app.web.console.todo import Todo

Level = Literal["calm", "live", "drill", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """What the strip says. ``wrong`` is the first thing that is wrong, in a few words; empty where nothing is.

    ``bad`` is kept for what somebody must act on now: orders are not taken, or nothing happens to those that were.
    """

    level: Level
    word: str
    wrong: str
    since: datetime | None = None
    last_at: datetime | None = None
    rate: int = 0
    next_batch_at: datetime | None = None
    waiting: int = 0
    alerts: int = 0
    held: int = 0
    todo: Todo = field(default_factory=Todo)
    accepted: int = 0
    parts: tuple[BarPart, ...] = ()


def strip_of(figures: Figures, health: Mapping[str, Any]) -> Strip:
    """Return the strip for these figures and this state of health."""
    silent = any(line.name == "worker" and line.state == "down" for line in figures.lines)
    refusing = health["status"] == "fail"
    asleep = silent and figures.incident is not None
    wrong = ""
    if refusing:
        wrong = "当前不受理订单"
    elif asleep:
        wrong = "后台进程没有在工作，不发通知、不出文件"
    elif "store_away" in health["degraded"]:
        wrong = "数据库不可用，订单写入本机暂存"
    level: Level = "bad" if refusing or asleep else "live" if figures.incident else "drill" if figures.drill else "calm"
    running = figures.incident or figures.drill
    return Strip(
        level=level,
        word=words.STRIP[level] if level != "bad" else words.STRIP["live" if running else "calm"],
        wrong=wrong,
        since=running.opened_at if running else None,
        last_at=figures.last_at if figures.incident else None,
        rate=figures.hour.last_minute,
        next_batch_at=figures.next_batch_at if figures.incident else None,
        waiting=figures.waiting,
        alerts=len([one for one in figures.alerts if one.level != "notice"]),
        held=figures.held,
        todo=figures.todo,
        accepted=figures.accepted,
        parts=parts_of(figures.ledger) if figures.ledger and figures.incident else (),
    )
