"""Tells of one order what the next batch would do with it, apart from what it looks like; it never raises."""

import structlog

from app.batch.checks import Held, MissingFields, Ship
from app.batch.judge import Judge
from app.batch.one_order import trouble_of
from app.domain.fitness import Fitness
from app.store.tables import OrderRow

log = structlog.get_logger()


class LayoutPreflight:
    """Judges orders by one layout, as a claim does, and makes their rows as a file would."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def __call__(self, row: OrderRow) -> Fitness:
        """Return what would become of an order; a person's earlier release counts for nothing here."""
        try:
            decision = self._judge.judge(row, released=False)
        except Exception as error:  # noqa: BLE001 - whatever one order holds, the page of all others is shown
            log.warning("preflight.broke", order=row.number, reason=type(error).__name__)
            decision = trouble_of(error)
        return Fitness() if isinstance(decision, Ship) else _held(decision)


def _held(decision: Held) -> Fitness:
    missing = decision.missing if isinstance(decision, MissingFields) else ()
    return Fitness(decision.kind, decision.reason, missing)
