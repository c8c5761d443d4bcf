"""A held order as its queue shows it: why it waits, what may be done about it, what is missing, what it looks like."""

from dataclasses import dataclass
from typing import Any

from app.domain.fitness import Fitness
from app.domain.order import Order
from app.domain.phone import masked
from app.domain.states import HeldKind
from app.orders.complete import COMPLETABLE
from app.store.tables import OrderRow
from app.web.console.goods import goods_line
from app.web.console.pages.completion_form import FormField, fields_of
from app.web.console.twins import Twins, compare

_RELEASE = {
    HeldKind.LOOK_ALIKE: "不是重复，放行",
    HeldKind.INCOMPLETE: "资料无误，放行",
    HeldKind.BROKEN: "已修好，放行",
    HeldKind.UNPAID: "未付款也发货，放行",
    HeldKind.MAIN_MAY_HAVE: "主系统没有，放行",
}
_NEEDED = ("recipient.name", "recipient.address", "phone", "items", "total")
"""What a file cannot do without, whatever its layout calls it."""

_MOST_INPUTS = 12
"""Inputs in the queue itself; an order that lacks more is completed on its own page."""


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """A held order, and what a person may do about it."""

    row: OrderRow
    fitness: Fitness
    goods: str
    other: OrderRow | None
    twins: Twins | None
    inputs: list[FormField]
    """For what is missing; empty where the order's own page asks for more."""

    @property
    def kind(self) -> HeldKind | None:
        """Why it is held; None for a kind of a later release."""
        return HeldKind(self.row.held_kind) if self.row.held_kind in set(HeldKind) else None

    @property
    def besides(self) -> str:
        """What would keep it once the doubt it is held for is gone."""
        return self.fitness.reason if self.fitness.kind not in (None, self.kind) else ""

    @property
    def release(self) -> str | None:
        """The word on the button that lets it go; None where pre-flight would refuse."""
        return _RELEASE.get(self.kind) if self.kind and self.fitness.may_be_released else None

    @property
    def asks_why(self) -> bool:
        """Whether who lets it go should say why."""
        return self.kind is not HeldKind.LOOK_ALIKE

    @property
    def may_be_duplicate(self) -> bool:
        """Whether there is an order that it may repeat."""
        return self.kind is HeldKind.LOOK_ALIKE and self.row.looks_like is not None

    @property
    def main_may_have(self) -> bool:
        """Whether the main system may have it already."""
        return self.kind is HeldKind.MAIN_MAY_HAVE

    @property
    def may_be_completed(self) -> bool:
        """Whether other data could mend it; a look-alike is asked about first."""
        return self.row.held_kind in COMPLETABLE and (self.kind is not HeldKind.LOOK_ALIKE or bool(self.besides))


def held_order(
    row: OrderRow,
    fitness: Fitness,
    order: Order | None,
    *,
    other: tuple[OrderRow, Order | None] | None,
    clients: dict[str, str],
) -> HeldOrder:
    """Return what the queue shows of an order; ``other`` is the one it looks like."""
    compared: Any = compare(row, order, *other, clients) if other and row.held_kind == HeldKind.LOOK_ALIKE else None
    goods = goods_line(order.items) if order else ""
    return HeldOrder(row, fitness, goods, other[0] if other else None, compared, _inputs(row, fitness, order))


def _inputs(row: OrderRow, fitness: Fitness, order: Order | None) -> list[FormField]:
    """Return inputs for what the order lacks, and for what pre-flight names: of a destroyed name, the name."""
    if fitness.kind is not HeldKind.INCOMPLETE or order is None or row.held_kind == HeldKind.LOOK_ALIKE:
        return []
    form = fields_of(order, masked(order.phone))
    wanted = [f for f in form if f.label in fitness.reason or (not f.now and _is_needed(f.path))]
    return wanted if len(wanted) <= _MOST_INPUTS else []


def _is_needed(path: str) -> bool:
    return path in _NEEDED or path.partition(".")[0] in _NEEDED
