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
class Breaks:
    """Something in it breaks what judges, formats or writes it; ``error`` names the error and nothing of the order."""

    error: str

    kind: ClassVar = HeldKind.BROKEN

    @property
    def reason(self) -> str:
        """For the person who looks into it."""
        return f"处理这笔订单时程序出错（{self.error}），已放到一边，其余订单照常；请取消，或请 IT 查明后放行"


Held = LooksLike | MissingFields | Unreadable | Breaks
HoldDecision = Ship | Held


def decide(*, released: bool, looks_like: str | None, missing: Sequence[str] | None, program: str) -> HoldDecision:
    """Decide about one order; a person's release is final.

    ``missing`` names what ``program`` would refuse the order for, and is None if the order cannot be read at all: not
    even a person's word can put that one into a file.
    """
    if missing is None:
        return Unreadable()
    if released:
        return Ship()
    if looks_like is not None:
        return LooksLike(looks_like)
    return MissingFields(program, tuple(missing)) if missing else Ship()
