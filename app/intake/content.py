"""What a row keeps of an order, and which of its times are none; the same at the door and when it is amended."""

from collections.abc import Sequence
from typing import NamedTuple

from app.domain.clock import Clock
from app.domain.money import MAX_FEN
from app.domain.order import Priority, priority_of, total_of
from app.domain.phone import last4
from app.domain.problems import FieldError, InvalidOrder
from app.domain.times import is_a_time
from app.intake.schemas import OrderIn
from app.store.sealing import Keyring

NO_TIME = "时间须在 2000 年与两年之后之间；没有这个时间就不要填"


class Content(NamedTuple):
    """What an order's row keeps of its content, and by what it is found again."""

    look_alike: bytes
    phone_index: bytes
    phone_last4: str
    total_fen: int | None
    priority: Priority
    sealed: bytes


def content_of(order: OrderIn, number: str, canonical: bytes, keys: Keyring, *, high_above_fen: int) -> Content:
    """Return what the row ``number`` keeps of an order; ``canonical`` is the order as it is sealed.

    Raises:
        InvalidOrder: its sum is beyond any order.
    """
    total = total_of(
        stated=order.total,
        prices=((item.unit_price, item.quantity) for item in order.items),
        freight=order.freight,
        discount=order.discount,
    )
    if total is not None and total > MAX_FEN:  # no column holds it: all orders of its commit would fail with it
        raise InvalidOrder(errors=[FieldError("/items", "total_too_large", "单价与数量相乘的合计过大")])
    goods = [(item.sku, item.quantity) for item in order.items]
    return Content(
        keys.look_alike_of(phone=order.phone, goods=goods, total_fen=total),
        keys.phone_index(order.phone),
        last4(order.phone),
        total,
        priority_of(total, above_fen=high_above_fen),
        keys.seal.seal(canonical, number),
    )


def wild_times(order: OrderIn, clock: Clock) -> list[str]:
    """Return where an order has times that none can be: ``placed_at``, ``payment/paid_at``."""
    if order.placed_at is None and order.payment is None:
        return []
    times = (("placed_at", order.placed_at), ("payment/paid_at", order.payment.paid_at if order.payment else None))
    found = [(where, at) for where, at in times if at is not None]
    if not found:
        return []
    now = clock.now()
    return [where for where, at in found if not is_a_time(at, now=now)]


def refusal_of_times(wild: Sequence[str]) -> InvalidOrder:
    """Return the refusal that names these times."""
    return InvalidOrder(errors=[FieldError(f"/{at}", "datetime_range", NO_TIME) for at in wild])


def without_times(order: OrderIn, wild: Sequence[str]) -> OrderIn:
    """Return an order without these of its times."""
    changes: dict[str, object] = {"placed_at": None} if "placed_at" in wild else {}
    if order.payment is not None and "payment/paid_at" in wild:
        changes["payment"] = order.payment.model_copy(update={"paid_at": None})
    return order.model_copy(update=changes)
