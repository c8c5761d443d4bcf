"""``make bench``: every service in turn, over and over, server and load each on a core of their own; prints one table.

Times on a shared machine mean little, so only ratios of medians from interleaved rounds are compared with the goals.
What the door answered is counted against the rows it stored. With ``--against`` two commits' doors are compared.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.against import compare
from benchmarks.history import append_ratios
from benchmarks.service import Service, check_stored, console, door, postgresql, uvicorn
from benchmarks.targets import DOOR, DOOR_PG, GOALS, IDIOMATIC, SQLMODEL


def measure(services: list[Service], *, rounds: int, seconds: float) -> None:
    """Run every service in turn, over and over."""
    for number in range(rounds):
        for service in services:
            console.print(f"round {number + 1}/{rounds}: {service.name}", style="dim")
            service.start()
            try:
                service.load(seconds=2.0)  # warm
                service.full.append(service.load(seconds=seconds))
                service.paced.append(service.load(seconds=seconds, rate=1000))
            finally:
                service.stop()


def _middle(runs: list[dict[str, Any]], key: str) -> str:
    return f"{statistics.median(run[key] for run in runs):.2f}"


def show(services: list[Service]) -> None:
    """Print the table and how it stands against the goals."""
    speeds = {s.name: statistics.median(run["per_second"] for run in s.full) for s in services}
    reference = speeds[IDIOMATIC]
    grid = Table(
        "service",
        "orders/s",
        "× FastAPI storing nothing",
        "p50 ms",
        "p99 ms",
        "p50 at 1,000/s",
        "p99 at 1,000/s",
        "CPU µs/order",
        "RSS MB",
    )
    for s in services:
        grid.add_row(
            s.name,
            f"{speeds[s.name]:,.0f}",
            f"{speeds[s.name] / reference:.2f}",
            _middle(s.full, "p50_ms"),
            _middle(s.full, "p99_ms"),
            _middle(s.paced, "p50_ms"),
            _middle(s.paced, "p99_ms"),
            _middle(s.full, "cpu_us"),
            f"{s.rss_mb:.0f}",
        )
    console.print(grid)
    figures = {
        s.name: {
            "speed": speeds[s.name],
            "p50": statistics.median(r["p50_ms"] for r in s.full),
            "p99": statistics.median(r["p99_ms"] for r in s.full),
        }
        for s in services
    }
    for sentence, met in GOALS(figures):
        console.print(("[green]met[/green]     " if met else "[red]not met[/red] ") + sentence)
    for s in services:
        if s.stores:
            check_stored(s)
    append_ratios(figures)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, help="3, against another commit 8")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument(
        "--only",
        default="",
        help="comma-separated parts of service names; with --against, of: SQLite, PostgreSQL, long way, drop-in",
    )
    parser.add_argument("--against", metavar="COMMIT", help="compare today's door with that of another commit")
    arguments = parser.parse_args()
    wanted = [part for part in arguments.only.split(",") if part]
    with tempfile.TemporaryDirectory(prefix="lb-") as folder:
        root = Path(folder)
        if arguments.against:
            compare(arguments.against, root, rounds=arguments.rounds or 8, seconds=arguments.seconds, only=wanted)
            return
        services = [
            Service(IDIOMATIC, uvicorn("benchmarks.services.idiomatic:app")),
            door(DOOR, root / "door"),
            Service(
                SQLMODEL,
                uvicorn("benchmarks.services.sqlmodel_commit:app"),
                {"BENCHMARK_DATABASE": str(root / "sqlmodel.db")},
            ),
            Service("bare uvicorn ASGI", uvicorn("benchmarks.services.bare:app")),
        ]
        with postgresql(root / "pg", "bench") as databases:
            for database in databases:
                services.insert(2, door(DOOR_PG, root / "door-pg", database))
            if wanted:
                services = [s for s in services if any(part in s.name for part in ["stores nothing", *wanted])]
            measure(services, rounds=arguments.rounds or 3, seconds=arguments.seconds)
            show(services)


if __name__ == "__main__":
    main()
