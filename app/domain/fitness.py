"""What a batch would do with an order now, as pre-flight tells those who decide about held ones."""

from dataclasses import dataclass
from typing import assert_never

from app.domain.states import HeldKind


@dataclass(frozen=True, slots=True)
class Fitness:
    """Why an order would be set aside, and ``missing``: what the importing program would refuse it for, by label.

    ``kind`` is None where it would go out.
    """

    kind: HeldKind | None = None
    reason: str = ""
    missing: tuple[str, ...] = ()

    @property
    def may_be_released(self) -> bool:
        """Whether a person's word is enough: it is where only a person can tell, and not where a program refuses."""
        match self.kind:
            case HeldKind.BROKEN:
                return False
            case HeldKind.INCOMPLETE:
                return not self.missing
            case None | HeldKind.LOOK_ALIKE | HeldKind.UNPAID | HeldKind.MAIN_MAY_HAVE:
                return True
            case _:
                assert_never(self.kind)
