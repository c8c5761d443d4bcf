"""``make growth``: each part with a short past and a long one in turn, over and over; prints one table.

What is compared is processor time and ratios of medians, since the clock of a shared machine says little.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.growth import door, memory
from benchmarks.growth.deployment import Deployment
from benchmarks.growth.everyday import Everyday, Measured
from benchmarks.growth.patrol import PatrolledPast

FEW = 10_000
SAME = 1.2
"""Costs that grow by no more than this count as the same."""

WAITING = 2_000
LARGE_BATCH, SMALL_BATCH = 100_000, 1_000
DASHBOARDS = 20
FEW_OPEN = 1_000
PARTS = ("everyday", "door", "batch", "watched", "patrol", "memory")
console = Console(width=130)


@dataclass(frozen=True)
class Line:
    """One line of the table: what it was with little, with much, and what it may be at most."""

    name: str
    little: float
    much: float
    unit: str
    limit: float
    value: float

    @property
    def met(self) -> bool:
        """Whether the goal is met."""
        return self.value <= self.limit


def ratio(name: str, little: float, much: float, unit: str, *, limit: float = SAME) -> Line:
    """Return a line whose goal is a ratio."""
    return Line(name, little, much, unit, limit, much / little)


def everyday(few: Deployment, many: Deployment, *, rounds: int) -> Iterator[Line]:
    """Measure what is done again and again."""
    both = [Everyday(deployment, waiting=WAITING) for deployment in (few, many)]
    for one in both:
        one.settle()
    found: list[list[Measured]] = [[], []]
    for number in range(rounds + 1):
        for one, kept in zip(both, found, strict=True):
            kept.append(one.round())
        console.print(f"everyday: round {number} of {rounds}", style="dim")
    for name in found[0][0]:
        little, much = (statistics.median(measured[name] for measured in kept[1:]) for kept in found)
        yield ratio(name, little, much, "CPU ms")
    seconds, kept_counts = both[1].ledger_seconds(full=False)
    took, counted = both[1].ledger_seconds(full=True)
    yield Line(f"ledger by kept counts; by a full count {took:.1f} s", 0, seconds, "s", 1.0, seconds)
    yield Line(
        "kept counts that differ from the full count",
        0,
        float(kept_counts != counted),
        "",
        0,
        float(kept_counts != counted),
    )


def at_the_door(few: Deployment, many: Deployment, *, rounds: int) -> Iterator[Line]:
    """Measure the real server under full load."""
    keys = [deployment.new_key() for deployment in (few, many)]
    found: list[list[tuple[float, float]]] = [[], []]
    for number in range(rounds):
        for deployment, key, kept in zip((few, many), keys, found, strict=True):
            kept.append(door.cpu_an_order(deployment, key, seconds=4.0))
        console.print(f"door: round {number + 1} of {rounds}", style="dim")
    little, much = (statistics.median(cpu for cpu, _ in kept) for kept in found)
    yield ratio("door: web process, an order", little, much, "CPU µs")
    slow, fast = (statistics.median(speed for _, speed in kept) for kept in reversed(found))
    yield Line("door: orders a second", fast, slow, "/s", SAME, fast / slow)


def large_batch(fresh: Callable[[], Deployment], *, rounds: int) -> Iterator[Line]:
    """Measure a large batch: its memory, and the door beside it."""
    deployment = fresh()
    key = deployment.new_key()
    door.fill(deployment, SMALL_BATCH, run=90)
    small = memory.export_peak_mb(deployment)
    found = door.beside_a_batch(deployment, key, orders=LARGE_BATCH, rate=500, rounds=rounds)
    more = found["peak"] - small
    yield Line(f"batch of {LARGE_BATCH:,}: memory above one of {SMALL_BATCH:,}", small, found["peak"], "MB", 100, more)
    beside = f"door's p99 at 500/s while {LARGE_BATCH:,} are made (a process that only counts: {found['counting']:.1f})"
    yield ratio(beside, found["quiet"], found["busy"], "ms", limit=2.0)


def watched(fresh: Callable[[], Deployment], *, rounds: int) -> Iterator[Line]:
    """Measure the door beside open home pages."""
    deployment = fresh()
    key = deployment.new_key()
    found = door.beside_dashboards(deployment, key, count=DASHBOARDS, rate=500, rounds=rounds)
    fetched = f"they fetched {found['fetched']:,.0f} times"
    line = f"door's p99 at 500/s beside {DASHBOARDS} home pages ({fetched})"
    yield ratio(line, found["quiet"], found["watched"], "ms", limit=1.5)


def patrolled(folder: Path, *, events: int, open_orders: int, rounds: int) -> Iterator[Line]:
    """Measure a minute of the patrol: with a short past and a long one, and with many open orders."""
    sizes = ((FEW, FEW_OPEN), (events, FEW_OPEN), (FEW, open_orders))
    pasts = [PatrolledPast(folder / f"events-{n}-{m}", events=n, open_orders=m) for n, m in sizes]
    found: list[list[float]] = [[] for _ in pasts]
    for number in range(rounds):
        for past, kept in zip(pasts, found, strict=True):
            kept.append(past.seconds())
        console.print(f"patrol: round {number + 1} of {rounds}", style="dim")
    few, many, busy = (statistics.median(kept) for kept in found)
    yield ratio(f"patrol: a look, {FEW:,} and {events:,} stored events", few * 1000, many * 1000, "CPU ms")
    yield Line(f"patrol: a look, {FEW_OPEN:,} and {open_orders:,} open orders", few, busy, "CPU s", 1.0, busy)


def at_length(fresh: Callable[[], Deployment], *, orders: int) -> Iterator[Line]:
    """Measure memory after many orders through the door."""
    samples = memory.through_the_door(fresh(), orders)
    first, last = samples[0], samples[-1]
    for name in ("VmRSS", "Pss"):
        rest, end = (sample.web[name] + sample.worker[name] for sample in (first, last))
        yield Line(f"web + worker, {name}, after {last.orders:,} orders", rest, end, "MB", 200, end)
    growth = memory.slope(samples)
    yield Line("web + worker: growth a million orders", 0, growth, "MB", 20, growth)


def show(lines: list[Line]) -> int:
    """Print the table; return 1 if a goal is missed."""
    grid = Table("", "little", "much", "unit", "ratio or value", "at most", "")
    for line in lines:
        verdict = "[green]met[/green]" if line.met else "[red]not met[/red]"
        little = f"{line.little:,.3f}" if line.little else ""
        grid.add_row(
            line.name, little, f"{line.much:,.3f}", line.unit, f"{line.value:,.2f}", f"{line.limit:g}", verdict
        )
    console.print(grid)
    return int(not all(line.met for line in lines))


@contextmanager
def folder_of(keep: str) -> Iterator[Path]:
    """Return the folder of the pasts: one that stays, or one that is removed at the end."""
    if keep:
        Path(keep).mkdir(parents=True, exist_ok=True)
        yield Path(keep)
        return
    with tempfile.TemporaryDirectory(prefix="lb-growth-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000_000, help="stored orders of the long past (1.2 kB each)")
    parser.add_argument("--through-door", type=int, default=1_000_000, help="orders after which memory is looked at")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", default="", help="a folder for the pasts, which are then there the next time")
    parser.add_argument("--events", type=int, default=10_000_000, help="stored lifecycle events of the long past")
    parser.add_argument("--open-orders", type=int, default=100_000, help="orders on their way, for the patrol")
    parser.add_argument("--only", default="", help=f"some of: {','.join(PARTS)}")
    arguments = parser.parse_args()
    wanted = arguments.only.split(",") if arguments.only else list(PARTS)
    rounds = arguments.rounds
    lines: list[Line] = []
    with (
        folder_of(arguments.keep) as folder,
        tempfile.TemporaryDirectory(prefix="lb-growth-", ignore_cleanup_errors=True) as scratch,
    ):
        serial = iter(range(1000))
        fresh = lambda: Deployment(Path(scratch, str(next(serial))), past=FEW)  # noqa: E731 - each part begins anew
        if {"everyday", "door"} & set(wanted):
            few, many = (Deployment(folder / f"orders-{past}", past=past) for past in (FEW, arguments.orders))
            if "everyday" in wanted:
                lines += everyday(few, many, rounds=rounds)
            if "door" in wanted:
                lines += at_the_door(few, many, rounds=rounds)
        if "batch" in wanted:
            lines += large_batch(fresh, rounds=min(rounds, 3))
        if "watched" in wanted:
            lines += watched(fresh, rounds=rounds)
        if "patrol" in wanted:
            events, open_orders = arguments.events, arguments.open_orders
            lines += patrolled(folder, events=events, open_orders=open_orders, rounds=rounds)
        if "memory" in wanted:
            lines += at_length(fresh, orders=arguments.through_door)
    return show(lines)


if __name__ == "__main__":
    sys.exit(main())
