"""The door beside a long past, and beside a large batch in the making."""

import json
import secrets
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from app.access.accounts import add_user
from app.domain.actor import Actor, Way
from benchmarks.growth.deployment import Deployment, cpu_seconds, later
from benchmarks.growth.memory import export_peak_mb, give_way
from benchmarks.load import BODY

COMMIT = 500
BY = Actor("cli:benchmark", Way.CLI)


def cpu_an_order(deployment: Deployment, key: str, *, seconds: float) -> tuple[float, float]:
    """Load the door fully; return microseconds of the web process's processor time an order, and orders a second."""
    with deployment.process("web") as web:
        deployment.load(key, seconds=2.0)  # warm: half a minute's pages come from the disk after a start
        before = cpu_seconds(web.pid)
        result = deployment.load(key, seconds=seconds)
        return (cpu_seconds(web.pid) - before) * 1e6 / result["answered"], float(result["per_second"])


def fill(deployment: Deployment, orders: int, *, run: int) -> None:
    """Put ``orders`` into the store as the door would, so that they wait for a batch."""
    boat = deployment.boat
    writer = boat.writer()
    for first in range(0, orders, COMMIT):
        part = [
            deployment.prepared(BODY.format(key=f"F{run}-{n}", phone=run * 1_000_000 + n), key=f"F{run}-{n}")
            for n in range(first, min(first + COMMIT, orders))
        ]
        writer.write(part, [boat.clock.now()] * len(part))


def beside_a_batch(deployment: Deployment, key: str, *, orders: int, rate: float, rounds: int) -> dict[str, float]:
    """Return the door's median p99 in ms without and with a batch of ``orders`` in the making, and the batch's peak in MB.

    ``counting`` is the p99 beside a process of the batch's priority that only counts, and never touches disk or
    database: what any busy process costs the door on these cores.
    """
    quiet, counting, busy, peaks = [], [], [], []
    later(deployment, timedelta(days=-1))  # each round has an hour of its own, so that none looks for doubles in others
    with deployment.process("web"):
        deployment.load(key, seconds=2.0, rate=rate)
        for run in range(rounds):
            quiet.append(deployment.load(key, seconds=10.0, rate=rate)["p99_ms"])
            with counter():
                counting.append(deployment.load(key, seconds=10.0, rate=rate)["p99_ms"])
            later(deployment, timedelta(hours=1))
            fill(deployment, orders, run=run + 1)
            with deployment.loading(key, seconds=10.0, rate=rate) as load:
                peaks.append(export_peak_mb(deployment))
                said, _ = load.communicate(timeout=120)
            busy.append(json.loads(said)["p99_ms"])
    medians = {"quiet": quiet, "counting": counting, "busy": busy}
    return {"peak": max(peaks), **{name: statistics.median(found) for name, found in medians.items()}}


def beside_dashboards(deployment: Deployment, key: str, *, count: int, rate: float, rounds: int) -> dict[str, float]:
    """Return the door's median p99 in ms without and with ``count`` home pages open, and how many answers they fetched."""
    quiet, watched, fetched = [], [], 0
    password = secrets.token_urlsafe(12)
    with deployment.boat.store.writing() as uow:
        add_user(uow, "watcher", role="viewer", password=password, by=BY, now=deployment.boat.clock.now())
    with deployment.process("web"):
        deployment.load(key, seconds=2.0, rate=rate)
        for _ in range(rounds):
            quiet.append(deployment.load(key, seconds=10.0, rate=rate)["p99_ms"])
            with dashboards(deployment, password, count=count) as told:
                watched.append(deployment.load(key, seconds=10.0, rate=rate)["p99_ms"])
            if told["broken"]:
                raise SystemExit(f"dashboards broke: {told['broken'][0]}")
            fetched += sum(told["fetched"].values())
    medians = {"quiet": quiet, "watched": watched}
    return {"fetched": fetched, **{name: statistics.median(found) for name, found in medians.items()}}


@contextmanager
def dashboards(deployment: Deployment, password: str, *, count: int) -> Iterator[dict[str, Any]]:
    """Keep home pages open in a process of their own; what they fetched is in the yielded mapping afterwards."""
    command = [sys.executable, "-m", "benchmarks.growth.dashboards", str(deployment.port), "--count", str(count)]
    command += ["--name", "watcher", "--password", password]
    told: dict[str, Any] = {}
    watching = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if watching.stdout is None or watching.stdout.readline().strip() != "open":
            raise SystemExit("the dashboards did not open")
        yield told
        said, _ = watching.communicate(timeout=60)
        told |= json.loads(said)
    finally:
        if watching.poll() is None:
            watching.kill()
            watching.wait()


@contextmanager
def counter() -> Iterator[None]:
    """Run a process that only counts."""
    counting = subprocess.Popen([sys.executable, "-c", "while True: pass"], preexec_fn=give_way)
    try:
        yield
    finally:
        counting.kill()
        counting.wait()
