"""``make bench AGAINST=COMMIT``: that commit's door and today's in turn, and the ratio of their medians.

Each runs with the packages of its own lock file. What comes first in a round changes from round to round, so that a machine
that warms up or is used by others favours neither. Processor time an order depends least on who else is at work.
"""

import io
import statistics
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from benchmarks.service import ROOT, Service, check_stored, console, door, postgresql

TODAY = "today"
SQLITE, POSTGRESQL, LONG_WAY, DROP_IN = "SQLite", "PostgreSQL", "long way", "drop-in"
NO_URLS = ["", ""]
"""A SQLite file in a folder of its own, for each of the two."""

LOCK = "requirements.lock"
ORDERS = "/v1/orders"
PATHS = {DROP_IN: "/bench/orders", LONG_WAY: f"{ORDERS}?long=way"}
"""A query sends an order past the fast path, to the ordinary route."""


def compare(commit: str, folder: Path, *, rounds: int, seconds: float, only: Sequence[str] = ()) -> None:
    """Measure the doors of ``commit`` and of today on both engines, by the fast path, the route and a drop-in."""
    trees = {TODAY: ROOT, commit: check_out(commit, folder / "tree")}
    with postgresql(folder / "pg", "bench_a", "bench_b") as databases:
        ways = {SQLITE: NO_URLS, **({POSTGRESQL: databases} if databases else {}), LONG_WAY: NO_URLS, DROP_IN: NO_URLS}
        doors = {
            way: [
                door(f"{name}, {way}", folder / f"{way}-{i}", address, tree=tree, path=PATHS.get(way, ORDERS))
                for i, ((name, tree), address) in enumerate(zip(trees.items(), addresses, strict=True))
            ]
            for way, addresses in ways.items()
            if not only or way in only
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
    """Lay the files of ``commit`` out in ``folder``, and install what it needs there if that is not what we need."""
    pack = ["git", "-C", str(ROOT), "archive", "--format=tar", commit]
    packed = subprocess.run(pack, check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    lock = folder / LOCK
    if lock.exists() and lock.read_bytes() != (ROOT / LOCK).read_bytes():
        subprocess.run([sys.executable, "-m", "venv", str(folder / ".venv")], check=True)
        pip = [
            str(folder / ".venv" / "bin" / "python"),
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
        ]
        subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(lock)], check=True)
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
    grid = Table("door", "orders/s today", f"at {commit}", "ratio (goal ≥ 0.95)", "of CPU µs an order", "of p99")
    for way, (today, other) in doors.items():
        grid.add_row(
            way,
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
