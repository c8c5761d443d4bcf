"""The lines of order health that a merchant may turn: the word of each, what it means in a sentence, and its bounds."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.order_health import RedCounts

LONGEST_HOLD = 240
"""Minutes; a trouble that has to last for longer is one that nobody wants to hear of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnableLine:
    """One line: its name in text, where it stands in :class:`HealthLines`, its word and meaning, and its bounds."""

    name: str
    part: str
    field: str
    word: str
    means: str
    unit: str = ""
    least: float = 1
    most: float = 20
    whole: bool = False
    choices: tuple[str, ...] = ()
    """Where it is no number."""
    below: str = ""
    """The name of the line that it has to stay under, or it could never be crossed the other way."""
    at_most: str = ""
    """The name of the line that it must not exceed."""


TURNABLE: tuple[TurnableLine, ...] = (
    TurnableLine(
        name="bottleneck_times",
        part="bottleneck",
        field="times",
        word="瓶颈：超过限时的倍数",
        means="一个环节的平均停留超过限时的这么多倍，就是瓶颈。",
        unit="倍",
    ),
    TurnableLine(
        name="bottleneck_clears_below",
        part="bottleneck",
        field="clears_below",
        word="瓶颈：低于多少倍算恢复",
        means="平均停留降到限时的这么多倍以下，并保持 15 分钟，瓶颈才解除。",
        unit="倍",
        least=0.1,
        below="bottleneck_times",
    ),
    TurnableLine(
        name="bottleneck_hold",
        part="bottleneck",
        field="hold",
        word="瓶颈：持续多久才响",
        means="连续这么久都是瓶颈才告警。",
        unit="分钟",
        most=LONGEST_HOLD,
        whole=True,
    ),
    TurnableLine(
        name="slow_times",
        part="slow",
        field="times",
        word="黄灯变慢：平时的倍数",
        means="一类订单的平均停留超过平时此刻的这么多倍，才算变慢。",
        unit="倍",
        least=1.05,
    ),
    TurnableLine(
        name="slow_clears_below",
        part="slow",
        field="clears_below",
        word="黄灯变慢：低于多少倍算恢复",
        means="降到平时的这么多倍以下，并保持 15 分钟，黄灯才解除。",
        unit="倍",
        least=0.1,
        below="slow_times",
    ),
    TurnableLine(
        name="slow_orders",
        part="slow",
        field="orders",
        word="黄灯变慢：至少多少单",
        means="少于这么多单时不下结论：几单凑巧慢了不是变慢。",
        unit="单",
        least=2,
        most=10_000,
        whole=True,
    ),
    TurnableLine(
        name="slow_hold",
        part="slow",
        field="hold",
        word="黄灯变慢：持续多久才响",
        means="连续这么久都变慢才告警。",
        unit="分钟",
        most=LONGEST_HOLD,
        whole=True,
    ),
    TurnableLine(
        name="gate_waiting",
        part="gate",
        field="waiting",
        word="入仓停了：等待多少单",
        means="半小时没有一单入仓，且至少这么多已付款的订单等过了限时，才告警。",
        unit="单",
        most=10_000,
        whole=True,
    ),
    TurnableLine(
        name="gate_high_waiting",
        part="gate",
        field="high_waiting",
        word="入仓停了：高优等待多少单",
        means="等过限时的高优订单达到这么多单时也告警，不必等够上一项。",
        unit="单",
        most=10_000,
        whole=True,
        at_most="gate_waiting",
    ),
    TurnableLine(
        name="silent_expected",
        part="silent",
        field="expected",
        word="没有新订单：平时应有多少单",
        means="半小时没有一单，而平时此刻应有至少这么多单，才告警；7 单时碰巧为零的机会是千分之一。",
        unit="单",
        most=10_000,
    ),
    TurnableLine(
        name="feed_minutes",
        part="feed",
        field="at_least",
        word="数据没来：至少静默多久",
        means="一个数据来源至少静默这么久，才算看不见。",
        unit="分钟",
        most=1440,
        whole=True,
    ),
    TurnableLine(
        name="feed_gaps",
        part="feed",
        field="gaps",
        word="数据没来：平时间隔的倍数",
        means="还要超过这个来源平时间隔（99% 的间隔不超过它）的这么多倍。",
        unit="倍",
        most=100,
    ),
    TurnableLine(
        name="backlog_above",
        part="backlog",
        field="above",
        word="红灯积压：超过多少单",
        means="未处理的订单超过这么多，且仍在增加，才告警。",
        unit="单",
        most=1_000_000,
        whole=True,
    ),
    TurnableLine(
        name="backlog_usual",
        part="backlog",
        field="usual",
        word="红灯积压：平时的倍数",
        means="还要超过平时此刻积压（95% 的时候不超过它）的这么多倍；还没有历史时只看上一项。",
        unit="倍",
    ),
    TurnableLine(
        name="backlog_clears_below",
        part="backlog",
        field="clears_below",
        word="红灯积压：降到警戒线的几成算恢复",
        means="降到警戒线的这个比例以下，或不再增加，并保持 15 分钟，红灯才解除。",
        unit="倍",
        least=0.05,
        most=0.99,
    ),
    TurnableLine(
        name="backlog_more",
        part="backlog",
        field="more",
        word="红灯积压：10 分钟至少多了多少单",
        means="比 10 分钟前多了至少这么多单，才算仍在增加。",
        unit="单",
        most=100_000,
        whole=True,
    ),
    TurnableLine(
        name="backlog_hold",
        part="backlog",
        field="hold",
        word="红灯积压：持续多久才响",
        means="连续这么久都在警戒线上并增加才告警。",
        unit="分钟",
        most=LONGEST_HOLD,
        whole=True,
    ),
    TurnableLine(
        name="red_counts",
        part="backlog",
        field="red_counts",
        word="应急期间的红灯数什么",
        means="overdue：只数等批次超过 31 分钟的应急订单；all：数所有还没进批次的，忙时半小时里正常也有几千单。",
        choices=tuple(RedCounts),
    ),
)

BY_NAME: Mapping[str, TurnableLine] = {line.name: line for line in TURNABLE}
