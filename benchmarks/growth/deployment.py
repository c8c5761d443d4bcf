"""A deployment with a past: its folder, its parts in this process, and its own processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from app import settings as knobs
from app.bootstrap import Lifeboat, open_lifeboat
from app.domain.caller import Caller
from app.intake.accept import Intake
from app.intake.schemas import read_order
from app.store.commit.group_commit import GroupCommit
from app.store.commit.order_writer import NewOrder
from benchmarks.growth.seed import seed

SEED = Caller("seed", "往事", "intake", drill=False)
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Clock:
    """A clock that stands still while something is measured."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        """Return its time."""
        return self.at


class Deployment:
    """One data folder; ``past`` orders are in its database before anything is measured."""

    def __init__(self, folder: Path, *, past: int = 0) -> None:
        self.folder = folder
        self.past = past
        self.clock = Clock()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LIFEBOAT_")},
            "LIFEBOAT_DATA_DIR": str(folder),
            "LIFEBOAT_EXPORT_DIR": str(folder / "exports"),
            "LIFEBOAT_LOG_LEVEL": "error",
            "LIFEBOAT_PORT": str(free_port()),
            "LIFEBOAT_CLIENT_ORDERS_PER_MINUTE": "0",  # one client sends all that is measured
            "LIFEBOAT_CLIENT_BYTES_PER_MINUTE": "0",
        }
        self.boat = self._open()

    def _open(self) -> Lifeboat:
        chosen = knobs.load(_env_file=None, data_dir=self.folder, export_dir=self.folder / "exports")
        boat = open_lifeboat(chosen, clock=self.clock)
        boat.prepare_store()
        with boat.store.reading() as uow:
            empty = uow.overview.newest_order_id() == 0
        if self.past and empty:
            boat.engines.dispose()
            print(f"filling {self.folder.name} with {self.past:,} orders", flush=True)
            seed(self.folder / "lifeboat.db", self.past, now=self.clock.now())
        return boat

    @property
    def port(self) -> int:
        """Where its web process listens."""
        return int(self.environment["LIFEBOAT_PORT"])

    def new_key(self) -> str:
        """Return a storefront key, made by the deployment's own command."""
        name = f"bench-{os.urandom(4).hex()}"
        return str(json.loads(self.command("clients", "add", name, "--json"))["key"])

    def command(self, *arguments: str) -> str:
        """Run one of its commands to the end and return what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "app", *arguments], env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    def prepared(self, body: str, *, key: str) -> NewOrder:
        """Return the order of this body as the door hands it to the store; a commit of its own is up to the caller."""
        chosen = self.boat.settings
        prefix, high = chosen.order_prefix, chosen.high_priority_above_fen
        intake = Intake(self.boat.keyring, cast("GroupCommit", None), prefix=prefix, high_above_fen=high)
        return intake.prepare(read_order(body.encode()), SEED, idempotency_key=key)

    @contextmanager
    def process(self, verb: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run ``serve`` or ``web`` and stop it at the end; ready once its port answers."""
        running = subprocess.Popen([sys.executable, "-m", "app", verb], env=self.environment, stdout=subprocess.DEVNULL)
        try:
            wait_for_port(self.port)
            yield running
        finally:
            running.send_signal(signal.SIGTERM)
            try:
                running.wait(40)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()

    def load(self, key: str, *, seconds: float, rate: float | None = None) -> dict[str, Any]:
        """Put the door under load and return what came of it; every answer has to be 201."""
        with self.loading(key, seconds=seconds, rate=rate) as load:
            said, _ = load.communicate(timeout=seconds + 60)
        result: dict[str, Any] = json.loads(said)
        if set(result["statuses"]) - {"201"}:
            raise SystemExit(f"answers other than 201: {result['statuses']}")
        return result

    @contextmanager
    def loading(self, key: str, *, seconds: float, rate: float | None = None) -> Iterator[subprocess.Popen[str]]:
        """Put the door under load while something else is done."""
        command = [sys.executable, "-m", "benchmarks.load", str(self.port), "--key", key, "--seconds", str(seconds)]
        command += ["--rate", str(rate)] if rate else []
        load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield load
        finally:
            if load.poll() is None:
                load.kill()
                load.wait()


def free_port() -> int:
    """Return a port nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, *, within: float = 60.0) -> None:
    """Return once somebody listens."""
    give_up_at = time.monotonic() + within
    while time.monotonic() < give_up_at:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"nobody listens on {port}")


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used so far, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid: int) -> dict[str, float]:
    """Return what a process holds, in MB.

    ``VmRSS`` is all of it, ``RssAnon`` its own part, ``Pss`` all with what it shares divided by those who share it.
    """
    found = {}
    for source in ("status", "smaps_rollup"):
        for line in Path(f"/proc/{pid}/{source}").read_text().splitlines()[1 if source == "smaps_rollup" else 0 :]:
            name, _, value = line.partition(":")
            if name in ("VmRSS", "RssAnon", "Pss"):
                found[name] = int(value.split()[0]) / 1024
    return found


def later(deployment: Deployment, step: timedelta) -> None:
    """Let time pass for a deployment's parts in this process."""
    deployment.clock.at += step
