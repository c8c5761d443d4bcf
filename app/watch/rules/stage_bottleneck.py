"""Stage bottleneck: orders stay in a stage for more than twice its limit, and not for want of orders to work on.

Of a closed warehouse nothing is told: its stages are judged once it has been open for half an hour.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from app.domain.alert_life import Sight
from app.domain.marks import Stage
from app.domain.order_health import Bottleneck, starved
from app.domain.stage_clock import flow_mean
from app.watch.rule import BEFORE_WAREHOUSE, Rule, Situation, Trouble
from app.watch.stages.health import MINUTE, KindNow
from app.watch.stages.names import stay_words


def _find(situation: Situation) -> Iterator[Trouble]:
    kinds, lines = situation.orders.now().kinds, situation.policy.lines.bottleneck
    upstream = False
    of_stage: dict[int, list[KindNow]] = {}
    for kind in kinds:
        of_stage.setdefault(kind.stage.number, []).append(kind)
    for _, mine in sorted(of_stage.items()):
        trouble = _trouble(mine[0].stage, mine, lines, upstream=upstream)
        upstream = trouble.sight is Sight.WRONG
        yield trouble


def _trouble(stage: Stage, kinds: Sequence[KindNow], lines: Bottleneck, *, upstream: bool) -> Trouble:
    """Judge by the orders that are seen; while some are not, a stage is not called well."""
    seen = [kind for kind in kinds if kind.seen]
    exits, inside = sum(kind.exits for kind in seen), sum(kind.inside for kind in seen)
    limit, mean = stage.limit / MINUTE, flow_mean(sum(kind.order_minutes for kind in seen), exits)
    sight = lines.sight(flow_mean=mean, limit=limit, n=exits + inside, inside=inside)
    if sight is Sight.WRONG and starved(entered=sum(kind.entered for kind in seen), upstream_is_wrong=upstream):
        sight = Sight.BETWEEN
    if sight is not Sight.WRONG and len(seen) < len(kinds):
        sight = Sight.UNSEEN
    if any(kind.rests for kind in kinds):
        sight = Sight.RESTING
    text = (
        f"瓶颈：第 {stage.number} 环节“{stage.word}”{stay_words(stage, flow_mean=mean, exits=exits)}，"
        f"限时 {limit:.0f} 分钟；{inside} 单在其中。"
    )
    return Trouble("stage_bottleneck", text, subject=f"S{stage.number}", stage=stage.number, sight=sight)


STAGE_BOTTLENECK = Rule(
    name="stage_bottleneck",
    level="notice",
    find=_find,
    part=lambda lines: lines.bottleneck,
    hold_by=lambda lines: lines.bottleneck.hold,
    clear_hold=timedelta(minutes=15),
    stages_by_incident=BEFORE_WAREHOUSE,
)
