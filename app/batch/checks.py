"""Decides which orders may go into a file, and which are set aside for a person; nothing is ever dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain.states import HeldKind


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


LookAlike = LooksLike | SameShopNumber
Held = LookAlike | MissingFields | Destroyed | Unreadable
HoldDecision = Ship | Held


def decide(
    *,
    released: bool,
    looks_like: str | None,
    missing: Sequence[str] | None,
    program: str,
    shop_twin: str | None = None,
    destroyed: Sequence[str] = (),
) -> HoldDecision:
    """Decide about one order; a person's release is final.

    ``missing`` names what ``program`` would refuse the order for, and is None if the order cannot be read at all: not
    even a person's word can put that one into a file. ``shop_twin`` is an earlier order under the same number of the
    shop's, ``destroyed`` names what no parcel can be sent to.
    """
    if missing is None:
        return Unreadable()
    if released:
        return Ship()
    if shop_twin is not None:
        return SameShopNumber(shop_twin)
    if looks_like is not None:
        return LooksLike(looks_like)
    if missing:
        return MissingFields(program, tuple(missing))
    return Destroyed(tuple(destroyed)) if destroyed else Ship()
