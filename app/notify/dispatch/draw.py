"""Draws coupons for text messages that have passed every cap and are about to leave, in the transaction of their claim.

The code is kept in the message, so that a retry, also after kill -9, brings the same one. Where there is no code now,
because the pool is empty, the client's hour is spent or it is night, a coupon waits by itself and no order notice waits
for one: a combined text leaves as a plain notice, and its coupon follows when there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.quiet_hours import earliest_send
from app.domain.retry import RetryAt
from app.domain.send_budget import Urgency
from app.domain.states import MessageState
from app.domain.subject import Subject
from app.notify.contents import CustomerContent, UnreadableContent, as_row, read_content
from app.notify.coupon_message import coupon_follow_up
from app.notify.dispatch.record import move_message
from app.store.tables import Coupon, Message
from app.store.unit_of_work import UnitOfWork

HOUR = timedelta(hours=1)

_HOME = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponRules:
    """When a coupon may leave: so many an hour for each client (0: as many as there are), and by day."""

    per_client_per_hour: int = 600
    zone: ZoneInfo = _HOME
    own_template: bool = True
    """Whether a coupon can be sent as a message of its own."""

    def room(self, uow: UnitOfWork, client: str, *, now: datetime, at_most: int) -> int:
        """Return how many codes may be drawn now for a client's customers.

        Whoever makes phones up reaches the limit of the key that he uses, and not the bottom of the pool.
        """
        if earliest_send(now, zone=self.zone) != now:
            return 0
        room = uow.coupons.free(at_most=at_most)
        if room and self.per_client_per_hour:
            given = uow.coupons.given_to_client(client, since=now - HOUR)
            room = min(room, max(self.per_client_per_hour - given, 0))
        return room


class CouponDraw:
    """Draws for the messages of one claim; what is drawn counts for the next ones."""

    def __init__(self, uow: UnitOfWork, rules: CouponRules, *, now: datetime, at_most: int) -> None:
        self._uow, self._rules, self._now, self._at_most = uow, rules, now, at_most
        self._rooms: dict[str, int] = {}

    def room(self, client: str) -> int:
        """Return how many codes may still be drawn for a client's customers."""
        if client not in self._rooms:
            self._rooms[client] = self._rules.room(self._uow, client, now=self._now, at_most=self._at_most)
        return self._rooms[client]

    def draw_for(self, claimed: Sequence[Message]) -> list[Message]:
        """Give each claimed message the code it needs; return those that leave now."""
        return [message for message in claimed if self._leaves(message)]

    def _leaves(self, message: Message) -> bool:
        try:
            content = read_content(message.subject, message.content)
        except UnreadableContent:
            return True  # it becomes a dead letter where its attempt would begin
        if not isinstance(content, CustomerContent) or content.template == "notice" or message.order_id is None:
            return True
        daytime = earliest_send(self._now, zone=self._rules.zone)
        if content.coupon and daytime == self._now:
            return True
        if coupon := self._draw(message):
            message.content = as_row(replace(content, coupon=coupon.code, worth=coupon.worth))
            message.lane = Urgency.NORMAL
            return True
        if message.subject == Subject.COUPON:
            wait = RetryAt(daytime, "coupon:night" if daytime > self._now else "coupon:none_left", counted=False)
            move_message(self._uow, message, wait, now=self._now, from_states=(MessageState.SENDING,))
            return False
        self._split(message, content, due_at=daytime)
        return True

    def _draw(self, message: Message) -> Coupon | None:
        if message.drill or message.order_id is None or self.room(message.target) <= 0:
            return None
        row = self._uow.orders.get(message.order_id)
        coupon = self._uow.coupons.give(
            incident_id=row.incident_id,
            phone_index=row.phone_index,
            order_id=message.order_id,
            client_id=row.client_id,
            now=self._now,
        )
        if coupon is not None:
            self._rooms[message.target] -= 1
        return coupon

    def _split(self, message: Message, content: CustomerContent, *, due_at: datetime) -> None:
        """Let the notice leave without a coupon; a code that it holds already comes with the coupon that follows."""
        message.content = as_row(replace(content, template="notice", coupon="", worth=""))
        if message.drill or message.order_id is None:
            return
        row = self._uow.orders.get(message.order_id)
        later = coupon_follow_up(row, content, own_template=self._rules.own_template, now=self._now, due_at=due_at)
        self._uow.messages.add_new([later.as_row()])
