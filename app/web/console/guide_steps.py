"""The guide's ten steps: each ticks itself from what the rows say, or was ticked by a person; nothing else is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from app.domain.ledger import Ledger
from app.reconcile.guide import DUTIES, TESTED
from app.store.tables import Batch, GuideTick, Incident
from app.web.console.passport import Passport

Standing = Literal["done", "now", "todo"]


class Lamp(NamedTuple):
    """A storefront; ``first_at`` is the minute of its first order since the incident opened, None before."""

    name: str
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step: who or what has ticked it and when; by hand if ``tick`` is the tick's own name."""

    name: str
    title: str
    done: bool
    at: datetime | None = None
    by: str = ""
    tick: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the steps are derived from."""

    incident: Incident
    ledger: Ledger
    lamps: Sequence[Lamp]
    batches: Sequence[Batch]
    """Oldest first."""
    passports: Mapping[int, Passport]
    ticks: Mapping[str, GuideTick]

    @property
    def unsure(self) -> int:
        """Files of which nobody knows yet what became of every order."""
        return len([one for one in self.batches if not self.passports[one.id or 0].at_zero])


def switching(now: Measured | None) -> list[Step]:
    """Return the steps after the main system's fall; before an incident is open none is done."""
    if now is None:
        return [Step(name, title, done=False) for name, title in _SWITCHING]
    incident, firsts = now.incident, [lamp.first_at for lamp in now.lamps]
    arrived = [at for at in firsts if at is not None]
    named = [now.ticks[duty] for duty in DUTIES if duty in now.ticks]
    steps = {
        "open": (True, incident.opened_at, incident.opened_by),
        "switch": (bool(firsts) and len(arrived) == len(firsts), max(arrived, default=None), ""),
        "duties": (len(named) == len(DUTIES), max((one.done_at for one in named), default=None), ""),
    }
    by_hand = {"switch": "switched", "test": TESTED, "tell": "told"}
    return [_step(name, title, steps.get(name), by_hand.get(name, ""), now.ticks) for name, title in _SWITCHING]


def returning(now: Measured | None) -> list[Step]:
    """Return the steps after the main system has come back."""
    if now is None:
        return [Step(name, title, done=False) for name, title in _RETURNING]
    ledger, back = now.ledger, "switched_back" in now.ticks
    taken = [now.passports[one.id or 0].downloads for one in now.batches]
    last_made = max((one.published_at for one in now.batches if one.published_at), default=None)
    last_taken = max((downloads[-1].at for downloads in taken if downloads), default=None)
    emptied = back and not ledger.waiting and not ledger.spooled
    settled = emptied and not now.unsure and not ledger.batched and not ledger.held
    steps = {
        "last": (emptied, last_made, ""),
        "import": (emptied and all(taken), last_taken, ""),
        "results": (settled, None, ""),
        "zero": (settled and not ledger.unfinished and ledger.balanced, None, ""),
    }
    return [_step(n, title, steps.get(n), "switched_back" if n == "back" else "", now.ticks) for n, title in _RETURNING]


def current(steps: Sequence[Step]) -> str:
    """Return the name of the first step that is not done, empty where all are."""
    return next((step.name for step in steps if not step.done), "")


_SWITCHING = (
    ("open", "开启事件并写原因"),
    ("switch", "切流量"),
    ("test", "下测试单（自动取消）"),
    ("tell", "通知大家"),
    ("duties", "值守分工"),
)
_RETURNING = (
    ("back", "切回主系统"),
    ("last", "出最后一批"),
    ("import", "按序导入"),
    ("results", "传结果、补录"),
    ("zero", "台账归零，关闭，报告"),
)


def _step(
    name: str,
    title: str,
    measured: tuple[bool, datetime | None, str] | None,
    tick: str,
    ticks: Mapping[str, GuideTick],
) -> Step:
    """Return a step as it was measured; one that was not, as a person has ticked it."""
    if measured is not None and measured[0]:
        return Step(name, title, done=True, at=measured[1], by=measured[2])
    if (one := ticks.get(tick)) is not None:
        return Step(name, title, done=True, at=one.done_at, by=one.done_by, tick=tick, said=one.said)
    return Step(name, title, done=False, tick=tick)
