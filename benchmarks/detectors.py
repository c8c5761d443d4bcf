"""``python -m benchmarks.detectors``: what each way of noticing trouble notices, and how often it cries for nothing.

Seeded and without a clock or a database: the rules of order health (``app/domain/order_health.py``) beside the ways
that others take. The figures stand in docs/watch.md; the tests hold what must not change.
"""

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.console import Console
from rich.table import Table

from app.domain.alert_life import Sight
from app.domain.order_health import BacklogGrowing, Bottleneck, Slow
from app.domain.stage_clock import flow_mean

LIMIT = 30.0
RUNS = 12
BEFORE, AFTER = 240, 220
"""Minutes of a run before its fault and after it."""

console = Console(width=130)


@dataclass(frozen=True, slots=True)
class Visit:
    """One order's stay in a stage, in minutes of the run."""

    entered: float
    left: float


def a_stage(chance: random.Random, *, mean: float, rate: float, fault: str) -> list[Visit]:
    """Make the visits of a run: lognormal times (sigma 0.8); from ``BEFORE`` on nothing leaves, or all is 6 times slower."""
    visits, at = [], 0.0
    while (at := at + chance.expovariate(rate)) < BEFORE + AFTER:
        took = chance.lognormvariate(math.log(mean) - 0.32, 0.8)
        left = at + took
        if fault == "stops" and left >= BEFORE:
            left = math.inf
        elif fault == "slow" and left >= BEFORE:
            begun = min(max(at, BEFORE), left)
            left = begun + (left - begun) * 6
        visits.append(Visit(at, left))
    return visits


Detector = Callable[[Sequence[Visit], float], bool]


def _completed(visits: Sequence[Visit], now: float) -> bool:
    times = [v.left - v.entered for v in visits if now - 120 <= v.left < now]
    return bool(times) and statistics.fmean(times) > 2 * LIMIT


def _completed_and_open(visits: Sequence[Visit], now: float) -> bool:
    times = [v.left - v.entered for v in visits if now - 120 <= v.left < now]
    times += [now - v.entered for v in visits if v.entered < now <= v.left]
    return bool(times) and statistics.fmean(times) > 2 * LIMIT


def _by_minutes(window: float) -> Detector:
    rule = Bottleneck()

    def ours(visits: Sequence[Visit], now: float) -> bool:
        since = now - window
        spent = sum(max(0.0, min(v.left, now) - max(v.entered, since)) for v in visits if v.entered < now)
        exits = sum(since <= v.left < now for v in visits)
        inside = sum(v.entered < now <= v.left for v in visits)
        sight = rule.sight(flow_mean=flow_mean(spent, exits), limit=LIMIT, n=exits + inside, inside=inside)
        return sight is Sight.WRONG

    return ours


STAGE_DETECTORS: dict[str, Detector] = {
    "completed only, 2 h": _completed,
    "completed and ages of open ones, 2 h": _completed_and_open,
    "order-minutes ÷ exits, 60 min": _by_minutes(60),
    "order-minutes ÷ exits, 30 min (ours)": _by_minutes(30),
}


def stages() -> None:
    """Print after how many minutes each way sees a stage that stops, or that is six times slower; 2 orders a minute."""
    grid = Table("way", "stops: mean 10 / 25", "6 × slower: 10 / 25", "healthy: minutes that ring, mean 10 / 25")
    for name, detects in STAGE_DETECTORS.items():
        cells = [
            " / ".join(_median_delay(detects, mean=mean, fault=fault) for mean in (10.0, 25.0))
            for fault in ("stops", "slow")
        ]
        cells.append(" / ".join(f"{_false_share(detects, mean=mean):.1%}" for mean in (10.0, 25.0)))
        grid.add_row(name, *cells)
    console.print(grid)


def _median_delay(detects: Detector, *, mean: float, fault: str) -> str:
    delays = []
    for seed in range(RUNS):
        visits = a_stage(random.Random(f"{seed} {mean} {fault}"), mean=mean, rate=2.0, fault=fault)  # noqa: S311
        seen = (n for n in range(1, AFTER) if detects(visits, BEFORE + n))
        delays.append(next(seen, math.inf))
    found = statistics.median(delays)
    return "never" if math.isinf(found) else f"{found:.0f}"


