"""Appends the door's ratios of one run to ``history.jsonl``, so that a slow loss over many commits can be seen."""

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.service import ROOT
from benchmarks.targets import DOOR, DOOR_PG, IDIOMATIC, Figures

HISTORY = ROOT / "benchmarks" / "history.jsonl"
_ENGINES = {DOOR: "sqlite", DOOR_PG: "postgresql"}


def append_ratios(figures: Figures) -> None:
    """Append a line for each engine whose door was measured beside the endpoint that stores nothing."""
    with HISTORY.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines(figures, commit=commit_at_hand()))


def lines(figures: Figures, *, commit: str) -> Iterator[dict[str, object]]:
    """Yield what is written down of a run."""
    for name, engine in _ENGINES.items():
        if name in figures:
            door = figures[name]
            yield {
                "commit": commit,
                "machine": machine(),
                "engine": engine,
                "ratio": round(door["speed"] / figures[IDIOMATIC]["speed"], 3),
                "p99_p50": round(door["p99"] / door["p50"], 2),
            }


def commit_at_hand() -> str:
    """Return the commit at hand, with a mark where files differ from it."""
    ask = ["git", "-C", str(ROOT)]
    name = subprocess.run([*ask, "rev-parse", "--short=12", "HEAD"], check=True, capture_output=True, text=True)
    changed = subprocess.run(
        [*ask, "status", "--porcelain", "--untracked-files=no", "--", ".", f":!{HISTORY.relative_to(ROOT)}"],
        check=True,
        capture_output=True,
    )
    return name.stdout.strip() + ("-changed" if changed.stdout else "")


def machine() -> str:
    """Return a short hash of processor model and core count: figures of different machines are not compared."""
    processor = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in processor if line.startswith("model name")), "")
    return hashlib.sha256(f"{model} {os.cpu_count()}".encode()).hexdigest()[:8]
