"""Compares what rang and who was told with what the reference names: nothing else, nobody else, and each once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.store.tables import Alert
from tests.failure.watched_day.place import FALLBACK, FIRST, KEEPERS, LEAD, SECOND, Place
from tests.failure.watched_day.reference import Episode, Key
from tests.failure.watched_day.truth import MIDNIGHT, MINUTE
from tests.failure.watched_day.vendors import EMERGENCY, EVERYDAY
from tests.harness.trial import Trial

WITHIN = 2
"""Minutes from when a rule holds to when its alert rings; its end is given one more for what was told on the way."""

STEPS = {
    "orange": ((0, (FIRST,)), (5, (SECOND,)), (10, (FALLBACK,))),
    "red": ((5, (FIRST, SECOND)), (10, (FIRST, SECOND, FALLBACK, LEAD))),
}
"""By level: after how many minutes whom a text message goes to while nobody has taken the alert on (facts §8)."""

WORDS = {"orange": "橙灯告警", "red": "红灯告警"}


@dataclass
class Deeds:
    """What people and death have done meanwhile, by minute of the day."""

    taken: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By rule: when an alert was taken on, and by whom."""
    deaths: Counter[tuple[int, str]] = field(default_factory=Counter)
    """By minute and step."""


def judge(trial: Trial, scene: Place, deeds: Deeds, episodes: Sequence[Episode], alerts: Iterable[Alert]) -> None:
    """Demand that all of it is as the reference has it."""
    rang = {key_of(alert): alert for alert in alerts if alert.firing_since is not None}
    named = {one.key: one for one in episodes}
    times = Counter(key_of(alert) for alert in alerts if alert.firing_since is not None)
    trial.demand(len(named) == len(episodes), f"the story repeats itself: {[one.key for one in episodes]}")
    trial.demand(not named.keys() - rang.keys(), f"did not ring: {sorted(map(str, named.keys() - rang.keys()))}")
    trial.demand(
        not rang.keys() - named.keys(), f"rang unnamed: {[one.text for k, one in rang.items() if k not in named]}"
    )
    trial.demand(all(count == 1 for count in times.values()), f"rang again: {[k for k, n in times.items() if n > 1]}")
    trial.trials += len(named)
    for key in named.keys() & rang.keys():
        _in_time(trial, named[key], rang[key])
    both = [(named[key], rang[key]) for key in named if key in rang]
    asked = _texts(trial, scene, deeds, both)
    _groups(trial, scene, deeds, both)
    _mails(trial, scene, deeds, both, asked=asked)


def key_of(alert: Alert) -> Key:
    """Return rule, stage, and the storefront or feed that an alert is about."""
    if alert.rule == "feed_blind":
        return alert.rule, None, alert.subject
    words = alert.subject.split(":")
    return alert.rule, alert.stage, words[1] if len(words) > 1 else ""


def minute_of(at: datetime) -> int:
    """Return a moment's minute of the bad day."""
    return int((at - MIDNIGHT).total_seconds()) // MINUTE


def clock_of(minute: int | None) -> str:
    """Return a minute as a clock shows it."""
    return "–" if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"


def _in_time(trial: Trial, named: Episode, rang: Alert) -> None:
    assert named.fires is not None
    assert rang.firing_since is not None
    fired, ended = minute_of(rang.firing_since), minute_of(rang.ended_at) if rang.ended_at else None
    what = (
        f"{named.key}: rang {clock_of(fired)}–{clock_of(ended)}, named {clock_of(named.fires)}–{clock_of(named.ends)}"
    )
    trial.notes.append(what)
    trial.demand(0 <= fired - named.fires <= WITHIN, f"not in time: {what}")
    within = abs(ended - named.ends) <= WITHIN + 1 if ended and named.ends else ended == named.ends
    trial.demand(within, f"did not end in time: {what}")
    trial.demand(rang.end_reason in {"over", None}, f"ended as {rang.end_reason}: {what}")


# ---- who was told ----------------------------------------------------------------------------------------------------


