"""Plants each mistake in a copy of the repository and looks whether its test fails there."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.failure.mutants import (
    planted,
    planted_alert_groups,
    planted_alerts,
    planted_batches,
    planted_broken,
    planted_changes,
    planted_compare,
    planted_door,
    planted_failover,
    planted_growth,
    planted_held,
    planted_main_system,
    planted_messages,
    planted_neighbours,
    planted_order_health,
    planted_own_orders,
    planted_passed_on,
    planted_people,
    planted_replicas,
    planted_results,
    planted_robots,
    planted_security,
    planted_sheets,
    planted_sources,
    planted_systemic,
    planted_texts,
    planted_watch,
    planted_way_home,
)
from tests.failure.mutants.mutant import DoesNotApply, Mutant

REPOSITORY = Path(__file__).resolve().parents[3]
PARTS = (
    "app",
    "migrations",
    "tests",
    "pyproject.toml",
    "examples",
    "Dockerfile",
    "compose.yaml",
    "Makefile",
    ".dockerignore",
)
PYTEST = ("-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--timeout=60", "--tb=line")
LONGEST = 120
"""Seconds for one selection; a mutant that hangs its test is caught too, by the test's own time-out."""

ALL_OF_THEM = 900
"""Seconds for every selection on an unchanged copy."""

MUTANTS = (
    *planted.MUTANTS,
    *planted_alert_groups.MUTANTS,
    *planted_alerts.MUTANTS,
    *planted_batches.MUTANTS,
    *planted_broken.MUTANTS,
    *planted_compare.MUTANTS,
    *planted_door.MUTANTS,
    *planted_failover.MUTANTS,
    *planted_growth.MUTANTS,
    *planted_held.MUTANTS,
    *planted_changes.MUTANTS,
    *planted_passed_on.MUTANTS,
    *planted_way_home.MUTANTS,
    *planted_messages.MUTANTS,
    *planted_neighbours.MUTANTS,
    *planted_replicas.MUTANTS,
    *planted_results.MUTANTS,
    *planted_robots.MUTANTS,
    *planted_security.MUTANTS,
    *planted_texts.MUTANTS,
    *planted_sheets.MUTANTS,
    *planted_order_health.MUTANTS,
    *planted_own_orders.MUTANTS,
    *planted_main_system.MUTANTS,
    *planted_sources.MUTANTS,
    *planted_systemic.MUTANTS,
    *planted_watch.MUTANTS,
    *planted_people.MUTANTS,
)

out = Console(width=180, soft_wrap=True)


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant."""

    mutant: Mutant
    word: str
    seconds: float
    details: str = ""

    @property
    def good(self) -> bool:
        """Whether the test saw the mistake."""
        return self.word == "caught"


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant what was asked for; return 1 if a mutant survives or no longer applies."""
    parser = argparse.ArgumentParser(prog="python -m tests.failure.mutants", description=__doc__)
    parser.add_argument("--only", metavar="WORD", default="", help="mutants whose name contains this")
    parser.add_argument("--processes", type=int, default=1, help="mutants planted at a time")
    chosen = parser.parse_args(arguments)
    wanted = [mutant for mutant in MUTANTS if chosen.only in mutant.name]
    began = time.monotonic()
    if trouble := _trouble_without(wanted):
        out.print(f"The tests fail without any mutant, so they show nothing:\n{trouble}", markup=False, highlight=False)
        return 1
    verdicts = []
    with ThreadPoolExecutor(max(1, chosen.processes)) as pool:
        for n, verdict in enumerate(pool.map(_plant, wanted), 1):
            verdicts.append(verdict)
            out.print(f"{n}/{len(wanted)} {verdict.mutant.name}: {verdict.word}", markup=False, highlight=False)
    out.print(_table(verdicts))
    for verdict in verdicts:
        if not verdict.good:
            out.print(f"{verdict.mutant.name}: {verdict.word}: {verdict.details}", markup=False, highlight=False)
    caught = sum(verdict.good for verdict in verdicts)
    out.print(f"{caught} of {len(wanted)} mutants caught in {time.monotonic() - began:.0f} s.", markup=False)
    return int(not wanted or caught != len(wanted))


def _trouble_without(mutants: Sequence[Mutant]) -> str:
    """Run all selections on an unchanged copy; return what pytest says if they do not pass."""
    with _copy() as copy:
        done = _pytest(copy, sorted({test for mutant in mutants for test in mutant.tests}), within=ALL_OF_THEM)
        return "" if done.returncode == 0 else done.stdout[-3000:] + done.stderr[-1000:]


def _plant(mutant: Mutant) -> Verdict:
    began = time.monotonic()
    with _copy() as copy:
        try:
            for edit in mutant.edits:
                edit.apply(copy)
            done = _pytest(copy, mutant.tests)
        except DoesNotApply as error:
            return Verdict(mutant, "DOES NOT APPLY", time.monotonic() - began, str(error))
        except subprocess.TimeoutExpired:
            return Verdict(mutant, "HANGS", time.monotonic() - began, f"no verdict within {LONGEST} s")
    took = time.monotonic() - began
    if done.returncode == 0:
        return Verdict(mutant, "SURVIVED", took, "its tests pass")
    if re.search(r"^FAILED ", done.stdout, re.MULTILINE):  # an error before the test began is not the test's merit
        return Verdict(mutant, "caught", took)
    return Verdict(mutant, "NO VERDICT", took, f"pytest ended with {done.returncode}: {done.stdout[-1500:]}")


@contextmanager
def _copy() -> Iterator[Path]:
    """Make a copy of what the tests need; times are kept, so that compiled files of unchanged modules serve."""
    with tempfile.TemporaryDirectory(prefix="lb-mutant-", ignore_cleanup_errors=True) as folder:
        for part in PARTS:
            source = REPOSITORY / part
            if source.is_dir():
                shutil.copytree(source, Path(folder, part), symlinks=True)
            else:
                shutil.copy2(source, folder)
        yield Path(folder)


def _pytest(copy: Path, tests: Sequence[str], *, within: float = LONGEST) -> "subprocess.CompletedProcess[str]":
    """Run tests of a copy, and make sure that it is the copy which is imported."""
    unwanted = ("LIFEBOAT_", "COV_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    where = f"import app, sys, pytest; assert app.__file__.startswith({str(copy)!r}), app.__file__; "
    command = [sys.executable, "-c", f"{where}sys.exit(pytest.main(sys.argv[1:]))", *PYTEST, *tests]
    return subprocess.run(
        command,
        cwd=copy,
        env={**kept, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=within,
        check=False,
    )


def _table(verdicts: Sequence[Verdict]) -> Table:
    table = Table("mutant", "promise", "test", "", "seconds", title="Planted mutants", title_justify="left")
    for verdict in verdicts:
        names = "\n".join(test.rpartition("::")[2] for test in verdict.mutant.tests)
        row = (verdict.mutant.name, verdict.mutant.promise, names, verdict.word, f"{verdict.seconds:.1f}")
        table.add_row(*row, style="" if verdict.good else "red")
    return table


if __name__ == "__main__":
    sys.exit(main())
