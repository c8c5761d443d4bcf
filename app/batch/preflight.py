"""Tells of one order what the next batch would do with it, apart from what it looks like; it never raises."""

from zoneinfo import ZoneInfo

import structlog

from app.batch.checks import Held, MissingFields, Ship, Unreadable, decide
from app.batch.export_order import export_order_of
from app.domain.destroyed_text import destroyed_fields
from app.domain.fitness import Fitness
from app.domain.states import HeldKind
from app.files.layouts.layout import Layout
from app.store.sealing import CannotUnseal, Keyring
from app.store.tables import OrderRow

log = structlog.get_logger()


class LayoutPreflight:
    """Judges orders by one layout, as a claim does, and makes their rows as a file would."""

    def __init__(self, keyring: Keyring, layout: Layout, *, zone: ZoneInfo) -> None:
        self._keys = keyring
        self._layout = layout
        self._rows = layout.rows_in(zone)

    def __call__(self, row: OrderRow) -> Fitness:
        """Return what would become of an order; a person's earlier release counts for nothing here."""
        try:
            return self._judged(row)
        except CannotUnseal:
            return _held(Unreadable())
        except Exception as error:  # noqa: BLE001 - whatever one order holds, the page of all others is shown
            log.warning("preflight.broke", order=row.number, reason=type(error).__name__)
            return Fitness(HeldKind.BROKEN, f"处理这笔订单时程序出错（{type(error).__name__}）")

    def _judged(self, row: OrderRow) -> Fitness:
        order = self._keys.open_order(row.sealed, row.number)
        export = export_order_of(row, order)
        decision = decide(
            released=False,
            looks_like=None,
            missing=self._layout.missing(export),
            program=self._layout.title,
            destroyed=destroyed_fields(order.recipient),
        )
        for _ in self._rows(export):
            pass
        return Fitness() if isinstance(decision, Ship) else _held(decision)


def _held(decision: Held) -> Fitness:
    missing = decision.missing if isinstance(decision, MissingFields) else ()
    return Fitness(decision.kind, decision.reason, missing)
