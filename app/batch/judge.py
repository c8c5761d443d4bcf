"""Judges one order as a batch does: what is missing, destroyed or unpaid, and whether its rows can be made at all."""

from app.batch.checks import HoldDecision, Ship, decide, unseen_due
from app.batch.export_order import export_order_of
from app.batch.policy import BatchPolicy
from app.domain.destroyed_text import destroyed_fields
from app.domain.order import Order
from app.domain.own_clients import BY_BUYER
from app.domain.states import HeldKind
from app.files.layouts.layout import Layout
from app.files.whole_rows import whole_rows
from app.store.sealing import Keyring
from app.store.tables import OrderRow


class Judge:
    """Judges orders by the layout of their file; whatever an order breaks here is that order's own trouble."""

    def __init__(self, keyring: Keyring, layout: Layout, policy: BatchPolicy) -> None:
        self._keys = keyring
        self._layout = layout
        self._policy = policy
        self._rows = layout.rows_in(policy.zone)

    def judge(
        self, row: OrderRow, *, released: bool, looks_like: str | None = None, shop_twin: str | None = None
    ) -> HoldDecision:
        """Decide about one order; one that would go out is made into rows first, so that writing finds no surprise.

        Raises:
            CannotUnseal: it was sealed with another key, or damaged at rest.
            Exception: whatever a value of it breaks.
        """
        order = self._keys.open_order(row.sealed, row.number)
        export = export_order_of(row, order)
        decision = decide(
            released=released,
            looks_like=looks_like,
            missing=self._layout.missing(export),
            program=self._layout.title,
            shop_twin=shop_twin,
            destroyed=destroyed_fields(order.recipient),
            payment_due=self._payment_due(row, order, released=released),
        )
        if isinstance(decision, Ship):
            whole_rows(self._rows, export)
        return decision

    def _payment_due(self, row: OrderRow, order: Order, *, released: bool) -> str | None:
        """Return the state of a payment that the file cannot show and nobody has released.

        A stranger's order is held also where the file could show it: nobody at all has vouched for that one.
        """
        if released and row.held_kind in (None, HeldKind.UNPAID):
            return None
        return unseen_due(
            order.payment.status if order.payment else None,
            shown=frozenset() if row.client_id == BY_BUYER.client_id else self._layout.marks_payment,
            hold_unknown=self._policy.hold_unknown_payment,
        )
