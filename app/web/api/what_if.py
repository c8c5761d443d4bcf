"""What other lines would have told, as a program reads it; printed by ``lifeboat watch what-if --json``."""

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel

from app.domain.health_lines import HealthLines, turned
from app.watch.what_if.judge import WhatIf
from app.watch.what_if.lives import Episode, WouldRing


class EpisodeOut(BaseModel):
    """An alert that would have rung; ``until`` is null where it lasts, ``untold`` says why nobody would have heard."""

    rule: str
    level: str
    kind: str
    stage: int | None
    since: AwareDatetime
    until: AwareDatetime | None
    untold: str | None
    text: str


class WouldRingOut(BaseModel):
    """What a set of lines would have told: ``lines`` names those that are not the default."""

    lines: list[str]
    rung: int
    untold: int
    by_rule: dict[str, int]
    episodes: list[EpisodeOut]


class WhatIfOut(BaseModel):
    """Days judged by the asked lines and by those in force; ``doubts`` are codes of what the past cannot tell."""

    since: AwareDatetime
    until: AwareDatetime
    wanted: WouldRingOut
    in_force: WouldRingOut
    doubts: list[str]


def what_if_out(found: WhatIf, *, wanted: HealthLines, in_force: HealthLines, zone: ZoneInfo) -> WhatIfOut:
    """Return what was found, on the merchant's wall clock."""
    return WhatIfOut(
        since=found.since.astimezone(zone),
        until=found.until.astimezone(zone),
        wanted=_rings(found.wanted, wanted, zone),
        in_force=_rings(found.in_force, in_force, zone),
        doubts=[str(doubt) for doubt in found.doubts],
    )


def _rings(one: WouldRing, lines: HealthLines, zone: ZoneInfo) -> WouldRingOut:
    return WouldRingOut(
        lines=list(turned(lines)),
        rung=one.rung,
        untold=one.untold,
        by_rule=one.counts,
        episodes=[_episode(episode, zone) for episode in one.episodes],
    )


def _episode(one: Episode, zone: ZoneInfo) -> EpisodeOut:
    return EpisodeOut(
        rule=one.rule,
        level=one.level,
        kind=one.kind,
        stage=one.stage,
        since=_local(one.begins, zone),
        until=_local(one.ends, zone) if one.ends else None,
        untold=str(one.untold) if one.untold else None,
        text=one.text,
    )


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone)
