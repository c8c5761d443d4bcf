"""What people read of the roster: what it lacks, and who is on duty."""

from collections.abc import Sequence
from datetime import datetime, tzinfo


def span(starts_at: datetime, ends_at: datetime, zone: tzinfo) -> str:
    """Return a time as people write it: ``11-22 20:00 至 11-23 08:00``, the second day only where it is another."""
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%m-%d %H:%M}"
    return f"{start:%m-%d %H:%M} 至 {until}"


NO_FALLBACK = "值班表没有能联系的兜底人：没有人应答的告警无人可找，请到“值班”设置兜底人。"
NOBODY_NOW = "现在没有人值班，告警由兜底人 {fallback} 接收，请补班。"
GAPS = "今后 14 天有 {count} 段没有人值班：{spans}。期间由兜底人 {fallback} 接收，请补班。"
UNVERIFIED = "值班的 {names} 没有验证过的手机号，收不到短信；请本人在控制台“我的账号”里填写并验证。"
ABSENT = "账号已停用的 {names} 还排着班，他的班不算数，请改派他人。"


NAMED = 5
"""Gaps and people that a sentence names; the page shows all."""


def listed(names: Sequence[str]) -> str:
    """Return the first of some names: "mei、lan 等 7 项"."""
    return "、".join(names[:NAMED]) + (f" 等 {len(names)} 项" if len(names) > NAMED else "")
