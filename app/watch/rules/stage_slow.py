"""Stage slow, yellow: a kind of order takes longer than one and a half times what it takes on other days.

Of a closed warehouse nothing is told: its stages are judged once it has been open for half an hour.
"""

from collections.abc import Iterator
from datetime import timedelta
from statistics import stdev

from app.domain.alert_life import Sight
from app.watch.rule import BEFORE_WAREHOUSE, Rule, Situation, Trouble
from app.watch.stages.health import MINUTE, KindNow
from app.watch.stages.names import kind_word, stay_words


def _find(situation: Situation) -> Iterator[Trouble]:
    for kind in situation.orders.now().kinds:
        yield _trouble(situation, kind)


def _trouble(situation: Situation, kind: KindNow) -> Trouble:
    limit = kind.stage.limit / MINUTE
    usual = kind.baseline.value if kind.baseline else limit  # while it is learnt, the limit has to do
    sight = Sight.RESTING if kind.rests else Sight.UNSEEN
    if kind.seen and not kind.rests:
        sight = _sight(situation, kind, usual, limit)
    subject = f"S{kind.stage.number}:{kind.channel}:{'high' if kind.high else 'normal'}"
    text = "" if situation.brief and sight is not Sight.WRONG else _words(kind, usual, limit)
    return Trouble("stage_slow", text, subject=subject, stage=kind.stage.number, sight=sight)


def _words(kind: KindNow, usual: float, limit: float) -> str:
    compared = f"平时此刻约 {usual:.0f} 分钟" if kind.baseline else f"限时 {limit:.0f} 分钟（基线还在学习）"
    return (
        f"{kind_word(kind.channel, high=kind.high)}在第 {kind.stage.number} 环节“{kind.stage.word}”"
        f"{stay_words(kind.stage, flow_mean=kind.flow_mean, exits=kind.exits)}，{compared}；{kind.inside} 单在其中。"
    )


def _sight(situation: Situation, kind: KindNow, usual: float, limit: float) -> Sight:
    lines, deviation = situation.policy.lines.slow, 0.0
    if lines.may_be(flow_mean=kind.flow_mean, baseline=usual, limit=limit, n=kind.n):
        times = situation.orders.times(kind)
        deviation = stdev(times) if len(times) > 1 else 0.0
    return lines.sight(flow_mean=kind.flow_mean, baseline=usual, limit=limit, n=kind.n, deviation=deviation)


STAGE_SLOW = Rule(
    name="stage_slow",
    level="yellow",
    find=_find,
    part=lambda lines: lines.slow,
    hold_by=lambda lines: lines.slow.hold,
    clear_hold=timedelta(minutes=15),
    stages_by_incident=BEFORE_WAREHOUSE,
)
