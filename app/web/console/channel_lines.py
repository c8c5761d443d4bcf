"""How each way out is doing: what of its budget is used, what waits, why it rests; and whether the worker is awake."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.bootstrap import Lifeboat, policy_of
from app.channels.kinds import EMAIL, KINDS, SMS, label_of
from app.channels.reasons import in_words
from app.domain.main_health import MainState
from app.notify.policy import DRY, MessagePolicy
from app.store.main_standing import main_standing
from app.store.repositories.leases import LEADER
from app.store.tables import Pause
from app.store.unit_of_work import UnitOfWork

SLOWEST = timedelta(seconds=18)
"""An attempt without an end may have left as late as this after its beginning."""

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Line:
    """One way out, or one thing all ways depend on. ``state`` is ok, dry (records and sends nothing), warn or down."""

    name: str
    label: str
    state: str
    text: str


def channel_lines(uow: UnitOfWork, boat: Lifeboat, *, now: datetime) -> list[Line]:
    """Return a line for each way out and for the worker, in the order in which people ask."""
    policy = policy_of(boat.live)
    pauses = {pause.name: pause for pause in uow.pauses.of_channels()}
    return [
        _worker(uow, now),
        *_fail_over(uow, boat, now),
        *_groups(uow, policy, pauses, now),
        _sms(uow, policy, pauses, now),
        _mail(policy, pauses, now),
        _coupons(uow, policy, low_at=boat.live.coupon_low_at),
    ]


def _worker(uow: UnitOfWork, now: datetime) -> Line:
    leader = uow.leases.get(LEADER)
    if leader is None or leader.until < now:
        return Line("worker", "后台进程", "down", "没有在工作：不发通知、不出文件")
    return Line("worker", "后台进程", "ok", "在工作")


def _fail_over(uow: UnitOfWork, boat: Lifeboat, now: datetime) -> list[Line]:
    """Return how the main system stands, where anybody asks, and what a person has switched to us."""
    main = main_standing(uow, asked=bool(boat.settings.main_asked), zone=boat.settings.zone, now=now)
    state = {MainState.UP: "ok", MainState.DOWN: "down", MainState.UNKNOWN: "warn"}
    lines = [Line("main_system", "主系统", state[main.state], main.sentence)] if main is not None else []
    if names := "、".join(row.channel for row in uow.switched.now(now)):
        lines.append(Line("switched", "切换", "warn", f"由本系统接单：{names}"))
    return lines


def _groups(uow: UnitOfWork, policy: MessagePolicy, pauses: dict[str, Pause], now: datetime) -> list[Line]:
    lines = []
    several = len(policy.groups) > 1
    for n, group in enumerate(policy.groups, 1):
        name, label = f"{group.channel}:{group.target}", label_of(group.channel) + (f" {n}" if several else "")
        if group == DRY:
            lines.append(Line(name, label, "dry", "未接通，只记录不发送"))
            continue
        pace = KINDS[group.channel].pace
        sent = uow.attempts.sends_since(group.channel, group.target, now - pace.window, slowest=SLOWEST)
        waiting = uow.messages.held_back_count(group.channel, now=now, target=group.target)
        text = f"本分钟 {len(sent)}/{pace.limit} 条" + (f"，{waiting} 条在等" if waiting else "")
        lines.append(_rested(pauses.get(name), now) or Line(name, label, "ok", text))
        if lines[-1].state == "down":
            lines[-1] = Line(name, label, "down", lines[-1].text + (f"，{waiting} 条在等" if waiting else ""))
    return lines


def _sms(uow: UnitOfWork, policy: MessagePolicy, pauses: dict[str, Pause], now: datetime) -> Line:
    if not policy.sms_sent:
        return Line(SMS.name, SMS.label, "dry", "未接通，只记录不发送")
    if rests := _rested(pauses.get(f"{SMS.name}:"), now):
        return Line(SMS.name, SMS.label, rests.state, rests.text)
    spent = sum(uow.attempts.sent_counts_since(SMS.name, now - DAY, targets=["", *uow.access.client_names()]).values())
    state = "warn" if spent >= policy.sms_per_day else "ok"
    return Line(SMS.name, SMS.label, state, f"24 小时内 {spent:,}/{policy.sms_per_day:,} 条")


def _mail(policy: MessagePolicy, pauses: dict[str, Pause], now: datetime) -> Line:
    if not policy.mail_sent:
        return Line(EMAIL.name, EMAIL.label, "dry", "未设置，告警不发邮件")
    if rests := _rested(pauses.get(f"{EMAIL.name}:"), now):
        return Line(EMAIL.name, EMAIL.label, rests.state, rests.text)
    return Line(EMAIL.name, EMAIL.label, "ok", "已接通")


def _coupons(uow: UnitOfWork, policy: MessagePolicy, *, low_at: int) -> Line:
    label = "优惠券"
    if policy.coupon == "off" or not uow.coupons.any():
        return Line("coupons", label, "dry", "没有使用")
    free = uow.coupons.free(at_most=10_000)
    more = "+" if free >= 10_000 else ""  # noqa: PLR2004 - where the count stops
    state = "down" if free == 0 else "warn" if free <= low_at else "ok"
    return Line("coupons", label, state, f"剩余 {free:,}{more} 张")


def _rested(pause: Pause | None, now: datetime) -> Line | None:
    """Return the state and the words of a way that is left alone; None of one that is not."""
    if pause is None or not (pause.fault or pause.until > now):
        return None
    return Line("", "", "down" if pause.fault else "warn", f"暂停：{in_words(pause.reason)}")
