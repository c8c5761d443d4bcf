"""Decides which orders may go into a file, and which are set aside for a person; nothing is ever dropped."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from app import words
from app.domain.states import HeldKind
from app.files.layouts.values import DUE


@dataclass(frozen=True, slots=True)
class Ship:
    """The order goes into the file."""


@dataclass(frozen=True, slots=True)
class LooksLike:
    """It looks like the order ``number``: perhaps a retry under another key, perhaps a second real order."""

    number: str

    kind: ClassVar = HeldKind.LOOK_ALIKE

    @property
    def reason(self) -> str:
        """For the person who decides."""
        return f"疑似重复单：手机号、商品与金额同 {self.number}"


@dataclass(frozen=True, slots=True)
class SameShopNumber:
    """The shop gave its own number to the order ``number`` before: whatever else differs, it means one purchase."""

    number: str

    kind: ClassVar = HeldKind.LOOK_ALIKE

    @property
    def reason(self) -> str:
        """For the person who decides."""
        return f"疑似重复单：与 {self.number} 同一外部单号"


@dataclass(frozen=True, slots=True)
class Destroyed:
    """Whom or where it goes to cannot be read any more; no program may notice, and no parcel arrives."""

    fields: tuple[str, ...]

    kind: ClassVar = HeldKind.INCOMPLETE

    @property
    def reason(self) -> str:
        """For the person who completes it, or says that it is right as it is."""
        return f"{'、'.join(self.fields)}疑似乱码或被打码，可能无法送达，请核实后补全"


@dataclass(frozen=True, slots=True)
class MissingFields:
    """The importing program would refuse it, and might refuse the whole file with it."""

    program: str
    missing: tuple[str, ...]

    kind: ClassVar = HeldKind.INCOMPLETE

    @property
    def reason(self) -> str:
        """For the person who completes it."""
        return f"不符合{self.program}导入要求，缺少：{'、'.join(self.missing)}"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """It was sealed with another key, or damaged at rest."""

    kind: ClassVar = HeldKind.BROKEN

    @property
    def reason(self) -> str:
        """For the person who looks into it."""
        return "订单内容无法解密，请核对 SEAL_KEY 后放行"


@dataclass(frozen=True, slots=True)
class Unpaid:
    """Money is due for it, or nobody knows whether (``status`` is empty then), and the file could not tell so."""

    program: str
    status: str

    kind: ClassVar = HeldKind.UNPAID

    @property
    def reason(self) -> str:
        """For the person who asks for the money."""
        if not self.status:
            return "付款状态未知，请核实已付款后放行，未付款请取消"
        return f"{words.PAYMENTS[self.status]}，而{self.program}的文件没有位置标明，放行后与已付款的订单无从区分"


@dataclass(frozen=True, slots=True)
class Breaks:
    """Something in it breaks what judges, formats or writes it; ``error`` names the error and nothing of the order."""

    error: str

    kind: ClassVar = HeldKind.BROKEN

    @property
    def reason(self) -> str:
        """For the person who looks into it."""
        return f"处理这笔订单时程序出错（{self.error}），已放到一边，其余订单照常；请取消，或请 IT 查明后放行"


LookAlike = LooksLike | SameShopNumber
Held = LookAlike | MissingFields | Destroyed | Unreadable | Breaks | Unpaid
HoldDecision = Ship | Held


def decide(
    *,
    released: bool,
    looks_like: str | None,
    missing: Sequence[str] | None,
    program: str,
    shop_twin: str | None = None,
    destroyed: Sequence[str] = (),
    payment_due: str | None = None,
) -> HoldDecision:
    """Decide about one order; a person's release is final for what the order was held for.

    ``missing`` names what ``program`` would refuse the order for, and is None if the order cannot be read at all: not
    even a person's word can put that one into a file. ``shop_twin`` is an earlier order under the same number of the
    shop's, ``destroyed`` names what no parcel can be sent to. ``payment_due`` is the state of a payment that the file
    cannot show and no person has released (:func:`unseen_due`): whoever found an order to be no duplicate has not said
    that it is paid.
    """
    if missing is None:
        return Unreadable()
    if not released:
        if shop_twin is not None:
            return SameShopNumber(shop_twin)
        if looks_like is not None:
            return LooksLike(looks_like)
        if missing:
            return MissingFields(program, tuple(missing))
        if destroyed:
            return Destroyed(tuple(destroyed))
    return Ship() if payment_due is None else Unpaid(program, payment_due)


def unseen_due(status: str | None, *, shown: Collection[str], hold_unknown: bool) -> str | None:
    """Return the state of a payment that must not go into a file which shows those in ``shown``; "" for an unknown one.

    No word on the payment is none: it is not taken for unpaid, and ships unless the merchant wants such orders held.
    """
    if status is None:
        return "" if hold_unknown else None
    return status if status in DUE and status not in shown else None
