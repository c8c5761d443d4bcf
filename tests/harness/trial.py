"""What one scenario has to say: how often it tried, and what was broken."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.harness.checker import Findings

CONFIDENT = 3.0
"""No failure in n independent trials bounds the rate of failures at about 3/n, with 95 % confidence."""


@dataclass
class Trial:
    """One row of the table; ``trials`` are chances to fail, ``violations`` sentences."""

    promise: str
    scenario: str
    trials: int = 0
    lost: int = 0
    doubled: int = 0
    unexpected: int = 0
    worst_refusal: float | None = None
    worst_answer: float | None = None
    notes: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    skipped: str = ""

    def take(self, found: Findings) -> None:
        """Add what the checker found."""
        self.lost += len(found.lost)
        self.doubled += len(found.doubled) + len(found.numbers_twice) + len(found.in_two_files)
        self.unexpected += len(found.unexpected)
        self.violations += found.violations()

    def demand(self, met: object, sentence: str) -> None:
        """Add a violation unless ``met``."""
        if not met:
            self.violations.append(sentence)

    def prove(self) -> None:
        """Fail the test that ran it if anything was broken."""
        assert not self.violations, f"{self.scenario}: " + "\n".join([*self.violations, *self.notes])
        assert self.trials > 0, f"{self.scenario}: nothing was tried"


def skipped(promise: str, scenario: str, why: str) -> Trial:
    """Return the row of a scenario that this machine cannot run."""
    return Trial(promise, scenario, skipped=why)


def summary(trials: Iterable[Trial]) -> str:
    """Return what the figures mean."""
    ran = [trial for trial in trials if not trial.skipped]
    n = sum(trial.trials for trial in ran)
    broken = sum(bool(trial.violations) for trial in ran)
    if broken:
        return f"{broken} of {len(ran)} scenarios broke a promise."
    if not n:
        return "Nothing was tried."
    return f"0 failures in {n} trials: with 95 % confidence fewer than {CONFIDENT / n:.2g} of them fail (3/n)."
