"""The vendors and providers of the story as fakes on one clock, and how they have the orders that are true."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from tests.failure.watched_day.truth import JST, MINI, MINUTE, TMALL, WDT, TrueOrder, moment
from tests.fakes.aliyun import AliyunFake, FakeTemplate
from tests.fakes.aliyun_gate import Call, Denied, Gate
from tests.fakes.clock import ClockAt
from tests.fakes.erp import ErpFake, ErpOrder
from tests.fakes.jushuitan import JushuitanFake
from tests.fakes.kuaidi100 import Kuaidi100Fake
from tests.fakes.smtp import MailFake
from tests.fakes.wangdiantong import WangdiantongFake
from tests.fakes.wecom import WecomFake

TEMPLATE = "SMS_100000009"
SHOPS = {TMALL: "001", MINI: "002"}
"""How 旺店通 names the storefronts."""

EVERYDAY, EMERGENCY = "everyday", "emergency"
"""The keys of the groups' robots."""

LATELY = 75
"""Minutes."""


class TrueTimeGate(Gate):
    """Looks at signatures by the machine's time: the provider's own library signs by that, whatever we tell it."""

    def denies(self, call: Call, now: float) -> Denied | None:  # noqa: ARG002 - the day's
        """Return why a call is refused."""
        return super().denies(call, time.time())


@dataclass
class Fakes:
    """Every vendor and provider, on one clock."""

    clock: ClockAt
    wdt: WangdiantongFake = field(init=False)
    jst: JushuitanFake = field(init=False)
    kd: Kuaidi100Fake = field(init=False)
    wecom: WecomFake = field(init=False)
    aliyun: AliyunFake = field(init=False)
    mail: MailFake = field(default_factory=MailFake)

    def __post_init__(self) -> None:
        def seconds() -> float:
            return self.clock.at.timestamp()

        now = self.clock.now
        ahead = timedelta(seconds=WDT.ahead)
        self.wdt = WangdiantongFake(now=now, ahead=ahead, log_at_top=True)
        self.jst = JushuitanFake(now=now, ahead=timedelta(seconds=JST.ahead))
        self.kd = Kuaidi100Fake(now=now)
        self.wecom = WecomFake(keys={EVERYDAY, EMERGENCY}, now=seconds)
        templates = {TEMPLATE: FakeTemplate(("level", "time", "code"))}
        self.aliyun = AliyunFake(gate=TrueTimeGate({"testid": "testsecret"}), templates=templates, now=seconds)

    def erp(self, order: TrueOrder) -> ErpFake:
        """Return the program that tells of an order."""
        return self.wdt if order.feed is WDT else self.jst


def as_erp_order(order: TrueOrder) -> ErpOrder:
    """Return an order as its program has it; what is packed is shipped in the same moment."""
    names = ("placed", "paid", "queued", "picking_printed", "packed")
    history = [(moment(at), name) for at, name in zip(order.at, names, strict=False)]
    history += [(moment(at), "shipped") for at in order.at[4:5]]
    if order.cancelled is not None:
        history.append((moment(order.cancelled), "cancelled"))
    return ErpOrder(order.number, SHOPS.get(order.channel, order.channel), history, waybill=f"YT{order.number}")


class Shelves:
    """Keeps in the ERPs' fakes what can be asked for, since each page looks at every order there is."""

    def __init__(self, fakes: Fakes, orders: Sequence[TrueOrder]) -> None:
        self._fakes = fakes
        self._changed: dict[int, list[TrueOrder]] = defaultdict(list)
        for order in orders:
            for at in [*order.at[:5], *([order.cancelled] if order.cancelled is not None else [])]:
                self._changed[at // MINUTE].append(order)
        self._until = -1

    def all_that_came(self, minute: int) -> None:
        """Have every order that was changed by then."""
        self._until = minute - 1
        for changed in range(min(self._changed), minute):
            self._put(self._changed[changed])

    def only_lately_changed(self, minute: int) -> None:
        """Have those that were changed within the last windows, also after half an hour in which nobody could ask."""
        for changed in range(self._until + 1, minute):
            self._put(self._changed[changed])
        self._until = minute - 1
        oldest = moment((minute - LATELY) * MINUTE)
        for fake in (self._fakes.wdt, self._fakes.jst):
            now = fake.now()
            fake.orders = {number: one for number, one in fake.orders.items() if one.modified(now) >= oldest}

    def _put(self, orders: Sequence[TrueOrder]) -> None:
        for order in orders:
            self._fakes.erp(order).orders[order.number] = as_erp_order(order)
