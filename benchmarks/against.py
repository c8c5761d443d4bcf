"""``make bench AGAINST=COMMIT``: that commit's door and today's in turn, and the ratio of their medians.

Both run with the packages installed here. What comes first in a round changes from round to round, so that a machine
that warms up or is used by others favours neither. Processor time an order depends least on who else is at work.
"""

import io
import statistics
import subprocess
import tarfile
from pathlib import Path

from rich.table import Table

from benchmarks.service import ROOT, Service, check_stored, console, door, postgresql

TODAY = "today"


def compare(commit: str, folder: Path, *, rounds: int, seconds: float) -> None:
    """Measure the door of ``commit`` and today's on both engines, and print how today's stands."""
    trees = {TODAY: ROOT, commit: check_out(commit, folder / "tree")}
    with postgresql(folder / "pg", "bench_a", "bench_b") as databases:
        pairs = {"SQLite": ["", ""], **({"PostgreSQL": databases} if databases else {})}
        doors = {
            engine: [
                door(f"{name} ({engine})", folder / f"{engine}-{i}", address, tree=tree)
                for i, ((name, tree), address) in enumerate(zip(trees.items(), addresses, strict=True))
            ]
            for engine, addresses in pairs.items()
        }
        for number in range(rounds):
            for pair in doors.values():
                for service in pair if number % 2 == 0 else reversed(pair):
                    console.print(f"round {number + 1}/{rounds}: {service.name}", style="dim")
                    measure(service, seconds=seconds)
        show(commit, doors)
        for pair in doors.values():
            for service in pair:
                check_stored(service)


def check_out(commit: str, folder: Path) -> Path:
    """Lay the files of ``commit`` out in ``folder``."""
    pack = ["git", "-C", str(ROOT), "archive", "--format=tar", commit]
    packed = subprocess.run(pack, check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def measure(service: Service, *, seconds: float) -> None:
    """Start a door, load it fully, and stop it."""
    service.start()
    try:
        service.load(seconds=2.0)  # warm
        service.full.append(service.load(seconds=seconds))
    finally:
        service.stop()


def show(commit: str, doors: dict[str, list[Service]]) -> None:
    """Print today's figures as parts of the other commit's: the medians, and from the worst round to the best."""
    grid = Table("engine", "orders/s today", f"at {commit}", "ratio (goal ≥ 0.95)", "of CPU µs an order", "of p99")
    for engine, (today, other) in doors.items():
        grid.add_row(
            engine,
            f"{middle(today, 'per_second'):,.0f}",
            f"{middle(other, 'per_second'):,.0f}",
            ratio(today, other, "per_second"),
            ratio(today, other, "cpu_us"),
            ratio(today, other, "p99_ms"),
        )
    console.print(grid)


def ratio(today: Service, other: Service, figure: str) -> str:
    """Return the ratio of the medians, and the spread of the rounds' own ratios."""
    each = sorted(a[figure] / b[figure] for a, b in zip(today.full, other.full, strict=True))
    return f"{middle(today, figure) / middle(other, figure):.3f} ({each[0]:.2f} to {each[-1]:.2f})"


def middle(service: Service, figure: str) -> float:
    """Return the median of a figure."""
    return statistics.median(float(run[figure]) for run in service.full)
