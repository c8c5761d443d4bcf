"""Turns values into what a screen may show: local time, yuan, and texts of strangers made harmless."""

import hashlib
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from app import words
from app.channels.kinds import label_of
from app.domain import money
from app.domain.times import local_text
from app.files.manifest import files_in

HERE = Path(__file__).parent
STATICS = HERE / "statics"
TEMPLATES = HERE / "templates"
BASE = "/console"

LONGEST = 160
"""Characters of a stranger's text on a screen; what is longer was not meant to be read."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Unicode categories that are not seen but change what is seen: controls, marks of direction, lone surrogates."""


def harmless(value: object, longest: int = LONGEST) -> str:
    """Return a text of a stranger on one line, without invisible characters, cut to ``longest``; not yet escaped."""
    text = "" if value is None else str(value)
    head = "".join(" " if c in "\n\r\t" else c for c in text[: longest + 1])
    shown = "".join(c for c in head if unicodedata.category(c) not in _UNSEEN)
    if len(text) > longest:
        return f"{shown[:longest]}…（共 {len(text)} 字）"
    return shown


def yuan(fen: int | None) -> str:
    """Return an amount with thousands separated, or that it is unknown."""
    if not isinstance(fen, int):  # unknown, or damaged
        return "金额待核"
    whole, _, cents = money.yuan(fen).partition(".")
    return f"¥{int(whole):,}.{cents}"


def number(count: int) -> str:
    """Return a count with thousands separated."""
    return f"{count:,}" if isinstance(count, int) else "—"


def grouped(order_number: str) -> Markup:
    """Return an order number in groups of four that stand apart and are still copied as one."""
    parts = [order_number[at : at + 4] for at in range(0, len(order_number), 4)]
    return Markup("").join(Markup('<span class="lb-four-of">{}</span>').format(part) for part in parts)


def span(length: timedelta) -> str:
    """Return a length of time in its two largest units."""
    minutes = max(int(length.total_seconds()), 0) // 60
    if minutes < 1:
        return "不到 1 分钟"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} 天 {hours} 小时"
    return f"{hours} 小时 {minutes} 分钟" if hours else f"{minutes} 分钟"


def name_masked(name: str | None) -> str:
    """Return a person's name as 张**."""
    shown = harmless(name, 20)
    return shown[:1] + "**" if shown else ""


def filters(zone: ZoneInfo, now: Callable[[], datetime]) -> dict[str, Callable[..., Any]]:
    """Return the filters of our templates."""

    def moment(at: datetime | None, *, seconds: bool = True) -> str:
        if at is None:
            return ""
        try:
            local, today = at.astimezone(zone), now().astimezone(zone)
        except OverflowError:  # the year 9999 of a damaged row
            return ""
        clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
        if local.date() == today.date():
            return clock
        day = f"{local:%m-%d}" if local.year == today.year else f"{local:%Y-%m-%d}"
        return f"{day} {clock}"

    def full_moment(at: datetime | None) -> str:
        return "" if at is None else local_text(at, zone)

    def ago(at: datetime | None) -> str:
        return "" if at is None else f"{span(now() - at)}前"

    def since(at: datetime | None) -> str:
        return "" if at is None else span(now() - at)

    return {
        "moment": moment,
        "full_moment": full_moment,
        "ago": ago,
        "since": since,
        "span": span,
        "yuan": yuan,
        "number": number,
        "grouped": grouped,
        "harmless": harmless,
        "name_masked": name_masked,
    }


def names() -> dict[str, Any]:
    """Return the global names of our templates."""
    return {
        "words": words,
        "base": BASE,
        "asset": asset,
        "icon": icon,
        "files_in": files_in,
        "no_word": words.Label("未知", "secondary"),
        "channel_label": label_of,
        "message_name": lambda message: words.message_name(message.subject, message.channel, label_of(message.channel)),
    }


def icon(name: str, style: str = "") -> Markup:
    """Return an icon of the sprite; the word beside it says what it means, so readers of the page skip it."""
    text = '<svg class="lb-icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>'
    return Markup(text).format(style, asset("icons.svg"), name)  # noqa: S704 - a text of ours; what is put in is escaped


@cache
def asset(name: str) -> str:
    """Return the address of a static file of ours, with a mark of its content so that it may be cached for long."""
    mark = hashlib.sha256((STATICS / "console" / name).read_bytes()).hexdigest()[:10]
    return f"{BASE}/static/console/{name}?v={mark}"