def _false_share(detects: Detector, *, mean: float) -> float:
    rang = looks = 0
    for seed in range(RUNS):
        visits = a_stage(random.Random(f"{seed} {mean} none"), mean=mean, rate=2.0, fault="none")  # noqa: S311
        for now in range(120, BEFORE + AFTER, 2):
            rang += detects(visits, now)
            looks += 1
    return rang / looks


def slowness() -> None:
    """Print how often a mean of n orders is called slow for nothing, and how often one that has doubled is."""
    grid = Table("n", "mean > 1.5 B: false (sigma 0.8 / 1.2 / 1.5)", "and lower bound (ours): false", "ours: sees 2 ×")
    rule = Slow(orders=1, of_limit=0.0)
    for n in (10, 30, 50):
        plain, ours, sees = [], [], []
        for sigma in (0.8, 1.2, 1.5):
            chance = random.Random(f"{n} {sigma}")  # noqa: S311
            false_plain = false_ours = found = 0
            for _ in range(4000):
                times = [chance.lognormvariate(-sigma * sigma / 2, sigma) for _ in range(n)]
                false_plain += statistics.fmean(times) > rule.times
                false_ours += _is_slow(rule, times)
                found += _is_slow(rule, [2 * one for one in times])
            plain.append(f"{false_plain / 4000:.1%}")
            ours.append(f"{false_ours / 4000:.1%}")
            sees.append(f"{found / 4000:.0%}")
        grid.add_row(str(n), " / ".join(plain), " / ".join(ours), " / ".join(sees))
    console.print(grid)


def _is_slow(rule: Slow, times: Sequence[float]) -> bool:
    mean, deviation = statistics.fmean(times), statistics.stdev(times)
    return rule.sight(flow_mean=mean, baseline=1.0, limit=0.0, n=len(times), deviation=deviation) is Sight.WRONG


def growth() -> None:
    """Print how each test of "growing" does on a balanced flow, on 10 % more, and on a stage that stops (60 runs × 4 h)."""
    rule = BacklogGrowing()
    ways: dict[str, Callable[[Sequence[int], int, int], bool]] = {
        "every sample higher": lambda s, _came, _went: all(b > a for a, b in pairwise(s)),
        "now > ten minutes ago": lambda s, _came, _went: s[-1] > s[0],
        "three signs, three minutes in a row (ours)": lambda s, came, went: rule.grows(s, came=came, went=went),
    }
    grid = Table("test", "balanced 100/min: false minutes", "+10 %: found, median min", "stopped: median min")
    for name, grows in ways.items():
        row = 3 if name.endswith("(ours)") else 1
        balanced = [one for seed in range(60) for one in _growing(seed, 100, 100, grows, row)]
        more = [_first(_growing(seed, 110, 100, grows, row)) for seed in range(60)]
        stopped = [_first(_growing(seed, 100, 0, grows, row)) for seed in range(60)]
        found = [one for one in more if one is not None]
        grid.add_row(
            name,
            f"{sum(balanced) / len(balanced):.1%}",
            f"{len(found)} of 60, {statistics.median(found):.0f}" if found else "0 of 60",
            f"{statistics.median([one for one in stopped if one is not None]):.0f}",
        )
    console.print(grid)


def _growing(
    seed: int, came: float, went: float, grows: Callable[[Sequence[int], int, int], bool], row: int
) -> list[bool]:
    """Return for each minute of four hours whether a backlog is called growing; the fault begins after ten minutes."""
    chance = random.Random(f"{seed} {came} {went}")  # noqa: S311
    backlog, ins, outs = [1000], [0], [0]
    for n in range(250):
        begun = n >= 10
        ins.append(_poisson(chance, came if begun else 100))
        outs.append(_poisson(chance, went if begun else 100))
        backlog.append(backlog[-1] + ins[-1] - outs[-1])
    seen = [
        grows(backlog[n - 10 : n + 1], sum(ins[n - 9 : n + 1]), sum(outs[n - 9 : n + 1]))
        for n in range(10, len(backlog))
    ]
    return [all(seen[max(0, n - row + 1) : n + 1]) and n + 1 >= row for n in range(len(seen))]


def _first(seen: Sequence[bool]) -> int | None:
    return next((n for n, one in enumerate(seen) if one), None)


def _poisson(chance: random.Random, mean: float) -> int:
    count, left = 0, mean
    while (left := left - chance.expovariate(1)) > 0:
        count += 1
    return count


if __name__ == "__main__":
    stages()
    slowness()
    growth()
