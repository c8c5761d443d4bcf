"""How each way out is doing: whether it takes messages, since when not and why, what waits, what it may still send."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.channels.kinds import COUPONS, EMAIL, KINDS, SMS, label_of
from app.channels.reasons import without_code
from app.notify.policy import DRY, MessagePolicy
from app.store.repositories.pauses import LONGEST, PERSON
from app.store.tables import Attempt, Pause
from app.store.unit_of_work import UnitOfWork

SLOWEST = timedelta(seconds=18)
"""As the group dispatcher reckons a send whose end nobody recorded."""

DAY = timedelta(days=1)

Condition = Literal["well", "held", "fault", "limited", "recorded"]
"""``held`` by a person; ``recorded`` is not connected: messages are written down and not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHealth:
    """One destination; ``name`` is what `lifeboat messages pause` calls it, ``label`` what people do.

    ``used`` of ``budget`` messages have left in the last ``window``; ``last`` is the newest attempt.
    """

    name: str
    label: str
    condition: Condition
    why: str
    since: datetime | None
    until: datetime | None
    by: str | None
    waiting: int
    used: int
    budget: int | None
    window: timedelta
    last: Attempt | None


def channel_health(uow: UnitOfWork, policy: MessagePolicy, *, now: datetime) -> list[ChannelHealth]:
    """Return every way out of this deployment: groups first, then text messages, coupons and e-mail."""
    known = {pause.name: pause for pause in (*uow.pauses.of_channels(), *uow.pauses.of_people(now=now))}
    names = [f"{group.channel}:{group.target}" for group in policy.groups] + [f"{SMS.name}:"]
    names += [COUPONS] if policy.coupon != "off" else []
    names += [f"{EMAIL.name}:"] if policy.mail_sent else []
    return [_health(uow, policy, name, known, now=now) for name in names]


def _health(
    uow: UnitOfWork, policy: MessagePolicy, name: str, known: dict[str, Pause], *, now: datetime
) -> ChannelHealth:
    channel, _, target = name.partition(":")
    condition, pause = _condition(policy, name, known, now=now)
    which = {"target": target} if channel != SMS.name else {"subject": target or None}
    used, budget, window = _spent(uow, policy, channel, target, now=now)
    return ChannelHealth(
        name=name,
        label=_label(policy, name),
        condition=condition,
        why="" if pause is None else pause.reason if condition == "held" else without_code(pause.reason),
        since=pause.since if pause else None,
        until=pause.until if pause else None,
        by=pause.by if pause else None,
        waiting=uow.messages.held_back_count(channel, now=now, **which),
        used=used,
        budget=budget,
        window=window,
        last=uow.attempts.last_to(channel, None if channel == SMS.name else target),
    )


def _condition(
    policy: MessagePolicy, name: str, known: dict[str, Pause], *, now: datetime
) -> tuple[Condition, Pause | None]:
    if pause := known.get(f"{PERSON}{name}"):
        return "held", pause
    pause = known.get(name)
    if pause is not None and pause.fault:
        return "fault", pause
    if pause is not None and now < pause.until <= now + LONGEST:
        return "limited", pause
    sent = {SMS.name: policy.sms_sent, EMAIL.name: policy.mail_sent}.get(
        name.partition(":")[0], name != f"{DRY.channel}:{DRY.target}"
    )
    return ("well" if sent else "recorded"), None


def _spent(
    uow: UnitOfWork, policy: MessagePolicy, channel: str, target: str, *, now: datetime
) -> tuple[int, int | None, timedelta]:
    if channel == SMS.name:
        counts = uow.attempts.sent_counts_since(channel, now - DAY, targets=["", *uow.access.client_names()])
        return sum(counts.values()), policy.sms_per_day, DAY
    pace = KINDS[channel].pace
    sent = uow.attempts.sends_since(channel, target, now - pace.window, slowest=SLOWEST)
    return len(sent), pace.limit if KINDS[channel].is_group else None, pace.window


def _label(policy: MessagePolicy, name: str) -> str:
    channel, _, target = name.partition(":")
    if name == COUPONS or not target:
        return label_of(COUPONS if name == COUPONS else channel)
    alike = [group.target for group in policy.groups if group.channel == channel]
    return f"{label_of(channel)}群 {alike.index(target) + 1}" if len(alike) > 1 else f"{label_of(channel)}群"
