"""What the processes hold: after many orders through the door, and while a large batch is made."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from app.cli.worker import NICENESS
from benchmarks.growth.deployment import Deployment, cpu_seconds, memory_mb

CHUNK = 20.0
"""Seconds of one load; the pauses between let the worker catch up a little, as quiet minutes do."""


@dataclass(frozen=True)
class Sample:
    """Memory in MB once ``orders`` had come through the door; ``cpu`` is the processor time of the web process in all."""

    orders: int
    web: dict[str, float]
    worker: dict[str, float]
    cpu: float

    @property
    def together(self) -> float:
        """Resident memory of web and worker."""
        return self.web["VmRSS"] + self.worker["VmRSS"]


def through_the_door(deployment: Deployment, orders: int, *, quarters: int = 4) -> list[Sample]:
    """Send ``orders`` through the door of a running deployment, and look at its memory at rest and after each quarter."""
    key = deployment.new_key()
    samples = []
    with deployment.process("serve"):
        web, worker = (_pid(deployment, name) for name in ("web", "worker"))
        time.sleep(5)
        samples.append(_sample(0, web, worker))
        answered = 0
        for quarter in range(1, quarters + 1):
            while answered < orders * quarter // quarters:
                answered += int(deployment.load(key, seconds=CHUNK)["answered"])
            samples.append(_sample(answered, web, worker))
            print(f"  {answered:,} orders: {samples[-1].web} {samples[-1].worker}", flush=True)
    return samples


def slope(samples: list[Sample]) -> float:
    """Return how many MB a million orders add, by the straight line through all samples but the one at rest."""
    points = [(sample.orders / 1e6, sample.together) for sample in samples[1:]]
    middle_x, middle_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    width = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / width if width else 0.0


def export_peak_mb(deployment: Deployment) -> float:
    """Make a batch of all that waits by ``lifeboat export`` and return the most memory that process had, in MB.

    It has the priority of the worker, which makes such batches by itself every half hour.
    """
    export = subprocess.Popen(
        [sys.executable, "-m", "app", "export", "--json"],
        env=deployment.environment,
        stdout=subprocess.DEVNULL,
        preexec_fn=give_way,
    )
    _, status, used = os.wait4(export.pid, 0)
    export.returncode = os.waitstatus_to_exitcode(status)
    if export.returncode:
        raise SystemExit("lifeboat export failed")
    return used.ru_maxrss / 1024


def give_way() -> None:
    """Take the worker's priority."""
    os.nice(NICENESS)


def _pid(deployment: Deployment, name: str) -> int:
    path = Path(deployment.folder, "run", f"{name}.pid")
    give_up_at = time.monotonic() + 30
    while not path.exists() and time.monotonic() < give_up_at:
        time.sleep(0.1)
    return int(path.read_text())


def _sample(orders: int, web: int, worker: int) -> Sample:
    return Sample(orders, memory_mb(web), memory_mb(worker), cpu_seconds(web))