def _texts(trial: Trial, scene: Place, deeds: Deeds, both: Sequence[tuple[Episode, Alert]]) -> set[str]:
    """Demand the text messages: by whom, how the alert stood, and when it began; return who was to get one."""
    due: Counter[tuple[str, str, str]] = Counter()
    for named, rang in both:
        if named.level not in STEPS or named.told is None or rang.firing_since is None or rang.ended_at is None:
            continue
        began = minute_of(rang.firing_since)
        last, by = deeds.taken.get(rang.rule, (minute_of(rang.ended_at) - 1, ""))  # people act after a round
        heard: set[str] = set()
        for after, people in STEPS[named.level]:
            if began + after <= last:
                due.update((name, WORDS[named.level], clock_of(began)) for name in people)
                heard |= set(people)
        if by:
            due.update((name, "已认领", clock_of(began)) for name in heard - {by})
        due.update((name, "已恢复", clock_of(began)) for name in heard)
    names = {phone: name for name, phone in scene.phones.items()}
    told = Counter(
        (names[str(one["phone"])], str(one["values"]["level"]), str(one["values"]["time"]))  # type: ignore[index]
        for one in scene.fakes.aliyun.accepted
    )
    trial.trials += due.total()
    trial.lost += (due - told).total()
    trial.doubled += (told - due).total()
    trial.demand(due, "nobody was to get a text message")
    trial.demand(not due - told, f"texts never came: {dict(due - told)}")
    trial.demand(not told - due, f"texts too many: {dict(told - due)}")
    return {name for name, _, _ in due}


def _groups(trial: Trial, scene: Place, deeds: Deeds, both: Sequence[tuple[Episode, Alert]]) -> None:
    """Demand that the everyday group heard of each beginning and each end, the emergency group of the red ones alone."""
    for group in (EVERYDAY, EMERGENCY):
        heard = [
            (minute_of(_at(one)), str(one["content"])) for one in scene.fakes.wecom.accepted if one["key"] == group
        ]
        due = 0
        for named, _ in both:
            if named.told is None or (group == EMERGENCY and named.level != "red"):
                continue
            for head in ("【告警】", "【已恢复】") if named.ends is not None else ("【告警】",):
                due += 1
                minutes = _tells(heard, head, named.key)
                _once(trial, deeds, "groups", f"{group} {head}{named.key}", minutes)
                early = head == "【告警】" and minutes and minutes[0] < named.told
                trial.demand(not early, f"told although something graver said the same: {named.key}")
        begins = [text for _, text in heard if "【告警】" in text or "【已恢复】" in text]
        trial.demand(len(set(begins)) <= due, f"{group} heard of what was not to be told: {begins}")


def _mails(trial: Trial, scene: Place, deeds: Deeds, both: Sequence[tuple[Episode, Alert]], *, asked: set[str]) -> None:
    """Demand that the keeper of a stage heard of its yellow alerts, and besides those alone who were asked to take one on."""
    for named, _ in both:
        keeper = KEEPERS.get(named.key[1] or 0, "")
        if named.level != "yellow" or named.told is None or not keeper:
            continue
        heard = [
            (0, one.message.get_content())
            for one in scene.fakes.mail.accepted
            if one.recipients == (f"{keeper}@shop.example",)
        ]
        for head in ("【告警】", "【已恢复】") if named.ends is not None else ("【告警】",):
            _once(trial, deeds, "mail", f"{keeper} {head}{named.key}", _tells(heard, head, named.key))
    addressed = {one.recipients[0].partition("@")[0] for one in scene.fakes.mail.accepted}
    strangers = addressed - set(KEEPERS.values()) - asked
    trial.demand(not strangers, f"e-mails to {strangers}, who were not to be told")


def _once(trial: Trial, deeds: Deeds, step: str, what: str, minutes: Sequence[int]) -> None:
    """Demand that something was told once; a death while it was being sent may have it told twice."""
    trial.trials += 1
    deaths = sum(
        count
        for (minute, died_in), count in deeds.deaths.items()
        if died_in == step and minutes and (minute == minutes[0] or not minutes[0])
    )
    trial.lost += not minutes
    trial.demand(minutes, f"never told: {what}")
    twice = max(0, len(minutes) - 1 - deaths)
    trial.doubled += twice
    trial.demand(not twice, f"told {len(minutes)} times with {deaths} deaths: {what}")


def _tells(heard: Sequence[tuple[int, str]], head: str, key: Key) -> list[int]:
    rule, stage, what = key
    words = {
        "stage_slow": f"{what}的普通订单在第 {stage} 环节",
        "stage_bottleneck": f"瓶颈：第 {stage} 环节",
        "gate_blocked": f"入仓停了：{what}",
        "orders_silent": f"没有新订单：{what}",
        "feed_blind": f"数据来源 {what} ",
        "backlog_growing": "订单积压",
    }[rule]
    return [minute for minute, text in heard if head in text and words in text]


def _at(one: dict[str, object]) -> datetime:
    return datetime.fromtimestamp(float(str(one["received_at"])), MIDNIGHT.tzinfo)
