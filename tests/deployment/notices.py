"""Composes the messages of accepted orders."""

from dataclasses import dataclass
from typing import Any

from app.notify.compose import Composer
from app.notify.policy import Destination, MessagePolicy
from app.store.commit.order_writer import NewOrder
from app.store.tables import Message
from tests.deployment.door import Door
from tests.deployment.facts import KEYS, ZONE
from tests.deployment.rows import Rows

ROBOT = Destination("wecom", "robot-1", ("13900139000",))


def a_policy(*, robots: tuple[str, ...] = (), **fields: Any) -> MessagePolicy:
    """Return a policy; ``robots`` are the names of WeCom robots that mention nobody."""
    chosen: dict[str, Any] = {
        "zone": ZONE,
        "groups": tuple(Destination("wecom", robot) for robot in robots) or (ROBOT,),
        "coupon": "separate",
        "coupon_template": True,
        "sms_sent": True,
        "mail_sent": True,
        "sms_per_day": 10_000,
        "sms_per_client_per_day": 10_000,
        "coupons_per_client_per_hour": 600,
        "shop": "本店",
        "public_url": "https://lifeboat.example",
        "alert_emails": (),
    }
    return MessagePolicy(**{**chosen, **fields})


@dataclass
class Notices:
    """What is written to groups and customers about the orders of one store."""

    door: Door
    rows: Rows

    def composer(self, policy: MessagePolicy | None = None) -> Composer:
        return Composer(self.door.store, KEYS, policy or a_policy(), self.door.clock)

    def composed(self, *orders: NewOrder, policy: MessagePolicy | None = None) -> list[Message]:
        """Accept and compose orders; return all messages there are."""
        if orders:
            self.door.take(*orders)
        composer = self.composer(policy)
        while composer.run_once():
            pass
        return self.rows.messages()

    def add(self, once: str, **columns: Any) -> None:
        """Add a message, as if something had asked for it."""
        now = self.door.clock.now()
        known = {"subject": "order", "channel": "wecom", "created_at": now, "due_at": now}
        with self.door.store.writing() as uow:
            uow.messages.add(Message(once=once, content={}, **{**known, **columns}))

    def add_coupons(self, *codes: str, worth: str = "20 元") -> int:
        with self.door.store.writing() as uow:
            return uow.coupons.add([(code, worth) for code in codes], now=self.door.clock.now())

    def alert(self, subject: str) -> None:
        """Begin an alert about something, and compose its messages."""
        now = self.door.clock.now()
        with self.door.store.writing() as uow:
            uow.alerts.fire("trouble", level="red", text=f"红灯 {subject}", now=now, subject=subject)
        self.composed()
