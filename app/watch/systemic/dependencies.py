"""How dependencies are: the figures of their probes over the last minutes, and since when one is sick."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from app.domain.baseline import percentile
from app.domain.dependency import Probed
from app.domain.times import EARLIEST
from app.store.repositories.dependencies import WINDOW
from app.store.tables import DependencyWindow
from app.store.unit_of_work import Store

SHOWN = timedelta(minutes=60)
"""Over how long the figures are."""

FEWEST_ERRORS = 2
"""A single lost packet is none of anybody's business."""

HALF, P95 = 0.5, 0.95
SLOW_MS = 1000
TIMES_SLOWER = 3


@dataclass(frozen=True, slots=True)
class DependencyFigures:
    """What the probes of a dependency found; ``p95`` in milliseconds, None if nothing has answered.

    ``sick`` is of its newest window.
    """

    name: str
    probes: int
    errors: int
    p95: int | None
    last_ok_at: datetime | None
    reason: str
    sick: bool

    @property
    def error_share(self) -> float:
        """The share of probes without an answer, from 0 to 1."""
        return self.errors / self.probes if self.probes else 0.0


@dataclass(frozen=True, slots=True)
class Sickness:
    """A time in which a dependency did not answer, or only slowly: since when, and what was seen."""

    name: str
    at: datetime
    errors: int
    probes: int
    p95: int | None
    reason: str


def note_probes(store: Store, probes: Sequence[Probed], *, at: datetime) -> None:
    """Write down what a round of probes found."""
    with store.writing() as uow:
        for probe in sorted(probes, key=lambda one: one.name):  # two leaders for a moment must not wait in a ring
            uow.dependencies.note(probe, at=at)


def figures_of(windows: Sequence[DependencyWindow], *, now: datetime) -> list[DependencyFigures]:
    """Return the figures of each dependency that was probed within the hour, by its name."""
    found = []
    for name, mine in _by_name(windows).items():
        newest = [one for one in mine if one.begins_at > now - SHOWN]
        if not newest:
            continue
        found.append(
            DependencyFigures(
                name,
                probes=sum(one.probes for one in newest),
                errors=sum(one.errors for one in newest),
                p95=p95_of([ms for one in newest for ms in one.latencies_ms]),
                last_ok_at=max((one.last_ok_at for one in mine if one.last_ok_at), default=None),
                reason=next((one.reason for one in reversed(newest) if one.errors), ""),
                sick=_is_sick(newest[-1], _usual(mine)),
            )
        )
    return found


def sicknesses(windows: Sequence[DependencyWindow]) -> list[Sickness]:
    """Return each time a dependency fell sick: sick windows that follow each other are one."""
    found = []
    for name, mine in _by_name(windows).items():
        usual = _usual(mine)
        before: DependencyWindow | None = None
        was_sick = False
        for one in mine:
            follows = before is not None and one.begins_at - before.begins_at <= WINDOW
            is_sick = _is_sick(one, usual)
            if is_sick and not (was_sick and follows):
                since = _since(one, before if follows else None)
                found.append(Sickness(name, since, one.errors, one.probes, p95_of(one.latencies_ms), one.reason))
            before, was_sick = one, is_sick
    return found


def _since(window: DependencyWindow, before: DependencyWindow | None) -> datetime:
    """Return since when a sick window is: since the first error after the last answer, perhaps in the one before."""
    if before is not None and before.first_error_at and before.first_error_at > (before.last_ok_at or EARLIEST):
        return before.first_error_at
    return window.first_error_at or window.begins_at


def p95_of(latencies: Sequence[int]) -> int | None:
    """Return the time within which 95 of 100 answers came (nearest rank)."""
    return percentile(latencies, P95)


def _is_sick(window: DependencyWindow, usual: float | None) -> bool:
    """Tell whether at least every second probe failed, or answers took three times as long as usual, and a second."""
    if window.errors >= FEWEST_ERRORS and window.errors >= HALF * window.probes:
        return True
    p95 = p95_of(window.latencies_ms)
    return p95 is not None and usual is not None and p95 > max(SLOW_MS, TIMES_SLOWER * usual)


def _usual(windows: Sequence[DependencyWindow]) -> float | None:
    found = [p95 for one in windows if (p95 := p95_of(one.latencies_ms)) is not None]
    return median(found) if found else None


def _by_name(windows: Sequence[DependencyWindow]) -> dict[str, list[DependencyWindow]]:
    found: dict[str, list[DependencyWindow]] = {}
    for one in windows:
        found.setdefault(one.name, []).append(one)
    return dict(sorted(found.items()))
